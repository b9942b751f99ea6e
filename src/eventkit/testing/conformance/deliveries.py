"""Who gets which events, how often, and when they are acknowledged."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, PublishError, RefusedError
from eventkit.contract.strict_json import DEFAULT_LIMITS
from eventkit.delivery.subscription import Done, Released
from eventkit.testing.conformance.support import (
    LONG,
    PATIENCE,
    SHORT,
    BusFactory,
    again,
    event,
    failure,
    handle,
    handle_by,
    name_of,
    names_of,
    nothing_comes,
    publish,
    subscribed,
    take,
    take_one_of,
)


@pytest.mark.asyncio
class DeliveryConformance:
    """Groups, instances, leases, retries."""

    async def test_an_event_arrives_with_all_its_attributes(self, bus_factory: BusFactory) -> None:
        sent = Envelope(
            id="0197-ü",
            source="order_service",
            type="order.created",
            data='{"name": "Zoë", "amount": 1.10}'.encode(),
            time=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
            subject="order 1",
            dataschema="urn:eventkit:order.created:v2",
            key="order 1",
            correlation="correlation-1",
            causation="causation-1",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            extensions={"tenant": "a b%c"},
        )
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await bus.publish(sent)

            [delivery] = await take(subscription, 1)

        assert delivery.message == sent
        assert (delivery.attempt, delivery.failures) == (1, ())

    async def test_each_group_gets_each_event(self, bus_factory: BusFactory) -> None:
        async with (
            bus_factory() as bus,
            subscribed(bus, "payment_service") as payment,
            subscribed(bus, "product_service") as product,
        ):
            await publish(bus, ["a", "b"])

            assert sorted(await handle(payment, 2)) == ["a", "b"]
            assert sorted(await handle(product, 2)) == ["a", "b"]

    async def test_a_group_gets_the_types_it_handles(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus, types=("order.created", "user.deleted")) as subscription:
            await publish(bus, ["not mine"], type="order.canceled")
            await publish(bus, ["created"], type="order.created")
            await publish(bus, ["deleted"], type="user.deleted")

            assert sorted(await handle(subscription, 2)) == ["created", "deleted"]

    async def test_one_of_a_groups_instances_gets_an_event(self, bus_factory: BusFactory) -> None:
        names = [f"event-{number}" for number in range(40)]
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, names)

            assert sorted(await handle_by([first, second], 40)) == sorted(names)
            assert await nothing_comes(first, second)

    async def test_a_waiting_instance_is_woken_by_an_event(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            waiting = asyncio.create_task(take(subscription, 1))
            await asyncio.sleep(0.05)
            await publish(bus, ["a"])

            assert names_of(await waiting) == ["a"]

    async def test_no_more_are_handed_out_than_asked_for(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, "abcde")

            got = await subscription.receive(2)

            assert 1 <= len(got) <= 2

    async def test_a_new_group_gets_the_events_that_are_there(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus:
            await publish(bus, ["a", "b"])

            async with subscribed(bus, "product_service") as subscription:
                assert sorted(await handle(subscription, 2)) == ["a", "b"]

    async def test_a_group_that_comes_later_gets_what_others_have_handled(self, bus_factory: BusFactory) -> None:
        if not bus_factory().capabilities.history:
            pytest.skip("this bus keeps no events that all its groups have handled")
        async with bus_factory() as bus:
            await publish(bus, ["a", "b"])
            async with subscribed(bus, "payment_service") as subscription:
                await handle(subscription, 2)

            async with subscribed(bus, "product_service") as subscription:
                assert sorted(await handle(subscription, 2)) == ["a", "b"]

    async def test_a_group_that_comes_back_gets_what_it_has_not_handled(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus:
            await publish(bus, ["a"])
            async with subscribed(bus) as subscription:
                await handle(subscription, 1)
            await publish(bus, ["b"])

            async with subscribed(bus) as subscription:
                assert await handle(subscription, 1) == ["b"]
                assert await nothing_comes(subscription)

    @pytest.mark.parametrize("other", ["order.canceled", "user.deleted"])
    async def test_a_type_that_is_new_to_a_group_starts_with_its_past(
        self, bus_factory: BusFactory, other: str
    ) -> None:
        async with bus_factory() as bus:
            await publish(bus, ["created"])
            await publish(bus, ["other"], type=other)
            async with subscribed(bus) as subscription:
                await handle(subscription, 1)

            async with subscribed(bus, types=("order.created", other)) as subscription:
                assert await handle(subscription, 1) == ["other"]
                await publish(bus, ["created again"])
                assert await handle(subscription, 1) == ["created again"]
                await publish(bus, ["another"], type=other)
                assert await handle(subscription, 1) == ["another"]
                assert await nothing_comes(subscription)

    async def test_instances_that_handle_more_and_fewer_types_take_turns(self, bus_factory: BusFactory) -> None:
        """A release that handles a new type is rolled out, back, and out again: each event is handled once."""
        capabilities = bus_factory().capabilities
        if not (capabilities.partitioned and capabilities.history):
            pytest.skip("only on logs each instance reads its own types: here, events wait for the group")
        both = ("order.created", "order.paid")
        async with bus_factory() as bus:
            await publish(bus, ["created-1"], type="order.created", key="order-1")
            await publish(bus, ["paid-1"], type="order.paid", key="order-1")
            async with subscribed(bus) as old:
                assert await handle(old, 1) == ["created-1"]
            async with subscribed(bus, types=both) as new:
                assert await handle(new, 1) == ["paid-1"]
            await publish(bus, ["paid-2"], type="order.paid", key="order-1")
            await publish(bus, ["created-2"], type="order.created", key="order-1")
            async with subscribed(bus) as old:
                assert await handle(old, 1) == ["created-2"]
            async with subscribed(bus, types=both) as new:
                assert await handle(new, 1) == ["paid-2"]
                assert await nothing_comes(new)

    async def test_what_is_not_settled_comes_back(self, bus_factory: BusFactory) -> None:
        """An instance that is killed settles nothing and closes nothing."""
        async with bus_factory(lease=SHORT) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, ["a"])
            killed, _ = await take_one_of([first, second])

            [delivery] = await take(second if killed is first else first, 1)

            assert (name_of(delivery), delivery.attempt, delivery.failures) == ("a", 2, ())

    async def test_what_is_done_never_comes_back(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=SHORT) as bus, subscribed(bus) as subscription:
            await publish(bus, ["a"])
            await handle(subscription, 1)

            assert await nothing_comes(subscription, seconds=2 * SHORT)

    async def test_a_lease_that_is_renewed_does_not_end(self, bus_factory: BusFactory) -> None:
        lease = 2.0  # so that a machine that is busy for a second does not end it
        async with bus_factory(lease=lease) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, ["a"])
            slow, taken = await take_one_of([first, second])
            ended = time.monotonic() + 1.5 * lease
            waiting = asyncio.create_task(take_one_of([first, second]))
            while time.monotonic() < ended:
                await slow.extend([taken])
                await asyncio.sleep(lease / 10)
            await slow.settle([Done(taken)])
            await publish(bus, ["b"])

            _, delivery = await waiting
            assert name_of(delivery) == "b"

    async def test_the_outcome_of_who_lost_the_lease_does_not_count(self, bus_factory: BusFactory) -> None:
        # Twice as long as elsewhere: whoever takes over has to settle before its own lease ends.
        async with bus_factory(lease=2 * SHORT) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, ["a"])
            late, lost = await take_one_of([first, second])
            other = second if late is first else first
            [delivery] = await take(other, 1)

            await late.settle([Done(lost)])
            await late.extend([lost])
            await other.settle([again(delivery)])

            [third] = await take(other, 1)
            assert (name_of(third), third.failures) == ("a", (failure(),))

    async def test_a_failed_event_comes_again_after_its_delay(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as subscription:
            await publish(bus, ["a"])
            [first] = await take(subscription, 1)
            begun = time.monotonic()
            await subscription.settle([again(first, after=0.4, error="KeyError: 'x'")])

            [second] = await take(subscription, 1)
            waited = time.monotonic() - begun
            await subscription.settle([again(second, error="ValueError: ü\n")])
            [third] = await take(subscription, 1)

        assert waited >= 0.39
        assert (second.attempt, second.failures) == (2, (failure("KeyError: 'x'"),))
        assert (third.attempt, third.failures) == (3, (failure("KeyError: 'x'"), failure("ValueError: ü\n")))

    async def test_an_event_that_waits_for_its_retry_holds_back_no_other(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as subscription:
            await publish(bus, ["fails"])
            await subscription.settle([again(each, after=LONG) for each in await take(subscription, 1)])
            await publish(bus, ["a", "b"])

            assert sorted(await handle(subscription, 2)) == ["a", "b"]

    async def test_what_is_released_comes_back_as_if_it_had_not_been_out(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, ["a"])
            instance, released = await take_one_of([first, second])
            await instance.settle([Released(released)])

            _, delivery = await take_one_of([first, second])

            assert (name_of(delivery), delivery.attempt, delivery.failures) == ("a", 1, ())

    async def test_closing_ends_the_wait_and_settling_stays_possible(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=SHORT) as bus:
            subscription = await bus.subscribe("payment_service", ["order.created"])
            await publish(bus, ["a"])
            [delivery] = await take(subscription, 1)
            waiting = asyncio.create_task(subscription.receive(1))
            await asyncio.sleep(0.05)

            await subscription.close()
            await subscription.close()
            async with asyncio.timeout(PATIENCE):
                assert list(await waiting) == []
                assert list(await subscription.receive(1)) == []
            await subscription.settle([Done(delivery)])

            async with subscribed(bus) as other:
                assert await nothing_comes(other, seconds=2 * SHORT)

    async def test_cancelling_the_wait_loses_nothing(self, bus_factory: BusFactory) -> None:
        """The wait is cancelled before, while and after an event comes; other instances get what it does not take."""
        names = [f"event-{number}" for number in range(30)]
        got: list[str] = []
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as hasty, subscribed(bus) as patient:
            await publish(bus, ["first"])
            await handle_by([hasty, patient], 1)  # from here on they have their shares, where a bus has to give them
            for turn, name in enumerate(names):
                waiting = asyncio.create_task(hasty.receive(1))
                for _ in range(turn % 4):
                    await asyncio.sleep(0)
                await publish(bus, [name])
                for _ in range(turn % 3):
                    await asyncio.sleep(0)
                waiting.cancel()
                with suppress(asyncio.CancelledError):
                    taken = await waiting
                    got += names_of(taken)
                    # What stays out stays where it is, and its partition with it.
                    await hasty.settle([Done(each) for each in taken])
            got += await handle_by([hasty, patient], len(names) - len(got))

        assert sorted(got) == sorted(names)

    async def test_many_keys_and_none_are_out_at_once(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as subscription:
            for number in range(50):
                await bus.publish(event(f"event-{number}", key=None if number % 2 else f"order-{number}"))

            assert len(await take(subscription, 50)) == 50

    async def test_an_event_that_is_too_large_is_refused_when_it_is_published(self, bus_factory: BusFactory) -> None:
        data = b'"' + b"x" * DEFAULT_LIMITS.max_bytes + b'"'
        async with bus_factory() as bus, subscribed(bus) as subscription:
            with pytest.raises(RefusedError, match="limit"):
                await bus.publish(Envelope(id="a", source="conformance", type="order.created", data=data))

            await publish(bus, ["b"])
            assert await handle(subscription, 1) == ["b"]

    async def test_a_type_that_no_service_can_handle_is_refused_when_it_is_published(
        self, bus_factory: BusFactory
    ) -> None:
        names = (
            "order created",
            "order",
            "Order.Created",
            "order.*",
            "order.>",
            "order.3",
            ".created",
            "o." + "x" * 200,
        )
        async with bus_factory() as bus, subscribed(bus) as subscription:
            for name in names:
                with pytest.raises(RefusedError, match="is no event type"):
                    await bus.publish(Envelope(id="a", source="conformance", type=name, data=b"{}"))

            await publish(bus, ["b"])
            assert await handle(subscription, 1) == ["b"]

    async def test_a_bus_that_is_not_open_says_so(self, bus_factory: BusFactory) -> None:
        bus = bus_factory()
        with pytest.raises(PublishError, match="not open"):
            await bus.publish(event("a"))
        with pytest.raises(BusError, match="not open"):
            await bus.subscribe("payment_service", ["order.created"])
        async with bus:
            await bus.publish(event("a"))
        await bus.close()
        with pytest.raises(PublishError, match="not open"):
            await bus.publish(event("a"))

    async def test_closing_the_bus_ends_the_wait_for_events(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus:
            subscription = await bus.subscribe("payment_service", ["order.created"])
            waiting = asyncio.create_task(subscription.receive(1))
            await asyncio.sleep(0.05)
        async with asyncio.timeout(PATIENCE):
            assert list(await waiting) == []
