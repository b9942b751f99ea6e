"""Which partition an event belongs to."""

from __future__ import annotations

from zlib import crc32

from eventkit.contract.envelope import Envelope


def partition_of(envelope: Envelope, count: int) -> int:
    """Return the partition of an event: the same for all events of a key; events without a key are spread.

    The function never changes: events that are stored lie where it put them.

    Args:
        envelope: The event.
        count: How many partitions there are.
    """
    return crc32((envelope.id if envelope.key is None else envelope.key).encode()) % count
