"""`Requests`: what was asked of the server and is not answered yet, asked again until it is, or its time is up.

All that is asked is safe to be asked twice: events carry an id by which the server knows them, documents the revision
that they replace, and the rest declares or reads. So a request whose answer is lost is sent again, after some time and
on each new connection.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from eventkit.bus.nats.client import Client
from eventkit.bus.nats.denial import Denial
from eventkit.contract.errors import BusError

API: Final = "$JS.API."
"""What the subjects of JetStream's own API begin with."""
ANSWER_WITHIN: Final = 10.0
"""Seconds after which a request has failed."""
_ASK_AGAIN: Final = 2.0  # seconds without an answer
_LOOK: Final = 0.5  # how often unanswered requests are looked at, in seconds


class NoResponders(BusError):
    """Nothing in the server takes what was sent to a subject."""


@dataclass(slots=True, eq=False)
class _Request:
    subject: str
    command: bytes
    answer: asyncio.Future[bytes]
    sent: float
    until: float


class Requests:
    """The requests of one time of being open.

    Args:
        where: The bus, for messages.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._client: Client | None = None
        self._pending: dict[bytes, _Request] = {}
        self._numbers = itertools.count(1)
        self._inbox = b"_INBOX.ek%016x." % random.getrandbits(64)
        self._subject = f"{self._inbox.decode()}*"
        self._number = 0  # of the subscription to answers; 0 where there is none
        self._looking: asyncio.TimerHandle | None = None
        self._ended: BusError | None = None

    def begin(self, client: Client) -> None:
        """Go on with a new connection."""
        self._client = client
        self._number = client.route(self._subject, self._answer)
        now = asyncio.get_running_loop().time()
        for request in self._pending.values():
            request.sent = now
            client.send(request.command)

    def pause(self) -> None:
        """There is no connection."""
        self._client = None

    def end(self, error: BusError) -> None:
        """Fail what is not answered, and what will be asked."""
        self._ended = error
        self._client = None
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        for request in self._pending.values():
            if not request.answer.done():
                request.answer.set_exception(error)
        self._pending.clear()

    async def ask(self, subject: str, data: bytes, headers: bytes, within: float) -> bytes:
        """Return the answer to a request that is safe to be asked twice.

        Args:
            subject: Who is asked.
            data: The question.
            headers: Headers, with their first line and the empty one; none where it is empty.
            within: Seconds to wait.

        Raises:
            NoResponders: Nobody listens.
            BusError: There was no answer in time, or the user lacks a right.
        """
        if self._ended is not None:
            raise self._ended
        loop = asyncio.get_running_loop()
        now = loop.time()
        inbox = b"%b%x" % (self._inbox, next(self._numbers))
        question = command(subject, inbox, headers, data)
        request = self._pending[inbox] = _Request(subject, question, loop.create_future(), now, now + within)
        if self._client is not None:
            if not self._number:  # it was denied, and may be allowed by now
                self._number = self._client.route(self._subject, self._answer)
            self._client.send(question)
        if self._looking is None:
            self._looking = loop.call_later(_LOOK, self._look)
        try:
            return await request.answer
        finally:
            self._pending.pop(inbox, None)

    def deny(self, denial: Denial) -> None:
        """Fail what needs a right that the user lacks: the server sends no answer to it."""
        is_deaf = denial.verb == "subscribe" and denial.subject == self._subject
        if is_deaf:
            self._number = 0
        for request in self._pending.values():
            is_meant = is_deaf or (denial.verb == "publish" and denial.subject == request.subject)
            if is_meant and not request.answer.done():
                request.answer.set_exception(denial.error(self._where))

    def silence(self, subject: str = "") -> BusError:
        """Return the error of who gets no answer.

        Args:
            subject: What was asked.
        """
        if self._client is None:
            return BusError("there is no connection to a server", where=self._where, mend="see whether it is up")
        if subject.startswith(API):
            return BusError(
                "JetStream does not answer",
                where=self._where,
                mend="see whether its server is up, and whether a cluster has a leader: `nats server report jetstream`",
            )
        return BusError("the server does not answer", where=self._where, mend="see whether it is up")

    def _answer(self, subject: bytes, reply: bytes, data: bytes, headers: bytes | None) -> None:
        request = self._pending.get(subject)
        if request is None or request.answer.done():
            return
        if headers is not None and not data and headers.startswith(b"NATS/1.0 503"):
            request.answer.set_exception(
                NoResponders("nothing in the server takes this", where=self._where, mend="see whether JetStream is on")
            )
        else:
            request.answer.set_result(data)

    def _look(self) -> None:
        """Ask again what was not answered, and give up what has no time left."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for request in self._pending.values():
            if request.answer.done():
                continue
            if now >= request.until:
                request.answer.set_exception(self.silence(request.subject))
            elif now >= request.sent + _ASK_AGAIN and self._client is not None:
                request.sent = now
                self._client.send(request.command)
        self._looking = loop.call_later(_LOOK, self._look) if self._pending else None


def command(subject: str, reply: bytes, headers: bytes, data: bytes) -> bytes:
    """Return a message as it is sent."""
    if headers:
        length = len(headers)
        return b"HPUB %b %b %d %d\r\n%b%b\r\n" % (subject.encode(), reply, length, length + len(data), headers, data)
    return b"PUB %b %b %d\r\n%b\r\n" % (subject.encode(), reply, len(data), data)


def header_lines(headers: Mapping[str, str]) -> bytes:
    """Return headers as they are sent; their names and values hold no ends of lines."""
    return ("NATS/1.0\r\n" + "".join([f"{name}: {value}\r\n" for name, value in headers.items()]) + "\r\n").encode()
