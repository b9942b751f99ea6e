"""A group's queue where other processes have part of its events: held, withdrawn, filled anew."""

from __future__ import annotations

import asyncio

import pytest

from eventkit.bus.group_queue import GroupQueue
from eventkit.contract.errors import EnvelopeError
from eventkit.delivery.subscription import Done, Released, Unreadable
from eventkit.testing.conformance.support import again, event, names_of


@pytest.fixture
async def queue() -> GroupQueue:
    queue = GroupQueue("payment_service", lease=30, capacity=100)
    for number in range(3):
        queue.put(event(f"zero-{number}", key="order-0"), partition=0, token=number)
        queue.put(event(f"one-{number}", key="order-1"), partition=1)
    queue.put(event("free"), partition=1)
    return queue


async def test_a_held_partition_hands_out_no_more_and_can_be_settled(queue: GroupQueue) -> None:
    [first] = queue.take(1)
    queue.hold(0)

    assert names_of(queue.take(10)) == ["one-0", "one-1", "one-2", "free"]
    assert queue.out(0) == 1
    assert queue.settle(Done(first))
    assert queue.out(0) == 0
    assert queue.take(10) == []


async def test_what_comes_back_to_a_held_partition_stays(queue: GroupQueue) -> None:
    taken = queue.take(8)
    queue.hold(0)
    for delivery in taken:
        queue.settle(Released(delivery))

    assert names_of(queue.take(10)) == ["one-0", "one-1", "one-2", "free"]
    assert queue.size(0) == 3


async def test_what_was_out_of_a_withdrawn_partition_cannot_be_settled(queue: GroupQueue) -> None:
    taken = queue.take(8)
    queue.withdraw(0)

    assert [queue.settle(Done(delivery)) for delivery in taken] == [False] * 3 + [True] * 4
    assert (queue.size(0), queue.size(1), queue.room) == (0, 0, 100)


async def test_a_withdrawn_partition_can_be_filled_anew(queue: GroupQueue) -> None:
    old = queue.take(3)
    queue.settle(again(old[0], after=0.0))
    queue.hold(0)
    queue.withdraw(0)
    queue.put(event("zero-0", key="order-0"), partition=0, attempt=1)
    for delivery in old:
        assert not queue.settle(Done(delivery))

    taken = queue.take(10)

    assert names_of(taken) == ["one-0", "one-1", "one-2", "free", "zero-0"]
    assert taken[-1].attempt == 2


async def test_a_retry_that_was_due_after_the_withdrawal_does_not_come(queue: GroupQueue) -> None:
    taken = queue.take(3)
    for delivery in taken:
        queue.settle(again(delivery, after=0.01))
    queue.withdraw(0)
    await asyncio.sleep(0.03)

    assert names_of(queue.take(10)) == ["one-0", "one-1", "one-2", "free"]


async def test_tokens_stay_with_their_events(queue: GroupQueue) -> None:
    taken = queue.take(2)
    for delivery in reversed(taken):
        queue.settle(Released(delivery))

    assert [each.token for each in queue.take(8) if each.partition == 0] == [0, 1, 2]


async def test_what_is_no_event_waits_for_nobody(queue: GroupQueue) -> None:
    queue.take(8)
    for number in range(2):
        queue.put(Unreadable({}, b"?", EnvelopeError("no event")), partition=0, token=number)

    assert [each.token for each in queue.take(8)] == [0, 1]


async def test_it_tells_when_a_lease_has_ended() -> None:
    expired = asyncio.Event()
    queue = GroupQueue("payment_service", lease=0.05, capacity=100, expired=expired.set)
    queue.put(event("a"))
    queue.take(1)

    async with asyncio.timeout(30):
        await expired.wait()
    [delivery] = queue.take(1)
    assert delivery.attempt == 2


async def test_who_waits_and_is_cancelled_when_it_is_woken_leaves_the_turn_to_others(queue: GroupQueue) -> None:
    hasty, patient = asyncio.create_task(queue.receivers.wait()), asyncio.create_task(queue.receivers.wait())
    await asyncio.sleep(0)
    hasty.cancel()
    queue.receivers.wake(1)

    async with asyncio.timeout(30):
        await patient
    assert hasty.cancelled()


async def test_a_key_that_others_put_into_another_partition_is_a_lane_of_its_own(queue: GroupQueue) -> None:
    queue.take(8)
    queue.put(event("elsewhere", key="order-0"), partition=1)
    queue.withdraw(0)

    assert names_of(queue.take(8)) == ["elsewhere"]
