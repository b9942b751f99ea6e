"""Dead letters: a stream of messages as they came, each with a header that says what happened.

Replaying puts a message into another stream, from which its group alone reads, and removes the dead letter when it is
there. A process that ends between the two leaves the dead letter; replaying it again within two minutes puts no second
message there, because the server knows it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from eventkit.bus.nats.jetstream import JetStream, Stored
from eventkit.bus.nats.messages import MESSAGE_ID, read_headers
from eventkit.bus.nats.names import is_type
from eventkit.bus.nats.requests import header_lines
from eventkit.bus.protocol import DeadLetter
from eventkit.contract.codec import to_headers
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Dead, Failure, Reason

_ABOUT: Final = "Eventkit-Dead"
_NO_TYPE: Final = "unreadable"
_ROOM_FOR_NAMES: Final = 1_024  # bytes of the other headers


async def bury(jetstream: JetStream, group: str, dead: Dead, partition: int, log: str, place: int) -> None:
    """Store a dead letter; raises BusError.

    Args:
        jetstream: The server.
        group: The group that could not handle it.
        dead: What happened.
        partition: Its partition, to which it goes when it is replayed.
        log: Where it was read: a type, or what was replayed.
        place: Its place there, so that it is stored once.
    """
    message = dead.delivery.message
    if isinstance(message, Envelope):
        type, headers, body = message.type, to_headers(message), message.data
        id, subject = f"{headers['ce-source']}/{headers['ce-id']}", message.type
    else:
        type, headers, body = "", dict(message.headers), message.body
        id, subject = "", log
    about: dict[str, Any] = {
        "group": group,
        "type": type,
        "partition": partition,
        "subject": subject if is_type(subject) else _NO_TYPE,
        "reason": dead.reason.value,
        "at": datetime.now(UTC).isoformat(),
    }
    room = jetstream.connection.max_payload - len(body) - len(header_lines(headers)) - _ROOM_FOR_NAMES
    headers.pop(_ABOUT, None)
    headers[_ABOUT] = _with_failures(about, (*dead.delivery.failures, dead.failure), room)
    headers[MESSAGE_ID] = f"{group}/{log}/{place}/{id}"
    await jetstream.store(jetstream.names.dead_subject(group, about["subject"]), headers, body)


def _with_failures(about: dict[str, Any], failures: Sequence[Failure], room: int) -> str:
    """Return what is known of a dead letter as JSON; texts of errors are shortened as far as that is needed."""
    length = max(len(each.error) for each in failures)
    while True:
        about["failures"] = [[each.at.isoformat(), each.error[:length]] for each in failures]
        text = json.dumps(about)
        if len(text) <= room or not length:
            return text
        length //= 2


class NATSDeadLetters:
    """The dead letters of a bus.

    Args:
        jetstream: The server.
    """

    def __init__(self, jetstream: JetStream) -> None:
        self._jetstream = jetstream
        self._names = jetstream.names

    async def list(self, *, group: str | None = None, limit: int = 100) -> Sequence[DeadLetter]:
        """Return the oldest dead letters, of one group or of all."""
        found: list[DeadLetter] = []
        subject = self._names.all_dead if group is None else self._names.dead_subject(group, ">")
        place = 1
        while len(found) < limit:
            stored = await self._jetstream.stored(self._names.dead, seq=place, next_by_subj=subject)
            if stored is None:
                break
            found.append(_dead_letter(stored, self._names.dead))
            place = stored.sequence + 1
        return found

    async def get(self, id: str) -> DeadLetter | None:
        """Return one dead letter."""
        stored = await self._stored(id)
        return None if stored is None else _dead_letter(stored, self._names.dead)

    async def replay(self, ids: Collection[str]) -> int:
        """Hand dead letters to their group again; return how many there were."""
        count = 0
        for id in sorted(set(ids), key=_number):
            stored = await self._stored(id)
            if stored is not None:
                about, headers = _parts(stored, self._names.dead)
                headers[MESSAGE_ID] = f"replay/{stored.sequence}/{stored.at.isoformat()}"
                subject = self._names.replay_subject(about["group"], about["partition"], about["subject"])
                await self._jetstream.store(subject, headers, stored.data)
                count += await self._jetstream.remove(self._names.dead, stored.sequence)
        return count

    async def drop(self, ids: Collection[str]) -> int:
        """Remove dead letters for good; return how many there were."""
        return sum([await self._jetstream.remove(self._names.dead, _number(id)) for id in set(ids) if _number(id)])

    async def _stored(self, id: str) -> Stored | None:
        return await self._jetstream.stored(self._names.dead, seq=_number(id)) if _number(id) else None


def _number(id: str) -> int:
    return int(id) if id.isascii() and id.isdigit() and len(id) < 19 else 0


def _parts(stored: Stored, stream: str) -> tuple[Mapping[str, Any], dict[str, str]]:
    headers = read_headers(stored.headers)
    try:
        about: Mapping[str, Any] = json.loads(headers.pop(_ABOUT))
    except (KeyError, ValueError) as error:
        raise BusError(
            f"message {stored.sequence} in {stream} is no dead letter",
            mend=f"remove it: nats stream rmm {stream} {stored.sequence}",
        ) from error
    return about, headers


def _dead_letter(stored: Stored, stream: str) -> DeadLetter:
    about, headers = _parts(stored, stream)
    return DeadLetter(
        id=str(stored.sequence),
        group=about["group"],
        type=about["type"],
        reason=Reason(about["reason"]),
        failures=tuple(Failure(datetime.fromisoformat(at), error) for at, error in about["failures"]),
        headers=headers,
        body=stored.data,
        at=datetime.fromisoformat(about["at"]),
    )
