"""What is saved when, and what happens where saving fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from eventkit.bus.partitions.keys import partition_of
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Dead, Delivery, Done, Reason, Released
from eventkit.testing.conformance.support import (
    again,
    event,
    failure,
    name_of,
    names_of,
    nothing_comes,
    publish,
    take,
)
from tests.bus.partitions.log_bus import PARTITIONS, Broker, LogBus, LogBusSubscription
from tests.delivery.running import until

PARTITION = partition_of(event("a", key="order-1"), PARTITIONS)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
async def bus(broker: Broker) -> AsyncIterator[LogBus]:
    async with broker.connect(lease=60) as bus:
        yield bus


@pytest.fixture
async def subscription(bus: LogBus) -> LogBusSubscription:
    await publish(bus, "abc", key="order-1")
    return await filled(bus)


async def filled(bus: LogBus) -> LogBusSubscription:
    """Subscribe, and wait until there is something to hand out."""
    subscription = await bus.subscribe("payment_service", ["order.created"])
    await until(lambda: subscription.queue.size(PARTITION))
    return subscription


def saved(broker: Broker) -> dict[str, object]:
    return json.loads(broker.saved["payment_service", "order", PARTITION])


async def taken(subscription: LogBusSubscription, count: int) -> list[Delivery]:
    return await take(subscription, count)


async def test_what_is_settled_is_saved_when_settling_returns(broker: Broker, subscription: LogBusSubscription) -> None:
    first, second, _ = await taken(subscription, 3)
    await subscription.settle([Done(second)])
    assert (saved(broker)["position"], saved(broker)["holes"]) == (0, [[0, 0]])

    await subscription.settle([Done(first)])
    assert saved(broker)["position"] == 2


async def test_where_saving_fails_nothing_counts_as_settled_and_the_same_call_mends_it(
    broker: Broker, subscription: LogBusSubscription
) -> None:
    outcomes = [Done(each) for each in await taken(subscription, 3)]
    broker.down = True
    with pytest.raises(BusError, match="down"):
        await subscription.settle(outcomes)
    assert saved(broker)["position"] == 0

    broker.down = False
    await subscription.settle(outcomes)
    assert saved(broker)["position"] == 3


async def test_a_dead_letter_that_cannot_be_stored_keeps_its_event(
    broker: Broker, subscription: LogBusSubscription
) -> None:
    first, *rest = await taken(subscription, 3)
    outcomes = [Dead(first, Reason.FAILED, failure()), *map(Done, rest)]
    broker.down = True
    with pytest.raises(BusError):
        await subscription.settle(outcomes)
    assert not broker.dead
    assert subscription.queue.out(PARTITION) == 3

    broker.down = False
    await subscription.settle(outcomes)
    assert len(broker.dead) == 1
    assert saved(broker)["position"] == 3


async def test_settlements_that_come_together_are_saved_together(
    broker: Broker, subscription: LogBusSubscription
) -> None:
    deliveries = await taken(subscription, 3)
    before = broker.saves
    await asyncio.gather(*(subscription.settle([Done(each)]) for each in deliveries))

    assert broker.saves - before <= 2


async def test_a_first_hand_out_waits_for_no_save_and_is_saved_all_the_same(
    broker: Broker, subscription: LogBusSubscription
) -> None:
    broker.down = True
    assert names_of(await taken(subscription, 3)) == ["a", "b", "c"]
    assert "attempts" not in saved(broker)

    broker.down = False
    await subscription.settle([])
    assert saved(broker)["attempts"] == {"0": 1, "1": 1, "2": 1}


async def test_hand_outs_that_follow_one_another_are_saved_together(
    broker: Broker, bus: LogBus, subscription: LogBusSubscription
) -> None:
    await publish(bus, "defg")  # without a key, so that none waits for another
    await until(lambda: len(subscription.queue) == 7)
    before = broker.saves
    for _ in range(5):
        await taken(subscription, 1)
        for _ in range(10):  # turns of the event loop, more than a save takes
            await asyncio.sleep(0)
    await until(lambda: sum(len(json.loads(text).get("attempts", ())) for text in broker.saved.values()) == 5)
    assert broker.saves - before < 5


async def test_a_further_hand_out_is_saved_before_it_happens(broker: Broker, subscription: LogBusSubscription) -> None:
    await subscription.settle([again(each) for each in await taken(subscription, 3)])
    broker.down = True
    with pytest.raises(BusError):
        await subscription.receive(1)

    broker.down = False
    [delivery] = await taken(subscription, 1)
    assert (name_of(delivery), delivery.attempt) == ("a", 2)
    assert saved(broker)["attempts"] == {"0": 2, "1": 1, "2": 1}


async def test_after_an_owner_that_ended_without_order_the_first_hand_out_is_saved_before_it_happens(
    broker: Broker, bus: LogBus, subscription: LogBusSubscription
) -> None:
    await subscription._leave()  # as the broker sees a process that was killed
    other = await filled(bus)
    broker.down = True
    with pytest.raises(BusError):
        await other.receive(3)

    broker.down = False
    assert [each.attempt for each in await taken(other, 3)] == [1, 1, 1]
    assert saved(broker)["attempts"] == {"0": 1, "1": 1, "2": 1}


async def test_who_cancels_while_a_hand_out_is_saved_has_not_got_it(
    broker: Broker, subscription: LogBusSubscription
) -> None:
    await subscription.settle([again(each) for each in await taken(subscription, 3)])
    waiting = asyncio.create_task(subscription.receive(3))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert [each.attempt for each in await taken(subscription, 3)] == [2, 2, 2]


async def test_who_lost_a_partition_saves_nothing_of_it(
    broker: Broker, bus: LogBus, subscription: LogBusSubscription
) -> None:
    """As after a pause so long that another instance took over."""
    deliveries = await taken(subscription, 3)
    broker.owners["payment_service", PARTITION] = "somebody else"
    await subscription.settle([Done(each) for each in deliveries])

    assert saved(broker)["position"] == 0
    assert PARTITION not in subscription.owned
    assert await nothing_comes(subscription)


async def test_a_partition_is_handed_over_when_what_is_out_is_settled(
    broker: Broker, bus: LogBus, subscription: LogBusSubscription
) -> None:
    deliveries = await taken(subscription, 3)
    closing = asyncio.create_task(subscription.close())
    await closing
    assert broker.owners["payment_service", PARTITION]

    await subscription.settle([Done(deliveries[0]), *map(Released, deliveries[1:])])
    other = await bus.subscribe("payment_service", ["order.created"])

    assert [(name_of(each), each.attempt) for each in await taken(other, 2)] == [("b", 1), ("c", 1)]
    assert saved(broker)["position"] == 1


async def test_when_the_broker_fails_receive_says_so_once_and_then_joins_again(
    broker: Broker, subscription: LogBusSubscription
) -> None:
    await taken(subscription, 3)
    await subscription.settle([])
    subscription.fail(BusError("the connection is lost"))
    await subscription._leave()
    with pytest.raises(BusError, match="lost"):
        await subscription.receive(1)

    assert [each.attempt for each in await taken(subscription, 3)] == [2, 2, 2]


async def test_who_is_cancelled_while_closing_gives_its_partitions_up_all_the_same(
    broker: Broker, subscription: LogBusSubscription
) -> None:
    """As a worker cancels it, when its grace period ends."""
    async with broker.changed:  # nobody hears of it: closing waits here
        closing = asyncio.create_task(subscription.close())
        await asyncio.sleep(0.01)
        closing.cancel()
        await asyncio.wait({closing})

    await until(lambda: not broker.owners)
    await subscription.close()  # has nothing left to do
