"""The processes of a campaign: one that publishes, those that handle, and the relays of an outbox.

python -m tests.faults.actors publish '{"url": ..., "folder": ..., ...}'
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
import time
from contextlib import suppress

from sqlalchemy import text

from eventkit import Service, connect
from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, EventkitError
from eventkit.delivery.inbox import first_time
from tests.faults.ledger import BEGUN, CANCELLED, CONFIRMED, ENDED, FAILED, LEFT, REFUSED
from tests.faults.outbox import order, relay
from tests.faults.part import GROUP, RETRY, Happened, Part, asked_to_stop, engine_of

logger = logging.getLogger("faults")


async def publish(part: Part) -> None:
    """Publish the events of all keys, and note each whose publishing returned."""
    ledger, stop = part.ledger, asked_to_stop()

    async def until_it_is_there(bus: Bus, envelope: Envelope, happened: Happened) -> None:
        """Publish one event; again, with the same id, where the bus did not confirm it."""
        while True:
            try:
                await bus.publish(envelope)
            except EventkitError:
                ledger.write(REFUSED, happened.key, happened.number)
                await asyncio.sleep(0.05)
            else:
                return

    async def one_key(bus: Bus, key: str) -> None:
        number = 0
        while not stop.is_set() and (part.count is None or number < part.count):
            happened = Happened(key=key, number=number)
            envelope = Envelope.of(happened, source="fault_campaign")
            for _ in range(2 if part.twice else 1):
                await until_it_is_there(bus, envelope, happened)
            ledger.write(CONFIRMED, key, number)
            number += 1
            while part.hold.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.05)
            if part.pause:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), part.pause)

    async with connect(part.url, wait=60.0) as bus, asyncio.TaskGroup() as keys:
        for number in range(part.keys):
            keys.create_task(one_key(bus, f"key-{number}"))


async def handle(part: Part) -> None:
    """Handle events until the process is asked to end, or is killed."""
    service, ledger = Service(GROUP), part.ledger
    databases = {key: engine_of(f"sqlite:///{path}") for key, path in part.effects.items()}
    seen: set[tuple[str, int]] = set()

    @service.handler(retry=RETRY)
    async def note(happened: Happened) -> None:
        ledger.write(BEGUN, happened.key, happened.number)
        try:
            await work(happened)
        except BaseException:
            ended = task().cancelling() and not is_due(part.cancel, happened.number)
            ledger.write(CANCELLED if ended else FAILED, happened.key, happened.number)
            raise
        ledger.write(ENDED, happened.key, happened.number)

    async def work(happened: Happened) -> None:
        if is_due(part.poison, happened.number):
            raise ValueError("this never works")
        if goes_wrong_at_first(part, happened.number) and (happened.key, happened.number) not in seen:
            seen.add((happened.key, happened.number))
            await go_wrong(part, happened.number)
        await asyncio.sleep(part.slow[1] if is_due(part.slow[0], happened.number) else part.work)
        if (database := databases.get(happened.key)) is None:
            return
        async with database.begin() as transaction:
            if await first_time(transaction):
                await transaction.execute(text("INSERT INTO effects VALUES (:key, :number)"), happened.model_dump())

    while True:
        try:
            async with (
                connect(part.url, concurrency=part.concurrency, grace=part.grace, wait=60.0) as bus,
                service.run(bus) as worker,
            ):
                await worker.until_stopped()
            ledger.write(LEFT, "", 0)
            return
        except BusError as error:
            logger.warning("starting again: %s", error)
            await asyncio.sleep(0.1)


def is_due(every: int, number: int) -> bool:
    """Tell whether an event is one of every so many."""
    return every > 0 and number % every == every - 1


def goes_wrong_at_first(part: Part, number: int) -> bool:
    """Tell whether the first call of an event in a process is to go wrong."""
    return any(is_due(every, number) for every in (part.flaky, part.block[0], part.cancel))


async def go_wrong(part: Part, number: int) -> None:
    """Fail, block the event loop, or cancel what is waited for, or its own task."""
    if is_due(part.flaky, number):
        raise ValueError("this time it does not work")
    if is_due(part.block[0], number):
        time.sleep(part.block[1])  # noqa: ASYNC251 - the fault
    if is_due(part.cancel, number):
        waited_for = asyncio.ensure_future(asyncio.sleep(1))
        (waited_for if number // part.cancel % 2 else task()).cancel()
        await waited_for


def task() -> asyncio.Task[object]:
    """Return the task that runs just now."""
    found = asyncio.current_task()
    assert found is not None
    return found


def end_with_the_campaign() -> None:
    """End this process as soon as the campaign has ended, however that came: it holds the other end of stdin."""

    def wait() -> None:
        os.read(sys.stdin.fileno(), 1)  # not by `sys.stdin`: a process cannot end while a thread waits there
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    end_with_the_campaign()
    logging.basicConfig(level=logging.WARNING, format="%(process)d %(asctime)s %(levelname)s %(name)s: %(message)s")
    role, arguments = sys.argv[1:]
    values = json.loads(arguments)
    part = Part(**{**values, "slow": tuple(values["slow"]), "block": tuple(values["block"])})
    asyncio.run({"publish": publish, "handle": handle, "order": order, "relay": relay}[role](part))
