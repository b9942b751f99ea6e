"""How far a group has got in a partition, in the metadata of the offset that it commits."""

from __future__ import annotations

import base64
import logging
import zlib
from collections.abc import Collection
from typing import Final

from aiokafka import OffsetAndMetadata, TopicPartition

from eventkit.bus.partitions.cursor import Cursor

LIMIT: Final = 4_000
"""Bytes; brokers take 4,096 by default (`offset.metadata.max.bytes`)."""
_COMPRESSED: Final = "z:"

logger = logging.getLogger("eventkit.bus.kafka")


def written(cursor: Cursor) -> OffsetAndMetadata:
    """Return a cursor as what is committed.

    Kafka's own tools see the position, as of any consumer: all that stands before it is finished. What of the rest is
    finished, too, stands in the metadata. Where there is too much of that, it is left out from the end on, and would be
    handled again if this instance ended now.
    """
    text = cursor.to_json(LIMIT)
    if len(text) > LIMIT:
        text = _COMPRESSED + base64.b85encode(zlib.compress(text.encode(), 1)).decode()
    if len(text) > LIMIT:
        text = ""
    return OffsetAndMetadata(cursor.position, text)


def read(partition: TopicPartition, committed: OffsetAndMetadata, types: Collection[str]) -> Cursor:
    """Return the cursor that was committed.

    Args:
        partition: The partition.
        committed: The offset and its metadata; without any where others committed it, such as Kafka's own tools.
        types: What the group is taken to have handled, where nothing tells.
    """
    text = committed.metadata or ""
    if text:
        try:
            if text.startswith(_COMPRESSED):
                text = zlib.decompress(base64.b85decode(text.removeprefix(_COMPRESSED))).decode()
            cursor = Cursor.from_json(partition.topic, partition.partition, text)
            if cursor.position == committed.offset:
                return cursor
        except (ValueError, zlib.error) as error:
            logger.warning("what was committed for %s is not read, only its offset: %s", partition, error)
    return Cursor(partition.topic, partition.partition, committed.offset, types)
