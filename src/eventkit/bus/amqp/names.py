"""What things are called in RabbitMQ.

    order                        exchange of the domain `order`, for publishers; routing keys as `order.created.11`
    order.groups                 exchange behind it, to which groups bind their queues
    order.unrouted               exchange and queue of what no group has a queue for
    payment_service.2            queue of the group's partition 2; `payment_service` where there is only one
    payment_service.2.past       what the partition has taken over and reads first; deleted when that is settled
    payment_service.2.state      failed calls and hand-outs in that partition
    payment_service.dead         the group's dead letters
    payment_service.instances    exchange on which its instances tell each other that they are there
    eventkit.groups              which groups there are

All of them begin with the bus's prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from eventkit.bus.naming import BY_DOMAIN, Streams
from eventkit.bus.partitions.keys import partition_of
from eventkit.contract.envelope import Envelope

SLOTS: Final = 16
"""How many slots there are. It never changes: routing keys that are bound and stored end with them."""
MAX_NAME: Final = 67
"""Bytes that the name of a group or a stream may have, with the prefix. An exchange has 127 at the most (AMQP 0-9-1,
3.1.3.3), and the longest that is put behind it is ".instances." and an id."""
_SLOT: Final = re.compile(r"(.+)\.([0-9]|1[0-5])")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one bus.

    Args:
        prefix: What they begin with.
        partitions: How many partitions a group has.
        streams: What stands in the place of domains.
    """

    prefix: str
    partitions: int
    streams: Streams = BY_DOMAIN

    @property
    def groups(self) -> str:
        """The queue that keeps which groups there are."""
        return f"{self.prefix}eventkit.groups"

    def exchange(self, type: str) -> str:
        """Return the exchange of a type: that of its domain, where its stream has no other name."""
        return self.prefix + self.streams.of(type)

    def groups_of(self, exchange: str) -> str:
        """Return the exchange to which groups bind their queues.

        It is not the one that publishers send to: whatever else is bound there, as somebody who looks on, must not keep
        an event from counting as unrouted.
        """
        return f"{exchange}.groups"

    def unrouted(self, exchange: str) -> str:
        """Return where the events of a domain's exchange go that no group has a queue for."""
        return f"{exchange}.unrouted"

    def queue(self, group: str, partition: int) -> str:
        """Return the queue of a partition."""
        return f"{self.prefix}{group}" if self.partitions == 1 else f"{self.prefix}{group}.{partition}"

    def past(self, group: str, partition: int) -> str:
        """Return the queue of what a partition has taken over."""
        return f"{self.prefix}{group}.{partition}.past"

    def state(self, group: str, partition: int) -> str:
        """Return the queue of a partition's state."""
        return f"{self.prefix}{group}.{partition}.state"

    def dead(self, group: str) -> str:
        """Return the queue of a group's dead letters."""
        return f"{self.prefix}{group}.dead"

    def instances(self, group: str) -> str:
        """Return the exchange on which a group's instances talk."""
        return f"{self.prefix}{group}.instances"

    def starting(self, group: str) -> str:
        """Return the lock that an instance has while it prepares the group's queues."""
        return f"{self.prefix}{group}.starting.lock"

    def partition(self, slot: int) -> int:
        """Return the partition that a slot belongs to."""
        return slot % self.partitions

    def bindings(self, type: str) -> Iterable[tuple[int, str]]:
        """Yield partitions with the routing keys of a type that belong to them."""
        yield 0, type  # of publishers that know no slots
        for slot in range(SLOTS):
            yield self.partition(slot), f"{type}.{slot}"


def routing_key(envelope: Envelope) -> str:
    """Return the routing key of an event."""
    return f"{envelope.type}.{partition_of(envelope, SLOTS)}"


def type_and_slot(key: str) -> tuple[str, int]:
    """Return what a routing key says: the type, and the slot, which is 0 where it names none."""
    found = _SLOT.fullmatch(key)
    return (found[1], int(found[2])) if found else (key, 0)
