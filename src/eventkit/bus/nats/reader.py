"""`Reader`: reads one partition of one stream, from a place on, and never loses its place.

It reads with a pull consumer that nobody else uses and that remembers nothing of importance: how far the group got is
in the group's documents. Requests for messages are sent ahead, for as many as there is room for. Whenever something may
be missing - a new connection, a gap in the consumer's numbering, a consumer that is gone or silent - the reader makes a
new consumer that begins where it is.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from eventkit.bus.nats.connection import Connection, Listener
from eventkit.bus.nats.jetstream import JetStream, StreamState
from eventkit.bus.nats.requests import API
from eventkit.contract.errors import BusError
from eventkit.contract.retry import Retry
from eventkit.delivery.policy import pause

_MOST_BYTES: Final = 4_194_304  # of one request, and of what is here and asked for, as far as that can be foreseen
_EXPIRES: Final = 30.0  # seconds after which a request ends
_HEARTBEAT: Final = 5.0  # seconds of silence after which the server shows that it is there
_SILENCE: Final = 2.5 * _HEARTBEAT
_FORGOTTEN_AFTER: Final = 300.0  # seconds without requests after which the server removes a consumer
_NANO: Final = 1_000_000_000
_AGAIN: Final = Retry(delay=0.05, factor=2, max_delay=2, jitter=0.5)

Take = Callable[[int, bytes, bytes, bytes | None], None]
"""Takes a message: its place in the stream, its subject, its data and its headers."""

logger: Final = logging.getLogger("eventkit.bus.nats")


class Reader:
    """Reads one partition of one stream.

    Args:
        jetstream: The server.
        stream: The stream.
        name: What its consumers' names begin with.
        subjects: What is read; a server before 2.10 sends all that is in the stream.
        made: When the stream was made.
        first: The place of the first message to be read.
        take: Is called with each message, in order.
        window: Tells how many messages may be here and asked for.
        here: Tells how many are here.
        lost: Is called with the first place that is left, where messages went before they were read.
        gone: Is called when the stream is gone, or another one stands in its place.
    """

    def __init__(
        self,
        jetstream: JetStream,
        stream: str,
        name: str,
        subjects: Sequence[str],
        made: str,
        first: int,
        take: Take,
        window: Callable[[], int],
        here: Callable[[], int],
        lost: Callable[[int], None],
        gone: Callable[[], None],
    ) -> None:
        self.stream = stream
        self.next = max(first, 1)
        """The place from which it reads on."""
        self._jetstream = jetstream
        self._connection: Connection = jetstream.connection
        self._name = name
        self._subjects = subjects
        self._take = take
        self._window = window
        self._here = here
        self._size = 0  # bytes of a message, about
        self._made = made
        self._lost = lost
        self._gone = gone
        self._consumer = ""
        self._listener: Listener | None = None
        self._wanted = 0
        self._asked = 0
        self._count = 0
        self._heard = False  # since the last look, the server has shown that it is there
        self._asked_before = False  # at the last look, there was a request
        self._ask_subject = self._inbox = ""
        self._broken = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    def stop(self) -> None:
        """Read no more."""
        self._task.cancel()
        self._end_consumer()

    def restart(self) -> None:
        """Make a new consumer."""
        self._broken.set()

    def refill(self) -> None:
        """Ask for more where there is room."""
        if self._listener is None:
            return
        window = self._window()
        if self._size * window > _MOST_BYTES:
            window = max(1, _MOST_BYTES // self._size)
        count = window - self._here() - self._wanted
        if count >= max(1, window // 4, self._wanted):  # a request for fewer does not pay
            self._ask(count)

    async def _read(self) -> None:
        tries = 0
        while True:
            try:
                self._broken.clear()
                if not await self._is_still_there():
                    self._gone()
                    return
                await self._begin_consumer()
                tries = 0
                await self._until_broken()
            except BusError as error:
                tries += 1
                if tries == 1:
                    logger.warning("%s cannot be read, and is tried until it can: %s", self.stream, error)
                await asyncio.sleep(pause(_AGAIN, tries, random.random))
            finally:
                self._end_consumer()

    async def look(self, state: StreamState) -> None:
        """Compare what was read with what is in the stream; raises BusError."""
        if state.made != self._made or state.first > self.next:
            self._broken.set()
        elif self._consumer and state.last >= self.next:
            count, consumer = self._count, self._consumer
            info = await self._jetstream.call(f"CONSUMER.INFO.{self.stream}.{consumer}", {})
            # All up to the last message has come that is to come: from there on there may be something to be missed.
            if not info["num_pending"] and info["delivered"]["consumer_seq"] == count == self._count:
                self.next = max(self.next, state.last + 1)

    async def _is_still_there(self) -> bool:
        state = await self._jetstream.state(self.stream)
        if state is None or state.made != self._made:
            return False
        if state.first > self.next:
            self._lost(state.first)
            self.next = state.first
        return True

    async def _begin_consumer(self) -> None:
        name = f"{self._name}-{random.getrandbits(32):08x}"
        several = len(self._subjects) > 1
        config = {
            "name": name,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self.next,
            "ack_policy": "none",
            "replay_policy": "instant",
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": int(_FORGOTTEN_AFTER * _NANO),
            **({"filter_subjects": list(self._subjects)} if several else {"filter_subject": self._subjects[0]}),
        }
        # A server that is older than 2.10 does not know `filter_subjects`, and sends everything: that is sorted out.
        subject = f"CONSUMER.CREATE.{self.stream}.{name}"
        if not several:
            subject += f".{self._subjects[0]}"
        await self._jetstream.call(subject, {"stream_name": self.stream, "config": config})
        self._consumer = name
        self._count = self._wanted = 0
        self._asked_before = False
        inbox = f"_INBOX.ek{random.getrandbits(64):016x}"
        self._ask_subject = f"{API}CONSUMER.MSG.NEXT.{self.stream}.{name}"
        self._inbox = inbox
        self._listener = self._connection.listen(inbox, self._message)
        self.refill()

    def _end_consumer(self) -> None:
        if self._listener is not None:
            self._connection.ignore(self._listener)
            self._listener = None
        if self._consumer:
            self._connection.tell(f"{API}CONSUMER.DELETE.{self.stream}.{self._consumer}")
            self._consumer = ""

    async def _until_broken(self) -> None:
        while not self._broken.is_set():
            heard, self._heard = self._count, False
            with suppress(TimeoutError):
                async with asyncio.timeout(_SILENCE):
                    await self._broken.wait()
            if self._asked_before and not self._heard and self._count == heard:
                return
            self._asked_before = self._wanted > 0

    def _ask(self, count: int) -> None:
        self._wanted += count
        self._asked = self._wanted
        question = {
            "batch": count,
            "expires": int(_EXPIRES * _NANO),
            "idle_heartbeat": int(_HEARTBEAT * _NANO),
            "max_bytes": _MOST_BYTES,
        }
        self._connection.tell(self._ask_subject, json.dumps(question).encode(), self._inbox)

    def _message(self, subject: bytes, reply: bytes, data: bytes, headers: bytes | None) -> None:
        if not reply:
            self._status(headers or b"")
            return
        # $JS.ACK.<stream>.<consumer>.<deliveries>.<place>.<number>.<time>.<left>, or with a domain and an account
        # before the stream and perhaps a token at the end.
        words = reply.split(b".")
        place, number = (words[5], words[6]) if len(words) == 9 else (words[7], words[8])
        self._count += 1
        if int(number) != self._count:
            self._broken.set()
        if self._broken.is_set():
            return
        self._wanted -= 1
        self._size += (len(data) - self._size) >> 3
        sequence = int(place)
        self._take(sequence, subject, data, headers)
        self.next = sequence + 1
        if self._wanted < self._asked // 4:
            self.refill()

    def _status(self, headers: bytes) -> None:
        self._heard = True
        status = headers[9:12]
        if status == b"100":  # a heartbeat
            return
        _, found, rest = headers.partition(b"Nats-Pending-Messages:")
        if status in (b"408", b"409") and found:
            # A request has ended, with so many not delivered.
            self._wanted -= int(rest.partition(b"\r\n")[0])
            self.refill()
        else:
            self._broken.set()
