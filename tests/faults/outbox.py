"""The processes of a campaign that have to do with an outbox: one that publishes through it, and its relays."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from eventkit import Service, connect
from eventkit.contract.errors import BusError, ConfigurationError, EventkitError
from eventkit.delivery.outbox import outbox
from eventkit.delivery.relay import OutboxRelay
from tests.faults.ledger import CONFIRMED, REFUSED
from tests.faults.part import RELAY_LEASE, Happened, Part, asked_to_stop, engine_of

logger = logging.getLogger("faults")


async def order(part: Part) -> None:
    """Publish the events of all keys through an outbox, and note each whose transaction was committed."""
    service, engine, ledger = Service("fault_campaign"), engine_of(part.database), part.ledger
    stop = asked_to_stop()

    @service.publisher
    async def publish_happened(key: str, number: int) -> Happened:
        return Happened(key=key, number=number)

    async def commit(key: str, number: int) -> bool:
        """Tell whether an event is in the outbox, or was."""
        try:
            async with engine.begin() as transaction:
                await transaction.execute(text("INSERT INTO orders VALUES (:k, :n)"), {"k": key, "n": number})
                with outbox(transaction):
                    await publish_happened(key, number)
        except IntegrityError:
            return True  # it was committed, and the database gone before it could say so
        except (EventkitError, SQLAlchemyError, OSError):
            return False
        return True

    async def roll_back(key: str, number: int) -> None:
        with suppress(EventkitError, SQLAlchemyError, OSError):
            async with engine.connect() as connection, connection.begin() as transaction:
                with outbox(connection):
                    await publish_happened(f"{key}, rolled back", number)
                await transaction.rollback()

    async def one_key(key: str) -> None:
        number = 0
        while not stop.is_set():
            if number % 5 == 4:
                await roll_back(key, number)
            while not await commit(key, number):
                ledger.write(REFUSED, key, number)
                await asyncio.sleep(0.05)
            ledger.write(CONFIRMED, key, number)
            number += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), part.pause)

    async with asyncio.TaskGroup() as keys:
        for number in range(part.keys):
            keys.create_task(one_key(f"key-{number}"))
    await engine.dispose()


async def relay(part: Part) -> None:
    """Hand what is in the outbox to the bus until the process is asked to end, or is killed."""
    engine, stop = engine_of(part.database), asked_to_stop()
    while not stop.is_set():
        try:
            async with connect(part.url, wait=60.0) as bus, OutboxRelay(engine, bus, lease=RELAY_LEASE).running():
                await stop.wait()
        except (BusError, ConfigurationError) as error:
            logger.warning("starting again: %s", error)
            await asyncio.sleep(0.1)
    await engine.dispose()
