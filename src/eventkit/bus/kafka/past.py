"""Reading what lies behind a group, for event types that came to it later or come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition

from eventkit.bus.kafka.connection import Connection
from eventkit.bus.partitions.cursor import Cursor

_WAIT: Final = 100  # milliseconds
_BATCH: Final = 500
_IDLE: Final = 0.05  # seconds


async def read_past(
    connection: Connection,
    cursors: Mapping[TopicPartition, Cursor],
    window: int,
    put: Callable[[Cursor, Iterable[ConsumerRecord]], None],
) -> None:
    """Read the pasts of cursors to their ends.

    Args:
        connection: The brokers.
        cursors: Of each partition the cursor whose pasts are read; changed from outside when partitions go.
        window: How many events of a past may be here unhandled before no more are read.
        put: Takes what was read.

    Raises:
        BusError: The topics cannot be read.
    """
    mains = {each: cursor for each, cursor in cursors.items() if cursor.unread}
    async with connection.reader(mains) as consumer:
        for partition, main in mains.items():
            consumer.seek(partition, min(past.read for past in main.unread))
        while True:
            # Several types have several pasts in one partition; they are read together.
            unread = {each: main.unread for each, main in mains.items() if cursors.get(each) is main}
            if not any(unread.values()):
                return
            wanted = [each for each, pasts in unread.items() if pasts and all(len(past) < window for past in pasts)]
            if not wanted:
                await asyncio.sleep(_IDLE)
                continue
            found = await consumer.getmany(*wanted, timeout_ms=_WAIT, max_records=_BATCH)
            for partition, records in found.items():
                position = await consumer.position(partition)
                for past in unread[partition]:
                    assert past.until is not None  # noqa: S101 - for the type checker: pasts end
                    put(past, [record for record in records if record.offset < past.until])
                    if position >= past.until:
                        past.skip(past.until - 1)  # the last places may be empty
