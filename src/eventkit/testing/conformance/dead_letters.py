"""What was given up: kept, shown, replayed, dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from eventkit.bus.protocol import Bus, DeadLetter
from eventkit.contract.codec import from_headers
from eventkit.delivery.subscription import Dead, Reason, Subscription
from eventkit.testing.conformance.support import (
    BusFactory,
    again,
    event,
    failure,
    handle,
    handle_by,
    name_of,
    nothing_comes,
    publish,
    subscribed,
    take,
    take_one_of,
)


async def give_up(subscription: Subscription, count: int, reason: Reason = Reason.FAILED) -> None:
    """Make dead letters of the next deliveries."""
    for _ in range(count):
        [delivery] = await take(subscription, 1)
        await subscription.settle([Dead(delivery, reason, failure(f"ValueError: {name_of(delivery)}"))])


async def letters(bus: Bus, group: str | None = None) -> list[DeadLetter]:
    """Return the dead letters."""
    return list(await bus.dead_letters.list(group=group))


@pytest.mark.asyncio
class DeadLetterConformance:
    """Dead letters, replay included."""

    async def test_a_dead_letter_tells_all_that_is_known(self, bus_factory: BusFactory) -> None:
        sent = event("a", key="order-1")
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await bus.publish(sent)
            await subscription.settle([again(each, error="KeyError: 'x'") for each in await take(subscription, 1)])
            await give_up(subscription, 1)

            [letter] = await letters(bus)

            assert (letter.group, letter.type, letter.reason) == ("payment_service", "order.created", Reason.FAILED)
            assert letter.failures == (failure("KeyError: 'x'"), failure("ValueError: a"))
            assert from_headers(letter.headers, letter.body) == sent
            assert letter.body == sent.data
            assert timedelta(0) <= datetime.now(UTC) - letter.at < timedelta(hours=1)
            assert await bus.dead_letters.get(letter.id) == letter

    async def test_a_dead_letter_does_not_come_back_by_itself(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, ["a"])
            await give_up(subscription, 1)

            assert await nothing_comes(subscription)

    async def test_dead_letters_are_listed_oldest_first_by_group_and_up_to_a_limit(
        self, bus_factory: BusFactory
    ) -> None:
        async with (
            bus_factory() as bus,
            subscribed(bus, "payment_service") as payment,
            subscribed(bus, "product_service") as product,
        ):
            await publish(bus, "abc", key="order-1")
            await give_up(payment, 3)
            await give_up(product, 1, Reason.INVALID)

            assert [each.failures[-1].error for each in await letters(bus, "payment_service")] == [
                "ValueError: a",
                "ValueError: b",
                "ValueError: c",
            ]
            assert [each.reason for each in await letters(bus, "product_service")] == [Reason.INVALID]
            assert len(await letters(bus)) == 4
            assert len(await bus.dead_letters.list(limit=2)) == 2
            assert await letters(bus, "nobody") == []

    async def test_a_replayed_event_goes_to_its_group_only_and_starts_anew(self, bus_factory: BusFactory) -> None:
        async with (
            bus_factory() as bus,
            subscribed(bus, "payment_service") as payment,
            subscribed(bus, "product_service") as product,
        ):
            await publish(bus, ["a"])
            await handle(product, 1)
            await payment.settle([again(each) for each in await take(payment, 1)])
            await give_up(payment, 1)
            [letter] = await letters(bus)

            assert await bus.dead_letters.replay([letter.id]) == 1

            [delivery] = await take(payment, 1)
            assert (name_of(delivery), delivery.attempt, delivery.failures) == ("a", 1, ())
            assert await nothing_comes(product)
            assert await letters(bus) == []

    async def test_a_replayed_event_can_die_again(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, ["a"])
            await give_up(subscription, 1)
            await bus.dead_letters.replay([each.id for each in await letters(bus)])
            await give_up(subscription, 1, Reason.INVALID)

            [letter] = await letters(bus)
            assert (letter.reason, len(letter.failures)) == (Reason.INVALID, 1)

    async def test_a_replayed_event_waits_behind_those_of_its_key_that_are_out(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, ["a"], key="order-1")
            instance, a = await take_one_of([first, second])
            await instance.settle([Dead(a, Reason.FAILED, failure())])
            await publish(bus, ["b"], key="order-1")
            instance, b = await take_one_of([first, second])
            await bus.dead_letters.replay([each.id for each in await letters(bus)])

            assert await nothing_comes(first, second)
            await instance.settle([again(b)])
            assert sorted(await handle_by([first, second], 2)) == ["a", "b"]

    async def test_a_dropped_dead_letter_is_gone(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, "ab", key="order-1")
            await give_up(subscription, 2)
            first, second = await letters(bus)

            assert await bus.dead_letters.drop([first.id]) == 1

            assert await letters(bus) == [second]
            assert await bus.dead_letters.get(first.id) is None
            assert await nothing_comes(subscription)

    async def test_ids_that_are_not_there_count_for_nothing(self, bus_factory: BusFactory) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, ["a"])
            await give_up(subscription, 1)
            [letter] = await letters(bus)

            assert await bus.dead_letters.get("nothing") is None
            assert await bus.dead_letters.drop(["nothing"]) == 0
            assert await bus.dead_letters.replay(["nothing", "", "1e9", "-1"]) == 0
            assert await bus.dead_letters.replay([]) == 0
            assert await bus.dead_letters.replay([letter.id, letter.id]) == 1
            assert await bus.dead_letters.replay([letter.id]) == 0
