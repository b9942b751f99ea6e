"""JetStream's API, as far as the bus uses it: JSON requests, and answers that may be errors.

https://docs.nats.io/reference/reference-protocols/nats_api_reference
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from eventkit.bus.nats.connection import Connection
from eventkit.bus.nats.names import Names
from eventkit.bus.nats.requests import ANSWER_WITHIN, API, NoResponders, header_lines
from eventkit.contract.errors import BusError

# Numbers of JetStream's errors (server/errors.json).
NO_STREAM: Final = 10059
NOTHING_THERE: Final = {10037, 10057, 10043, NO_STREAM}
TOO_LARGE: Final = 10054
OTHER_CONFIGURATION: Final = 10058
OVERLAP: Final = 10065
OTHER_REVISION: Final = {10071, 10164}
NOT_READY: Final = {10008, 10167}
_NOT_STORED: Final = 10077

# What a number means, and what to do about it.
_MEANINGS: Final[Mapping[int, tuple[str, str]]] = {
    10039: ("JetStream is off for this account", "switch it on in the server's configuration"),
    10076: ("JetStream is off", "start the server with -js, or `jetstream {}` in its configuration"),
    10074: ("the server is no cluster, and cannot keep replicas", "connect with replicas=1"),
    10005: ("the cluster has too few servers for its replicas", "connect with fewer `replicas`"),
    10008: ("JetStream is not ready", "see whether the cluster has a leader"),
    10047: ("JetStream has no room left", "give it more with `max_file_store`"),
    10023: ("JetStream has no room left", "give it more"),
    TOO_LARGE: ("the message is too large for the stream", "send less, or a reference to it"),
}


class APIError(BusError):
    """JetStream refused something.

    Args:
        number: The number of the error.
        what: What it says.
        where: The bus.
        mend: What to do about it.
    """

    number = 0

    @classmethod
    def of(cls, error: Mapping[str, Any], subject: str, where: str) -> APIError:
        """Return the error of an answer.

        Args:
            error: As the server tells it.
            subject: What was asked.
            where: The bus.
        """
        number = int(error.get("err_code", 0))
        meaning = _MEANINGS.get(number)
        if meaning is None:
            description = str(error.get("description", error))
            meaning = f"JetStream says of {subject}: {description}", "see the server's log"
            if number == _NOT_STORED and description.startswith("maximum"):
                meaning = (
                    f"the stream that takes {subject} is full: {description}",
                    "give it more room with `max_bytes`",
                )
        refused = cls(meaning[0], where=where, mend=meaning[1])
        refused.number = number
        return refused


@dataclass(frozen=True, slots=True)
class Stored:
    """A message in a stream.

    Args:
        subject: Its subject.
        sequence: Its place in the stream.
        headers: As they came, with their first line; empty without headers.
        data: Its data.
        at: When it was stored, by the server's clock.
    """

    subject: str
    sequence: int
    headers: bytes
    data: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class StreamState:
    """What is in a stream.

    Args:
        made: When it was made, which tells it from another one of its name.
        first: The place of its first message, or of the next one where there is none.
        last: The place of its last message.
    """

    made: str
    first: int
    last: int


class JetStream:
    """Talks to JetStream.

    Args:
        connection: The connection.
        names: What the bus calls things.
    """

    def __init__(self, connection: Connection, names: Names) -> None:
        self.connection = connection
        self.names = names
        self._where = connection.where

    async def call(self, subject: str, question: Mapping[str, object], within: float = ANSWER_WITHIN) -> dict[str, Any]:
        """Return the answer to a request.

        Args:
            subject: What follows `$JS.API.`.
            question: Sent as JSON.
            within: Seconds to wait.

        Raises:
            APIError: It was refused.
            BusError: There was no answer.
        """
        data = json.dumps(question).encode() if question else b""
        try:
            answer = json.loads(await self.connection.request(API + subject, data, within=within))
        except NoResponders:
            raise APIError.of({"err_code": 10076}, subject, self._where) from None
        if "error" in answer:
            raise APIError.of(answer["error"], subject, self._where)
        return dict(answer)

    async def ping(self) -> None:
        """Have JetStream answer; raises BusError."""
        await self.call("INFO", {})

    def silence(self) -> BusError:
        """Return the error of who gets no answer."""
        return self.connection.silence(API)

    async def store(self, subject: str, headers: Mapping[str, str], data: bytes) -> int:
        """Store a message; return its place in its stream. Raises APIError; NoResponders where no stream takes it."""
        answer = json.loads(await self.connection.request(subject, data, header_lines(headers)))
        if "error" in answer:
            raise APIError.of(answer["error"], subject, self._where)
        return int(answer["seq"])

    async def state(self, stream: str) -> StreamState | None:
        """Return what is in a stream; None where there is no such stream."""
        try:
            info = await self.call(f"STREAM.INFO.{stream}", {})
        except APIError as error:
            if error.number == NO_STREAM:
                return None
            raise
        state = info["state"]
        return StreamState(str(info["created"]), max(int(state["first_seq"]), 1), int(state["last_seq"]))

    async def streams(self) -> list[str]:
        """Return the names of all streams."""
        names: list[str] = []
        while True:
            answer = await self.call("STREAM.NAMES", {"offset": len(names)})
            found = answer.get("streams") or ()
            names += found
            if not found or len(names) >= int(answer["total"]):
                return names

    async def subjects(self, stream: str, pattern: str) -> dict[str, int]:
        """Return the subjects of a stream that fit a pattern, and how many messages each has; none without a stream."""
        counts: dict[str, int] = {}
        while True:
            try:
                info = await self.call(f"STREAM.INFO.{stream}", {"subjects_filter": pattern, "offset": len(counts)})
            except APIError as error:
                if error.number == NO_STREAM:
                    return {}
                raise
            found = info["state"].get("subjects") or {}
            counts |= found
            if not found or len(counts) >= int(info.get("total", 0)):
                return counts

    async def stored(self, stream: str, **which: object) -> Stored | None:
        """Return a message; None where there is none, or no such stream.

        Args:
            stream: The stream.
            which: `seq`, `last_by_subj`, or `seq` with `next_by_subj`.
        """
        try:
            # Of the stream's leader: what was stored is seen.
            message = (await self.call(f"STREAM.MSG.GET.{stream}", which))["message"]
        except APIError as error:
            if error.number in NOTHING_THERE:
                return None
            raise
        return Stored(
            message["subject"],
            message["seq"],
            base64.b64decode(message.get("hdrs", "")),
            base64.b64decode(message.get("data", "")),
            datetime.fromisoformat(message["time"]),
        )

    async def remove(self, stream: str, sequence: int) -> bool:
        """Remove a message; tell whether it was there."""
        try:
            await self.call(f"STREAM.MSG.DELETE.{stream}", {"seq": sequence, "no_erase": True})
        except APIError as error:
            if error.number in NOTHING_THERE:
                return False
            raise
        return True
