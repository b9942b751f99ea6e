"""Publishing: one request for each event, as many at once as there are publishers."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Final

from eventkit.bus.nats.connection import Connection
from eventkit.bus.nats.jetstream import NOT_READY, TOO_LARGE, APIError, JetStream
from eventkit.bus.nats.messages import header_bytes
from eventkit.bus.nats.requests import ANSWER_WITHIN, NoResponders
from eventkit.bus.nats.topology import Topology
from eventkit.bus.partitions.keys import partition_of
from eventkit.bus.silence import while_answered
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, ConfigurationError, PublishError, RefusedError

ROOM_FOR_FAILURES: Final = 16_384
"""Bytes that an event leaves free, for what failed if it becomes a dead letter."""
_PAUSE: Final = 0.1  # seconds between two tries of what the server cannot take at the moment


class Publisher:
    """Publishes events.

    Args:
        jetstream: The server.
        topology: Makes the streams.
        partitions: How many partitions there are.
    """

    def __init__(self, jetstream: JetStream, topology: Topology, partitions: int) -> None:
        self._jetstream = jetstream
        self._connection: Connection = jetstream.connection
        self._names = jetstream.names
        self._topology = topology
        self._partitions = partitions
        self._subjects: dict[str, str] = {}  # of types whose streams are there
        self._beginning: dict[str, asyncio.Task[None]] = {}  # by streams

    def begin(self) -> None:
        """Know nothing of streams: the bus is being opened."""
        self._subjects.clear()

    async def publish(self, envelope: Envelope) -> None:
        """Store one event; raises PublishError."""
        connection, type = self._connection, envelope.type
        try:
            if not connection.is_open:
                raise connection.not_open()
            subject = self._subjects.get(type) or await self._begin(type)
            headers = header_bytes(envelope)
            self._require_room(envelope, len(headers))
            subject = f"{subject}.{partition_of(envelope, self._partitions)}"
            try:
                answer = await connection.request(subject, envelope.data, headers, within=ANSWER_WITHIN)
            except NoResponders:
                answer = b""
            # What JetStream says of what it has stored: {"stream":"order-stream","seq":5}
            if not answer.startswith(b'{"stream":'):
                await self._try_again(type, subject, envelope.data, headers, answer)
        except (BusError, ConfigurationError) as error:
            raise PublishError(error.what, where=error.where, mend=error.mend) from error

    async def _begin(self, type: str) -> str:
        """See to the stream of a type; return its subject."""
        stream = self._names.stream(type)
        if stream not in map(self._names.stream, self._subjects):
            beginning = self._beginning.get(stream)
            if beginning is None:  # once for all who begin together
                beginning = self._beginning[stream] = asyncio.create_task(self._declare(type))
                beginning.add_done_callback(partial(self._begun, stream))
            await asyncio.shield(beginning)
        subject = self._subjects[type] = self._names.subject(type)
        return subject

    async def _declare(self, type: str) -> None:
        if self._subjects:
            await self._topology.declare([type])
        else:  # the first one of all belongs to the start
            async with while_answered(self._jetstream.ping, self._jetstream.silence):
                await self._topology.declare([type])

    def _begun(self, stream: str, beginning: asyncio.Task[None]) -> None:
        del self._beginning[stream]
        if not beginning.cancelled():
            beginning.exception()  # asyncio would report it where nobody waits any more

    def _require_room(self, envelope: Envelope, length: int) -> None:
        size, limit = length + len(envelope.data), self._connection.max_payload - ROOM_FOR_FAILURES
        if size > limit > 0:
            raise RefusedError(
                f"{envelope.type} has {size:,} bytes with its attributes, more than the limit of {limit:,}",
                where=self._connection.where, mend="send less, or a reference to it, or raise the server's max_payload",
            )  # fmt: skip

    async def _try_again(self, type: str, subject: str, data: bytes, headers: bytes, answer: bytes) -> None:
        """Go on where the server could not take an event, as while its stream is gone, or has no leader."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + ANSWER_WITHIN
        while True:
            error: BusError = NoResponders("no stream takes the event", where=self._connection.where)
            if answer:
                document = json.loads(answer)
                if "error" not in document:
                    return
                error = APIError.of(document["error"], subject, self._connection.where)
                if error.number == TOO_LARGE:
                    raise RefusedError(error.what, where=error.where, mend=error.mend)
                if error.number not in NOT_READY:
                    raise error
            else:
                await self._topology.declare_streams([type])
            if clock() >= deadline:
                raise error
            await asyncio.sleep(_PAUSE)
            try:
                answer = await self._connection.request(subject, data, headers)
            except NoResponders:
                answer = b""
