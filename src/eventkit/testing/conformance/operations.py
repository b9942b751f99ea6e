"""What operators see: whether the bus is well, what is not handled yet, and events as they pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from eventkit.bus.protocol import Bus, Lag
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Dead, Done, Reason, Unreadable
from eventkit.testing.conformance.support import (
    PATIENCE,
    BusFactory,
    again,
    failure,
    handle,
    publish,
    subscribed,
    take,
)

INVOICE_SENT = "invoice.sent"


def long_ago() -> datetime:
    """Return a time before the test; a broker's clock may differ a little."""
    return datetime.now(UTC) - timedelta(hours=1)


async def next_names(events: AsyncIterator[Envelope | Unreadable], count: int) -> list[str]:
    """Return the ids of the next events."""
    names: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while len(names) < count:
            found = await anext(events)
            assert isinstance(found, Envelope)
            names.append(found.id)
    return names


async def publish_until(bus: Bus, seen: Callable[[], bool]) -> list[str]:
    """Publish events until one has been seen, as nothing tells when a follower has begun to look; return their ids."""
    names: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while not seen():
            names.append(f"late-{len(names)}")
            await publish(bus, names[-1:])
            await asyncio.sleep(0.05)
    return names


async def lag_of(bus: Bus, group: str, domain: str = "order") -> Lag:
    """Return what one group has not handled of one domain."""
    [found] = [each for each in await bus.lag() if (each.group, each.domain) == (group, domain)]
    return found


async def lag_becomes(bus: Bus, condition: Callable[[Lag], bool], group: str = "payment_service") -> Lag:
    """Wait until a group's lag is as it should be; numbers may be old by a second."""
    deadline = time.monotonic() + PATIENCE
    while not condition(found := await lag_of(bus, group)):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)
    return found


def unsettled(lag: Lag) -> int:
    """Return how many events are waiting, out or retrying."""
    return lag.waiting + (lag.out or 0) + (lag.retrying or 0)


def need_history(bus_factory: BusFactory) -> None:
    """Skip the test where a follower cannot see what was published before it began, and went to a group."""
    if not bus_factory().capabilities.history:
        pytest.skip("this bus does not keep what groups have got where followers could see it")


@pytest.mark.asyncio
class OperationsConformance:
    """Health, lag, following, and waiting for a broker."""

    @pytest.fixture
    def absent_factory(self) -> Callable[..., Bus]:
        """Makes a bus whose broker is not there; takes the setting `wait`."""
        pytest.skip("this bus has no broker that could be absent")

    # -- health

    async def test_a_bus_that_is_open_is_healthy(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus:
            health = await bus.health()

            assert health.ok
            assert "answered" in health.detail

    async def test_a_bus_that_is_not_open_is_not_healthy(self, bus_factory: BusFactory) -> None:
        bus = bus_factory()
        before = await bus.health()
        async with bus:
            pass
        after = await bus.health()

        assert (before.ok, after.ok) == (False, False)
        assert before.detail
        assert after.detail

    # -- waiting for a broker

    async def test_a_broker_that_is_absent_is_told_within_five_seconds(
        self, absent_factory: Callable[..., Bus]
    ) -> None:
        start = time.monotonic()
        with pytest.raises(BusError):
            await absent_factory().open()
        assert time.monotonic() - start < 6  # a second for a busy machine

    async def test_a_bus_that_could_not_be_opened_is_not_healthy(self, absent_factory: Callable[..., Bus]) -> None:
        bus = absent_factory()
        with pytest.raises(BusError):
            await bus.open()

        assert not (await bus.health()).ok
        await bus.close()

    async def test_an_absent_broker_is_waited_for_as_long_as_asked(self, absent_factory: Callable[..., Bus]) -> None:
        start = time.monotonic()
        with pytest.raises(BusError):
            async with absent_factory(wait=0.5):
                pass
        assert 0.5 <= time.monotonic() - start < 7

    # -- lag

    async def test_an_empty_bus_has_no_lag(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus:
            assert list(await bus.lag()) == []

    async def test_a_group_without_events_has_no_lag_in_each_of_its_domains(self, bus_factory: BusFactory) -> None:
        async with (
            bus_factory() as bus,
            subscribed(bus, "product_service", (INVOICE_SENT, "order.created", "order.paid")),
            subscribed(bus, "payment_service"),
        ):
            found = await bus.lag()

            assert [(each.group, each.domain) for each in found] == [
                ("payment_service", "order"),
                ("product_service", "invoice"),
                ("product_service", "order"),
            ]
            assert {(each.waiting, each.out or 0, each.retrying or 0, each.dead, each.oldest) for each in found} == {
                (0, 0, 0, 0, None)
            }

    async def test_events_that_nobody_has_handled_count(self, bus_factory: BusFactory) -> None:
        start = datetime.now(UTC)
        async with bus_factory() as bus:
            async with subscribed(bus):
                pass
            await publish(bus, "abc")

            found = await lag_becomes(bus, lambda lag: unsettled(lag) == 3)

            assert found.dead == 0
            assert found.oldest is None or abs(found.oldest - start) < timedelta(minutes=1)

    async def test_looking_at_the_lag_takes_nothing(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, "ab")
            await bus.lag()

            assert sorted(await handle(subscription, 2)) == ["a", "b"]
            await lag_becomes(bus, lambda lag: unsettled(lag) == 0 and lag.oldest is None)

    async def test_what_is_out_counts_until_it_is_settled(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, "ab")
            taken = await take(subscription, 2)
            await lag_becomes(bus, lambda lag: lag.out is None or (lag.waiting, lag.out) == (0, 2))

            await subscription.settle([Done(each) for each in taken])
            await lag_becomes(bus, lambda lag: unsettled(lag) == 0)

    async def test_what_waits_for_another_call_counts(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, "a")
            await subscription.settle([again(each, after=600) for each in await take(subscription, 1)])

            found = await lag_becomes(bus, lambda lag: unsettled(lag) == 1)
            assert found.retrying in (None, 1)

    async def test_dead_letters_count_until_they_are_dropped(self, bus_factory: BusFactory) -> None:
        async with (
            bus_factory() as bus,
            subscribed(bus, "payment_service") as payment,
            subscribed(bus, "product_service") as product,
        ):
            await publish(bus, "ab")
            await handle(product, 2)
            for delivery in await take(payment, 2):
                await payment.settle([Dead(delivery, Reason.FAILED, failure())])

            await lag_becomes(bus, lambda lag: (unsettled(lag), lag.dead) == (0, 2))
            assert (await lag_of(bus, "product_service")).dead == 0

            await bus.dead_letters.drop([each.id for each in await bus.dead_letters.list()])
            await lag_becomes(bus, lambda lag: lag.dead == 0)

    async def test_a_replayed_dead_letter_waits_again(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, "a")
            await subscription.settle([Dead(each, Reason.FAILED, failure()) for each in await take(subscription, 1)])
            await bus.dead_letters.replay([each.id for each in await bus.dead_letters.list()])

            await lag_becomes(bus, lambda lag: (unsettled(lag), lag.dead) == (1, 0))
            assert await handle(subscription, 1) == ["a"]

    # -- following

    async def test_what_the_bus_holds_can_be_followed_from_a_time_on(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus:
            await publish(bus, "abc")
            async with aclosing(bus.follow(since=long_ago())) as events:
                assert await next_names(events, 3) == ["a", "b", "c"]
                await publish(bus, "de")
                assert await next_names(events, 2) == ["d", "e"]

    async def test_followers_see_the_whole_event(self, bus_factory: BusFactory) -> None:
        sent = Envelope(
            id="a", source="conformance", type="order.created", data=b'{"name":"a"}', key="order-1", correlation="b",
            time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), dataschema="urn:eventkit:order.created:v2",
        )  # fmt: skip
        async with bus_factory() as bus:
            await bus.publish(sent)
            async with aclosing(bus.follow(since=long_ago())) as events, asyncio.timeout(PATIENCE):
                assert await anext(events) == sent

    async def test_without_a_time_following_begins_with_what_is_published_from_now_on(
        self, bus_factory: BusFactory
    ) -> None:
        async with bus_factory() as bus:
            await publish(bus, ["early"])
            async with aclosing(bus.follow()) as events:
                first = asyncio.ensure_future(anext(events))
                published = await publish_until(bus, first.done)
                found = await first
                assert isinstance(found, Envelope)
                assert found.id in published

    async def test_types_that_are_not_asked_for_are_left_out(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus:
            await publish(bus, ["a"], type="order.created")
            await publish(bus, ["b"], type="order.paid")
            await publish(bus, ["c"], type=INVOICE_SENT)
            await publish(bus, ["d"], type="order.created")
            async with aclosing(bus.follow(["order.created"], since=long_ago())) as events:
                assert await next_names(events, 2) == ["a", "d"]
            async with aclosing(bus.follow(["order.paid", INVOICE_SENT], since=long_ago())) as events:
                assert sorted(await next_names(events, 2)) == ["b", "c"]

    async def test_all_types_are_followed_where_none_are_named(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus:
            await publish(bus, ["a"], type="order.created")
            await publish(bus, ["b"], type=INVOICE_SENT)
            async with aclosing(bus.follow(since=long_ago())) as events:
                assert sorted(await next_names(events, 2)) == ["a", "b"]

    async def test_a_follower_takes_nothing_and_leaves_nothing(self, bus_factory: BusFactory) -> None:
        need_history(bus_factory)
        async with bus_factory() as bus, subscribed(bus) as subscription:
            async with aclosing(bus.follow(since=long_ago())) as events:
                await publish(bus, "ab")
                assert await next_names(events, 2) == ["a", "b"]
                assert [(each.group, each.domain) for each in await bus.lag()] == [("payment_service", "order")]

            assert sorted(await handle(subscription, 2)) == ["a", "b"]
            assert [(each.group, each.domain) for each in await bus.lag()] == [("payment_service", "order")]

    async def test_two_followers_see_the_same(self, bus_factory: BusFactory) -> None:
        async with (
            bus_factory() as bus,
            aclosing(bus.follow(since=long_ago())) as first,
            aclosing(bus.follow(since=long_ago())) as second,
        ):
            await publish(bus, "ab")
            assert await next_names(first, 2) == ["a", "b"]
            assert await next_names(second, 2) == ["a", "b"]

    async def test_a_replayed_dead_letter_is_not_published_anew(self, bus_factory: BusFactory) -> None:
        need_history(bus_factory)
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, ["a"])
            async with aclosing(bus.follow(since=long_ago())) as events:
                assert await next_names(events, 1) == ["a"]
                [delivery] = await take(subscription, 1)
                await subscription.settle([Dead(delivery, Reason.FAILED, failure())])
                await bus.dead_letters.replay([each.id for each in await bus.dead_letters.list()])
                await publish(bus, ["b"])
                assert await next_names(events, 1) == ["b"]

    async def test_a_follower_that_is_cancelled_harms_nobody(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:

            async def look() -> None:
                async with aclosing(bus.follow()) as events:
                    async for _ in events:
                        seen.set()

            seen = asyncio.Event()
            task = asyncio.create_task(look())
            published = await publish_until(bus, seen.is_set)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

            await publish(bus, ["last"])
            assert sorted(await handle(subscription, len(published) + 1)) == sorted([*published, "last"])
            assert (await bus.health()).ok

    async def test_following_ends_when_the_bus_is_closed(self, bus_factory: BusFactory) -> None:
        bus = bus_factory()
        async with bus:
            await publish(bus, ["a"])
            events = bus.follow(since=long_ago())
            assert await next_names(events, 1) == ["a"]
            waiting = asyncio.ensure_future(anext(events, None))
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            assert await waiting is None
            await events.aclose()

    async def test_a_bus_that_is_not_open_cannot_be_looked_at(self, bus_factory: BusFactory) -> None:
        bus = bus_factory()
        with pytest.raises(BusError):
            await bus.lag()
        async with aclosing(bus.follow()) as events:
            with pytest.raises(BusError):
                await anext(events)
