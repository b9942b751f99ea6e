"""Dead letters: one queue for each group.

A message there is the event as it came, with one more header that says why. Reading takes messages out and puts them
back, so there is one who reads a queue at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import Any, Final, cast

from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from eventkit.bus.amqp.browse import browsing
from eventkit.bus.amqp.connection import Link
from eventkit.bus.amqp.errors import answered
from eventkit.bus.amqp.frames import PERSISTENT
from eventkit.bus.amqp.groups import Groups
from eventkit.bus.amqp.messages import from_message, headers_of, identity, to_message
from eventkit.bus.amqp.names import Names
from eventkit.bus.amqp.publisher import Publisher
from eventkit.bus.amqp.window import Place
from eventkit.bus.protocol import DeadLetter
from eventkit.contract.codec import to_headers
from eventkit.contract.envelope import Envelope, new_id
from eventkit.delivery.subscription import Dead, Delivery, Failure, Reason

_HEADER: Final = "eventkit-dead"
# All headers travel in one frame, of 128 KiB by default.
_LONGEST_NOTE: Final = 20_000
_LONGEST_HEADERS: Final = 90_000
_SHORT_ERROR: Final = 100
_MOST_FAILURES: Final = 50
_BY_BROKER: Final = {
    "delivery_limit": "RabbitMQ gave it up, because a delivery limit is set on the queue and it came back too often",
    "expired": "RabbitMQ removed it, because a time to live is set on the queue",
    "maxlen": "RabbitMQ removed it, because a length is set on the queue",
}


class AMQPDeadLetters:
    """The dead letters of a bus.

    Args:
        link: The connection on which they are read.
        publisher: Where they are put and replayed.
        names: What things are called.
        groups: Which groups there are.
    """

    def __init__(self, link: Link, publisher: Publisher, names: Names, groups: Groups) -> None:
        self._link = link
        self._publisher = publisher
        self._names = names
        self._groups = groups

    async def add(self, group: str, dead: Dead) -> None:
        """Keep a delivery that was given up; raises Blocked soon, or BusError."""
        place = cast(Place, dead.delivery.token)
        body, properties = _message_of(dead.delivery, place)
        note = {
            "id": new_id(),
            "queue": self._names.queue(group, place.partition),
            "reason": dead.reason,
            "at": datetime.now(UTC).isoformat(),
            "failures": _failures((*dead.delivery.failures, dead.failure)),
        }
        properties.headers = {**(properties.headers or {}), _HEADER: json.dumps(note)}
        await self._publisher.publish_now(body, properties, "", self._names.dead(group))

    async def list(self, *, group: str | None = None, limit: int = 100) -> Sequence[DeadLetter]:
        """Return the oldest dead letters, of one group or of all."""
        groups = sorted((await self._groups.read()).groups) if group is None else [group]
        found = [await self._oldest(each, limit) for each in groups]
        return list(islice(merge(*found, key=lambda letter: letter.at), limit))

    async def get(self, id: str) -> DeadLetter | None:
        """Return one dead letter."""
        group = _group_of(id)
        async with browsing(self._link, self._names.dead(group)) as (_, messages):
            async for message in messages:
                if (letter := _letter(group, message)).id == id:
                    return letter
        return None

    async def replay(self, ids: Collection[str]) -> int:
        """Hand dead letters to their group again; return how many there were.

        RabbitMQ has no step that takes from one queue and puts into another. One that was put back and not removed,
        because the connection broke in between, may be replayed twice.
        """
        return sum([await self._remove(group, wanted, replay=True) for group, wanted in _by_group(ids).items()])

    async def drop(self, ids: Collection[str]) -> int:
        """Remove dead letters for good; return how many there were."""
        return sum([await self._remove(group, wanted, replay=False) for group, wanted in _by_group(ids).items()])

    async def _oldest(self, group: str, limit: int) -> Sequence[DeadLetter]:
        async with browsing(self._link, self._names.dead(group), limit) as (_, messages):
            return [_letter(group, message) async for message in messages]

    async def _remove(self, group: str, wanted: set[str], *, replay: bool) -> int:
        count = 0
        async with browsing(self._link, self._names.dead(group)) as (channel, messages):
            async for message in messages:
                id = _letter(group, message).id
                if id not in wanted:
                    continue
                if replay:
                    await self._put_back(group, message)
                async with answered(self._link.where):
                    await channel.basic_ack(message.delivery_tag or 0)
                wanted.remove(id)
                count += 1
                if not wanted:
                    break
        return count

    async def _put_back(self, group: str, message: DeliveredMessage) -> None:
        properties = message.header.properties
        queue = str(_note(message).get("queue") or _death(message).get("queue") or self._names.queue(group, 0))
        headers = {name: value for name, value in (properties.headers or {}).items() if not _is_ours(name)}
        again = Basic.Properties(
            content_type=properties.content_type,
            content_encoding=properties.content_encoding,
            delivery_mode=PERSISTENT,
            headers=headers,
        )
        await self._publisher.publish(message.body, again, "", queue)


def _message_of(delivery: Delivery, place: Place) -> tuple[bytes, Basic.Properties]:
    message = delivery.message
    if isinstance(message, Envelope):
        return to_message(message)
    came = place.properties or Basic.Properties()
    headers: dict[str, Any] = {}
    size = 0
    for name, value in (came.headers or {}).items():
        size += len(name) + len(str(value).encode())
        if size > _LONGEST_HEADERS:
            break
        headers[name] = value
    return message.body, Basic.Properties(
        content_type=came.content_type,
        content_encoding=came.content_encoding,
        delivery_mode=PERSISTENT,
        headers=headers,
    )


def _failures(failures: Sequence[Failure]) -> list[list[str]]:
    told = [[each.at.isoformat(), each.error] for each in failures]
    if len(json.dumps(told)) <= _LONGEST_NOTE:
        return told
    return [[at, error[:_SHORT_ERROR]] for at, error in told[-_MOST_FAILURES:]]


def _letter(group: str, message: DeliveredMessage) -> DeadLetter:
    note = _note(message)
    event = from_message(message)
    if isinstance(event, Envelope):
        type_, headers, body = event.type, to_headers(event), event.data
    else:
        type_, body = "", event.body
        headers = {name: value for name, value in event.headers.items() if not _is_ours(name)}
    if note:
        failures = tuple(Failure(datetime.fromisoformat(at), error) for at, error in note["failures"])
        return DeadLetter(
            f"{group}/{note['id']}", group, type_, Reason(note["reason"]), failures, headers, body,
            datetime.fromisoformat(note["at"]),
        )  # fmt: skip
    death = _death(message)
    at = death.get("time") or datetime.now(UTC)
    why = str(death.get("reason"))
    error = _BY_BROKER.get(why, f"RabbitMQ put it here ({why})")
    id = hashlib.blake2b(f"{identity(event)}{death}".encode(), digest_size=12).hexdigest()
    reason = Reason.CRASHED if why == "delivery_limit" else Reason.FAILED
    return DeadLetter(f"{group}/{id}", group, type_, reason, (Failure(at, error),), headers, body, at)


def _note(message: DeliveredMessage) -> dict[str, Any]:
    note = headers_of(message.header.properties).get(_HEADER)
    return json.loads(note) if isinstance(note, str) else {}


def _death(message: DeliveredMessage) -> dict[str, Any]:
    deaths = headers_of(message.header.properties).get("x-death")
    return deaths[0] if isinstance(deaths, list) and deaths and isinstance(deaths[0], dict) else {}


def _is_ours(name: str) -> bool:
    """Tell whether a header was added when or before the message became a dead letter."""
    return name == _HEADER or name.startswith(("x-death", "x-first-death", "x-last-death", "x-delivery-count"))


def _group_of(id: str) -> str:
    return id.rpartition("/")[0]


def _by_group(ids: Collection[str]) -> dict[str, set[str]]:
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for id in ids:
        if group := _group_of(id):
            groups[group].add(id)
    return groups
