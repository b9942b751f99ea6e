"""What a group has taken over from before its queues were bound, and reads before all that came after.

While `unrouted` is emptied, what is published goes straight to the queues of the group's partitions already. RabbitMQ
has no way to put something in front of it. So what is taken over goes to a queue beside each partition's own, its
*past*; a message that is no event, its *end*, follows when all is there. Whoever reads the partition reads the past
first, and the partition's own queue from the end on. When all of the past is settled its queue is deleted, which tells
those that wait for their turn there to wait at the partition's own queue.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from eventkit.bus.amqp.frames import PERSISTENT
from eventkit.bus.amqp.publisher import Publisher

ENDS: Final = 100
"""How many ends a reader has room for, beside events: it acknowledges none. There is more than one after crashes."""
_END: Final = "eventkit.end"


@dataclass(frozen=True, slots=True)
class Past:
    """The past of one partition.

    Args:
        queue: Its queue.
        end: The end that all of it stands before.
        settled: Deletes the queue when all before an end is settled; returns False where it goes on after this end.
    """

    queue: str
    end: str
    settled: Callable[[str], Awaitable[bool]]


async def end(publisher: Publisher, queue: str, id: str) -> None:
    """Put the end into a queue.

    Args:
        publisher: Where it is published.
        queue: The queue.
        id: Tells one end from another.

    Raises:
        Unroutable: There is no such queue.
        BusError: RabbitMQ cannot be used.
    """
    properties = Basic.Properties(message_type=_END, message_id=id, delivery_mode=PERSISTENT)
    await publisher.publish(b"", properties, "", queue)


def end_of(message: DeliveredMessage) -> str | None:
    """Return which end a message is; None where it is none."""
    properties = message.header.properties
    return properties.message_id if properties.message_type == _END else None
