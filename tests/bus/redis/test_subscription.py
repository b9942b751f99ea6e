"""What an instance gets, beyond what every bus promises: whatever others do to the streams and to the server."""

from __future__ import annotations

import asyncio
import logging

import pytest
from redis.asyncio import Redis as Client

from eventkit.bus.protocol import Bus
from eventkit.bus.redis.subscription import RedisSubscription
from eventkit.contract.codec import to_structured
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Dead, Delivery, Done, Reason, Released, Subscription, Unreadable
from eventkit.testing.conformance.support import (
    LONG,
    SHORT,
    again,
    event,
    failure,
    handle,
    name_of,
    names_of,
    nothing_comes,
    publish,
    subscribed,
    take,
)
from tests.bus.redis.conftest import Connect

BOTH = ("order.created", "order.canceled")


@pytest.fixture
def stream(prefix: str) -> str:
    return f"{prefix}:{{order}}"


async def pending(client: Client, stream: str, group: str = "payment_service") -> int:
    return int((await client.xpending(stream, group))["pending"])


async def unreadable(subscription: Subscription) -> Unreadable:
    [delivery] = await take(subscription, 1)
    assert isinstance(delivery.message, Unreadable)
    await subscription.settle([Dead(delivery, Reason.UNREADABLE, failure())])
    return delivery.message


class TestGroups:
    async def test_what_is_not_settled_is_pending_and_nothing_else(
        self, bus_factory: Connect, client: Client, stream: str
    ) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, "abcd")
            await publish(bus, ["other"], type="order.canceled")
            a, b, c, d = await take(subscription, 4)
            await subscription.settle([Done(a), Released(b), again(c, after=LONG)])
            assert await pending(client, stream) == 3

            await subscription.settle([Dead(d, Reason.FAILED, failure())])
            assert await handle(subscription, 1) == ["b"]
            assert await pending(client, stream) == 1

    async def test_one_who_handles_nothing_waits(self, bus_factory: Connect) -> None:
        async with bus_factory() as bus, subscribed(bus, types=()) as subscription:
            assert await nothing_comes(subscription)

    async def test_types_of_several_domains_each_get_their_share(self, bus_factory: Connect) -> None:
        async with bus_factory() as bus, subscribed(bus, types=("order.created", "user.deleted")) as subscription:
            await publish(bus, [f"order-{number}" for number in range(100)], type="order.created")
            await publish(bus, ["user"], type="user.deleted")

            assert "user" in names_of(await subscription.receive(10))

    async def test_the_past_of_a_new_type_is_looked_through_in_steps_and_in_order(self, bus_factory: Connect) -> None:
        numbers = [f"{number}" for number in range(1200)]
        async with bus_factory(lease=LONG) as bus:
            async with subscribed(bus, types=("order.created",)) as subscription:
                await publish(bus, ["first"])
                for first in range(0, len(numbers), 100):
                    await asyncio.gather(
                        *(bus.publish(event(each, type="order.canceled")) for each in numbers[first : first + 100])
                    )
                await publish(bus, ["x", "y"], type="order.canceled", key="order-1")
                await publish(bus, ["last"])
                assert await handle(subscription, 2) == ["first", "last"]

            async with subscribed(bus, types=BOTH) as subscription:
                got = names_of(await take(subscription, 1202))
                assert sorted(got) == sorted([*numbers, "x", "y"])
                assert got.index("x") < got.index("y")
                assert await nothing_comes(subscription)

    async def test_a_type_that_is_new_stands_before_what_waits_of_its_key(self, bus_factory: Connect) -> None:
        async with bus_factory(lease=LONG) as bus:
            await publish(bus, ["old"], type="order.canceled", key="order-1")
            async with subscribed(bus, types=("order.created",)) as subscription:
                await publish(bus, ["new"], key="order-1")
                await subscription.settle([again(each, after=0.2) for each in await take(subscription, 1)])
            async with subscribed(bus, types=BOTH) as subscription:
                assert await handle(subscription, 2) == ["old", "new"]


class TestInstances:
    async def test_events_that_only_a_newer_version_handles_are_left_to_it(self, bus_factory: Connect) -> None:
        async with (
            bus_factory(lease=LONG) as bus,
            subscribed(bus, types=("order.created",)) as old,
            subscribed(bus, types=BOTH) as new,
        ):
            await publish(bus, ["a"], type="order.canceled")
            await publish(bus, ["b"], type="order.canceled", key="order-1")
            await publish(bus, ["c"], key="order-1")

            assert await nothing_comes(old)
            assert await handle(new, 3) == ["a", "b", "c"]

    async def test_where_the_newer_version_is_gone_the_others_get_them(self, bus_factory: Connect) -> None:
        async with bus_factory() as bus, subscribed(bus, types=("order.created",)) as old:
            async with subscribed(bus, types=BOTH):
                await publish(bus, ["a"], type="order.canceled")
                assert await nothing_comes(old)
            waiting = asyncio.create_task(take(old, 1))
            assert names_of(await waiting) == ["a"]

    @pytest.mark.parametrize("steps", [0, 1, 2, 5, 13])
    async def test_one_whose_closing_is_cancelled_is_gone_all_the_same(self, bus_factory: Connect, steps: int) -> None:
        """As a worker cancels it, when its grace period ends. The bus stays open."""
        async with bus_factory() as bus, subscribed(bus, types=("order.created",)) as old:
            new = await bus.subscribe("payment_service", BOTH)
            receiving = asyncio.create_task(new.receive(1))
            await asyncio.sleep(0.05)  # so that it does wait; if not, the test is easier to pass
            closing = asyncio.create_task(new.close())
            await asyncio.sleep(0)
            for _ in range(steps):
                await asyncio.sleep(0)
            closing.cancel()
            await asyncio.wait({closing, receiving})
            await publish(bus, ["a"], type="order.canceled")

            assert await handle(old, 1) == ["a"]

    async def test_one_that_is_closed_and_still_handles_something_does_not_come_back(
        self, bus_factory: Connect
    ) -> None:
        async with bus_factory() as bus, subscribed(bus, types=("order.created",)) as old:
            new = await bus.subscribe("payment_service", BOTH)
            assert isinstance(new, RedisSubscription)
            await publish(bus, ["a"], type="order.canceled")
            taken = await take(new, 1)
            await new.close()
            new._appear_again = 0.0  # as after a minute
            await new.extend(taken)
            await publish(bus, ["b"], type="order.canceled")

            assert await handle(old, 1) == ["b"]

    async def test_what_crashed_twice_goes_out_alone(self, bus_factory: Connect) -> None:
        """So the culprit becomes a dead letter without taking the others with it."""
        async with bus_factory() as bus:
            await publish(bus, "abc")
            await publish(bus, ["d", "e"], key="order-1")
        for _ in range(2):
            # However long it takes: all five are out before the first lease ends.
            async with bus_factory(lease=LONG) as bus, subscribed(bus) as killed:
                taken = await take(killed, 5)
                killed.lease = SHORT
                await killed.extend(taken)

        async with bus_factory(lease=LONG) as bus, subscribed(bus) as one, subscribed(bus) as two:
            seen = []
            for _ in range(5):
                [suspect] = await take(one, 1)
                assert suspect.attempt == 3
                assert await nothing_comes(two)
                await one.settle([Done(suspect)])
                seen.append(name_of(suspect))
            assert sorted(seen) == ["a", "b", "c", "d", "e"]
            assert seen.index("d") < seen.index("e")

    async def test_an_instance_that_died_loses_its_deliveries_and_no_others(self, bus_factory: Connect) -> None:
        async with (
            bus_factory(lease=SHORT) as bus,
            bus_factory(lease=LONG) as other,
            subscribed(bus) as killed,
            subscribed(other) as living,
        ):
            await publish(bus, "ab")
            [a] = await take(killed, 1)
            [b] = await take(living, 1)

            assert names_of(await take(living, 1)) == [name_of(a)]
            await living.settle([Done(b)])
            assert await nothing_comes(killed, seconds=0.1)


class TestForeignEntries:
    async def test_an_event_in_structured_mode_is_read_and_keeps_its_order(
        self, bus_factory: Connect, client: Client, stream: str
    ) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as subscription:
            for name in "ab":
                await client.xadd(stream, {"data": to_structured(event(name, key="order-1"))})
            await publish(bus, ["c"], key="order-1")

            [a] = await take(subscription, 1)
            assert a.message == event("a", key="order-1")
            assert await nothing_comes(subscription)
            await subscription.settle([Done(a)])
            assert await handle(subscription, 2) == ["b", "c"]

    async def test_an_event_with_fields_in_another_order_is_read(
        self, bus_factory: Connect, client: Client, stream: str
    ) -> None:
        fields = {"data": "{}", "ce-id": "a", "ce-specversion": "1.0", "ce-source": "x", "ce-type": "order.created"}
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await client.xadd(stream, fields)
            await client.xadd(stream, {**fields, "ce-type": "order.canceled"})

            [delivery] = await take(subscription, 1)
            assert delivery.message == Envelope(id="a", source="x", type="order.created", data=b"{}")
            assert await nothing_comes(subscription)

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"hello": "world"}, "no JSON object"),
            ({"ce-type": "order.created", "data": "{}"}, "'specversion' is missing"),
            ({"ce-type": "order.created", "ce-specversion": "1.0", "ce-id": b"\xff", "data": "{}"}, "not UTF-8"),
            ({"data": "{"}, "not JSON"),
            ({"data": b"\xff\x00"}, "not UTF-8"),
        ],
    )
    async def test_what_is_no_event_becomes_a_dead_letter(
        self, bus_factory: Connect, client: Client, stream: str, fields: dict[str, str], error: str
    ) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await client.xadd(stream, fields)
            message = await unreadable(subscription)
            assert error in str(message.error)

            [letter] = await bus.dead_letters.list()
            assert (letter.type, letter.reason, letter.body) == ("", Reason.UNREADABLE, message.body)
            assert letter.headers == message.headers
            assert await nothing_comes(subscription)

    async def test_a_field_that_stands_twice_is_no_event(
        self, bus_factory: Connect, client: Client, stream: str
    ) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await client.execute_command(
                "XADD", stream, "*", "ce-type", "order.created", "ce-id", "a", "ce-id", "b", "ce-source", "x",
                "ce-specversion", "1.0", "data", "{}",
            )  # fmt: skip

            assert "twice" in str((await unreadable(subscription)).error)

    async def test_keys_of_others_may_hold_anything(self, bus_factory: Connect, client: Client, stream: str) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            for key in (b"a\nb", b"a\x00b", b"\xff", b"x" * 10_000, b"", b" a b "):
                await client.xadd(stream, {"ce-type": "order.created", "ce-partitionkey": key, "data": "{}"})

            for _ in range(6):
                await unreadable(subscription)
            assert await nothing_comes(subscription)

    async def test_an_entry_with_thousands_of_fields_can_be_given_up(
        self, bus_factory: Connect, client: Client, stream: str
    ) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await client.xadd(stream, {f"field-{number}": "x" for number in range(9000)})
            await unreadable(subscription)

            [letter] = await bus.dead_letters.list()
            assert await bus.dead_letters.replay([letter.id]) == 1
            await unreadable(subscription)


class TestLostData:
    """Whatever happens to the server, an instance goes on with what is left, and says what it cannot give back."""

    async def test_everything_is_removed_meanwhile(
        self, bus_factory: Connect, client: Client, prefix: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, "ab")
            taken = await take(subscription, 1)
            waiting = asyncio.create_task(take(subscription, 2))
            await client.delete(*await client.keys(f"{prefix}*"))
            await subscription.settle([Done(each) for each in taken])
            await publish(bus, ["c", "d"])

            assert sorted(set(names_of(await waiting)) & {"c", "d"}) or await handle(subscription, 1)
            assert "has lost its place in the events of order" in caplog.text

    async def test_scripts_are_forgotten(self, bus_factory: Connect, client: Client) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, ["a"])
            await client.script_flush()
            await publish(bus, ["b"])
            await client.script_flush()
            [delivery] = await take(subscription, 1)
            await client.script_flush()
            await subscription.settle([Done(delivery)])

            assert await handle(subscription, 1) == ["b"]

    async def test_entries_are_removed_while_they_wait(
        self, bus_factory: Connect, client: Client, stream: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as subscription:
            await publish(bus, "abc", key="order-1")
            await publish(bus, ["d"])
            deliveries = await take(subscription, 4)
            entries = [entry for entry, _ in await client.xrange(stream)]
            await client.xdel(stream, entries[0], entries[3])
            await subscription.settle([Released(each) for each in deliveries])

            assert await handle(subscription, 2) == ["b", "c"]
            assert await nothing_comes(subscription)
            assert caplog.text.count("removed from") == 1
            assert "2 events of order were removed" in caplog.text

    async def test_an_entry_is_removed_while_it_is_handled(
        self, bus_factory: Connect, client: Client, stream: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, "ab", key="order-1")
            first, second = await take(subscription, 2)
            await client.xtrim(stream, maxlen=0)
            await subscription.settle([Dead(first, Reason.FAILED, failure()), Done(second)])

            assert await bus.dead_letters.list() == []
            assert "1 events of order were removed" in caplog.text
            await publish(bus, ["c"], key="order-1")
            assert await handle(subscription, 1) == ["c"]

    @pytest.mark.parametrize("lost", ["out", "leases", "lanes", "waiting", "due", "records", "types", "present"])
    async def test_a_key_is_evicted(
        self, bus_factory: Connect, client: Client, prefix: str, lost: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.ERROR)
        async with bus_factory(lease=SHORT) as bus:
            async with subscribed(bus) as killed:
                await publish(bus, "abc", key="order-1")
                await publish(bus, "de")
                taken: list[Delivery] = await take(killed, 1)
                await killed.settle([again(each) for each in taken])
                await take(killed, 1)
                await client.delete(f"{prefix}:{{order}}:group:payment_service:{lost}")

            async with subscribed(bus) as subscription:
                got = set()
                while got != set("abcde"):
                    got |= set(await handle(subscription, 1))


class TestDeadLetters:
    async def test_they_are_found_among_many_of_others(self, bus_factory: Connect) -> None:
        async with (
            bus_factory() as bus,
            subscribed(bus, "many") as many,
            subscribed(bus, "few") as few,
        ):
            names = [f"event-{number}" for number in range(600)]
            await publish_all(bus, names)
            for subscription, count in ((many, 600), (few, 1)):
                given_up = await take(subscription, count)
                await subscription.settle([Dead(each, Reason.FAILED, failure()) for each in given_up])

            assert len(await bus.dead_letters.list(group="few")) == 1
            assert len(await bus.dead_letters.list(limit=1000)) == 601
            letters = await bus.dead_letters.list(group="many", limit=600)
            assert [letter.id for letter in letters] == [letter.id for letter in sorted(letters, key=lambda x: x.at)]
            assert await bus.dead_letters.drop([letter.id for letter in letters]) == 600

    async def test_those_of_all_domains_are_listed_by_age(self, bus_factory: Connect) -> None:
        async with bus_factory() as bus, subscribed(bus, types=("b.x", "a.x", "c.x")) as subscription:
            for type_ in ("b.x", "a.x", "c.x"):
                await publish(bus, [type_], type=type_)
                await subscription.settle(
                    [Dead(each, Reason.FAILED, failure()) for each in await take(subscription, 1)]
                )
                await asyncio.sleep(0.002)

            assert [letter.type for letter in await bus.dead_letters.list()] == ["b.x", "a.x", "c.x"]


async def publish_all(bus: Bus, names: list[str]) -> None:
    for first in range(0, len(names), 100):
        await asyncio.gather(*(bus.publish(event(each)) for each in names[first : first + 100]))
