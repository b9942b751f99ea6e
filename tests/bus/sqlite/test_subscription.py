"""One instance at work: woken in time, idle otherwise, and leaving nothing behind."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from eventkit import connect
from eventkit.bus.protocol import Bus
from eventkit.bus.sqlite import presence as presence_module
from eventkit.bus.sqlite import subscription as subscription_module
from eventkit.bus.sqlite.bus import SQLiteBus
from eventkit.bus.sqlite.subscription import SQLiteSubscription
from eventkit.bus.sqlite.transaction import Transaction
from eventkit.contract.envelope import Envelope, new_id
from eventkit.delivery.subscription import Again, Dead, Delivery, Done, Reason, Released, Subscription
from tests.bus.sqlite.tables import FAILURE, ids

PATIENCE = 30.0


@pytest.fixture(autouse=True)
def nobody_looks_by_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the look at each tick, only the bell and timers wake an instance."""
    monkeypatch.setattr(subscription_module, "TICK", 10 * PATIENCE)


@pytest.fixture
def new_bus(tmp_path: Path) -> Callable[[], Bus]:
    """Make buses on one file, as different processes would."""
    return functools.partial(connect, f"sqlite:///{tmp_path}/events.db", lease=60.0)


def event(key: str | None = None) -> Envelope:
    return Envelope(id=new_id(), source="test", type="a.happened", data=b"{}", key=key)


@asynccontextmanager
async def waiting(subscription: Subscription) -> AsyncIterator[asyncio.Task[list[Delivery]]]:
    """Wait for one delivery while the block runs; it comes before the block's end."""

    async def receive() -> list[Delivery]:
        async with asyncio.timeout(PATIENCE):
            return list(await subscription.receive(1))

    task = asyncio.create_task(receive())
    await asyncio.sleep(0.1)  # so that it does wait; if not, the test is easier to pass, and never fails for it
    assert not task.done()
    yield task
    await task


async def test_an_event_of_another_process_wakes_it(new_bus: Callable[[], Bus]) -> None:
    async with new_bus() as publisher, new_bus() as bus:
        subscription = await bus.subscribe("group", ["a.happened"])
        async with waiting(subscription) as task:
            await publisher.publish(sent := event())
        assert ids(task.result()) == [sent.id]


async def test_what_another_instance_releases_wakes_it(new_bus: Callable[[], Bus]) -> None:
    async with new_bus() as one_bus, new_bus() as another_bus:
        one = await one_bus.subscribe("group", ["a.happened"])
        another = await another_bus.subscribe("group", ["a.happened"])
        await one_bus.publish(event())
        (delivery,) = await one.receive(1)
        async with waiting(another):
            await one.settle([Released(delivery)])


async def test_the_end_of_what_held_back_its_key_wakes_it(new_bus: Callable[[], Bus]) -> None:
    async with new_bus() as one_bus, new_bus() as another_bus:
        one = await one_bus.subscribe("group", ["a.happened"])
        another = await another_bus.subscribe("group", ["a.happened"])
        await one_bus.publish(event("k"))
        (delivery,) = await one.receive(1)
        await one_bus.publish(event("k"))
        async with waiting(another):
            await one.settle([Done(delivery)])


async def test_a_retry_wakes_it_when_it_is_due(new_bus: Callable[[], Bus]) -> None:
    async with new_bus() as one_bus, new_bus() as another_bus:
        one = await one_bus.subscribe("group", ["a.happened"])
        another = await another_bus.subscribe("group", ["a.happened"])
        await one_bus.publish(event())
        (delivery,) = await one.receive(1)
        async with waiting(another):
            await one.settle([Again(delivery, FAILURE, 0.2)])


async def test_the_end_of_a_lease_wakes_it(tmp_path: Path) -> None:
    async with connect(f"sqlite:///{tmp_path}/events.db", lease=0.4) as bus:
        crashed = await bus.subscribe("group", ["a.happened"])
        other = await bus.subscribe("group", ["a.happened"])
        await bus.publish(event())
        await crashed.receive(1)
        async with asyncio.timeout(PATIENCE):  # on a busy machine it has ended already, which is easier
            assert await other.receive(1)


async def test_a_replayed_dead_letter_wakes_it(new_bus: Callable[[], Bus]) -> None:
    async with new_bus() as bus, new_bus() as tool:
        subscription = await bus.subscribe("group", ["a.happened"])
        await bus.publish(event())
        (delivery,) = await subscription.receive(1)
        await subscription.settle([Dead(delivery, Reason.FAILED, FAILURE)])
        async with waiting(subscription):
            (letter,) = await tool.dead_letters.list()
            await tool.dead_letters.replay([letter.id])


async def test_who_waits_leaves_the_file_alone(tmp_path: Path) -> None:
    """Also while there is something that it may not have yet."""
    transactions = 0

    def clock() -> float:
        nonlocal transactions
        transactions += 1
        return 1_000_000.0

    async with connect(f"sqlite:///{tmp_path}/events.db") as bus:
        assert isinstance(bus, SQLiteBus)
        bus._database._clock = clock
        old = await bus.subscribe("group", ["a.happened"])
        new = await bus.subscribe("group", ["a.happened", "b.happened"])
        await bus.publish(event("k"))
        await bus.publish(event("k"))
        await bus.publish(Envelope(id="b", source="test", type="b.happened", data=b"{}"))
        failed, out = await old.receive(2)
        await old.settle([Again(failed, FAILURE, 0.0)])  # due, and yet behind what is out
        await new.settle(list(map(Released, await new.receive(1))))  # due, and yet for the other instance
        receiving = asyncio.create_task(old.receive(1))
        async with asyncio.timeout(PATIENCE):  # it looks once, and then no more
            seen = -1
            while seen != transactions:
                seen = transactions
                await asyncio.sleep(0.3)
        assert not receiving.done()
        await old.settle([Released(out)])
        async with asyncio.timeout(PATIENCE):
            assert await receiving


async def test_what_was_claimed_for_a_wait_that_was_cancelled_goes_back_at_once(new_bus: Callable[[], Bus]) -> None:
    async with new_bus() as bus:
        one = await bus.subscribe("group", ["a.happened"])
        await bus.publish(sent := event())
        receiving = asyncio.create_task(one.receive(1))
        await asyncio.sleep(0)  # submitted to the thread, and not awaited any more
        receiving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await receiving
        another = await bus.subscribe("group", ["a.happened"])
        async with asyncio.timeout(PATIENCE):
            (delivery,) = await another.receive(1)
        assert (ids([delivery]), delivery.attempt) == ([sent.id], 1)


async def test_closing_it_takes_it_off_the_list_of_listeners(new_bus: Callable[[], Bus]) -> None:
    async with new_bus() as bus:
        assert isinstance(bus, SQLiteBus)
        subscription = await bus.subscribe("group", ["a.happened"])
        receiving = asyncio.create_task(subscription.receive(1))
        await asyncio.sleep(0.05)  # so that it does wait; if not, the test is easier to pass

        def listeners(transaction: Transaction) -> int:
            return int(transaction.execute("SELECT count(*) FROM listeners").fetchone()[0])

        assert await bus._database.submit(listeners) == 1
        await subscription.close()
        assert await receiving == ()
        assert await bus._database.submit(listeners) == 0


async def test_one_whose_closing_is_cancelled_is_gone_all_the_same(new_bus: Callable[[], Bus]) -> None:
    """As a worker cancels it, when its grace period ends. The bus stays open."""
    async with new_bus() as bus, new_bus() as other_bus:
        old = await other_bus.subscribe("group", ["a.happened"])
        new = await bus.subscribe("group", ["a.happened", "b.happened"])
        receiving = asyncio.create_task(new.receive(1))
        await asyncio.sleep(0)  # submitted to the thread
        receiving.cancel()  # so that closing has something to wait for
        closing = asyncio.create_task(new.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait({receiving, closing})
        await bus.publish(Envelope(id="b", source="test", type="b.happened", data=b"{}"))
        async with asyncio.timeout(PATIENCE):
            assert ids(await old.receive(1)) == ["b"]


async def test_one_that_is_closed_and_still_handles_something_does_not_come_back(new_bus: Callable[[], Bus]) -> None:
    async with new_bus() as bus:
        old = await bus.subscribe("group", ["a.happened"])
        new = await bus.subscribe("group", ["a.happened", "b.happened"])
        assert isinstance(new, SQLiteSubscription)
        await bus.publish(Envelope(id="a", source="test", type="b.happened", data=b"{}"))
        taken = await new.receive(1)
        await new.close()
        new._appear_again = 0.0  # as after a minute
        await new.extend(taken)
        await bus.publish(Envelope(id="b", source="test", type="b.happened", data=b"{}"))
        async with asyncio.timeout(PATIENCE):
            assert ids(await old.receive(1)) == ["b"]


async def test_an_instance_that_is_busy_with_what_it_has_counts_as_living(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_module, "PRESENCE", 0.1)
    async with connect(f"sqlite:///{tmp_path}/events.db", lease=2.0) as bus:
        old = await bus.subscribe("group", ["a.happened"])
        new = await bus.subscribe("group", ["a.happened", "b.happened"])
        await bus.publish(event())
        deliveries = await new.receive(1)
        for _ in range(12):  # longer than without it, and often enough for a busy machine
            await asyncio.sleep(0.25)
            await new.extend(deliveries)
        await bus.publish(Envelope(id="b", source="test", type="b.happened", data=b"{}"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await old.receive(1)
