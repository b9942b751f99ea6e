"""A service whose effects, inbox and outbox are in PostgreSQL: `python -m tests.e2e.purchases BUS DATABASE LEDGER`.

It answers each purchase with a confirmation: the effect is a row, and the event goes through the outbox.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Final

from sqlalchemy import Column, Integer, MetaData, String, Table
from sqlalchemy.ext.asyncio import async_sessionmaker

from eventkit import Event, Retry, Service, connect
from eventkit.contract.errors import BusError
from eventkit.delivery.database import sql_engine
from eventkit.delivery.inbox import first_time
from eventkit.delivery.outbox import outbox
from eventkit.delivery.relay import OutboxRelay
from tests.faults.ledger import BEGUN, ENDED, FAILED, Ledger

LEASE: Final = 2.0
CONCURRENCY: Final = 16
ATTEMPTS: Final = 10_000
# Seconds between the commit and the end of the handler: who dies in between has had the effect, and told nobody.
AFTERWARDS: Final = 0.02

logger = logging.getLogger("purchases")

metadata = MetaData()
effects = Table(
    "effects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String),
    Column("number", Integer),
)


class PurchaseMadeEvent(Event, type="purchase.made", key="key"):
    key: str
    number: int


class PurchaseConfirmedEvent(Event, type="purchase.confirmed", key="key"):
    key: str
    number: int


async def main(bus_url: str, database_url: str, path: Path) -> None:
    service, engine, ledger = Service("purchase_service"), sql_engine(database_url), Ledger(path)
    sessions = async_sessionmaker(engine)

    @service.publisher
    async def publish_confirmed(key: str, number: int) -> PurchaseConfirmedEvent:
        return PurchaseConfirmedEvent(key=key, number=number)

    @service.handler(retry=Retry(attempts=ATTEMPTS, delay=0.02, max_delay=0.2, crashes=1000))
    async def confirm(event: PurchaseMadeEvent) -> None:
        ledger.write(BEGUN, event.key, event.number)
        try:
            async with sessions.begin() as session:
                if await first_time(session):
                    await session.execute(effects.insert().values(key=event.key, number=event.number))
                    with outbox(session):
                        await publish_confirmed(event.key, event.number)
            await asyncio.sleep(AFTERWARDS)
        except BaseException:
            ledger.write(FAILED, event.key, event.number)
            raise
        ledger.write(ENDED, event.key, event.number)

    while True:
        try:
            async with (
                connect(bus_url, lease=LEASE, concurrency=CONCURRENCY, wait=60.0) as bus,
                OutboxRelay(engine, bus, lease=LEASE).running(),
                service.run(bus) as worker,
            ):
                await worker.until_stopped()
            return
        except BusError as error:
            logger.warning("starting again: %s", error)


if __name__ == "__main__":
    logging.basicConfig(format="%(process)d %(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
