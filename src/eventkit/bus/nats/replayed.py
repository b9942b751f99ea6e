"""Removing what was replayed from its stream, when its group has handled it and that is written down.

One by one, and not by a purge: that makes the server forget the ids by which it knows what is replayed twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import cast

from eventkit.bus.group_queue import Item
from eventkit.bus.nats.jetstream import JetStream
from eventkit.bus.nats.names import REPLAYED
from eventkit.bus.nats.partition import Partition
from eventkit.bus.partitions.log_subscription import Place
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Dead, Done, Outcome


def finished(outcomes: Sequence[Outcome]) -> list[Place]:
    """Return where replayed events stand that are settled for good by outcomes which are about to be settled."""
    items = [cast(Item, each.delivery) for each in outcomes if isinstance(each, Done | Dead)]
    places = [cast(Place, item.token) for item in items if item.out]
    return [place for place in places if place[0].log == REPLAYED]


async def remove(jetstream: JetStream, places: Collection[int]) -> None:
    """Remove what stands at some places; what cannot be removed is left to the next owner of the partition."""
    with suppress(BusError):
        await asyncio.gather(*(jetstream.remove(jetstream.names.replay, place) for place in places))


async def remove_leftovers(jetstream: JetStream, group: str, partition: Partition) -> None:
    """Remove what was handled, and not removed when an owner of the partition ended."""
    replay, subject = jetstream.names.replay, jetstream.names.replay_subject(group, partition.number, ">")
    end, place = partition.cursors[REPLAYED].position, 1
    with suppress(BusError):
        while (stored := await jetstream.stored(replay, seq=place, next_by_subj=subject)) is not None:
            if stored.sequence >= end:
                return
            await jetstream.remove(replay, stored.sequence)
            place = stored.sequence + 1
