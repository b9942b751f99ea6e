"""Reading and writing what most frames are: deliveries, events and confirmations, many at a time.

aiormq reads a frame in three steps and has pamqp decode it value by value, which takes most of the time that an event
takes. Here, what has arrived is taken as a whole, and the frames of a delivery are decoded in one go where they are as
eventkit writes them. What RabbitMQ confirms goes straight to who published it. All others go to pamqp as before. So
does everything, where another version of aiormq reads in another way.
"""

from __future__ import annotations

import asyncio
import struct
from datetime import UTC, datetime
from functools import lru_cache
from struct import Struct
from time import monotonic
from typing import Final, Protocol

import pamqp.frame
from aiormq.connection import Connection, FrameReceiver
from aiormq.exceptions import AMQPConnectionError, InvalidFrameError
from pamqp.body import ContentBody
from pamqp.commands import Basic, Channel
from pamqp.common import FieldTable
from pamqp.constants import FRAME_BODY, FRAME_END, FRAME_HEADER, FRAME_METHOD
from pamqp.exceptions import PAMQPException
from pamqp.frame import FrameTypes
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

Frame = tuple[int, int, FrameTypes]

PERSISTENT: Final = 2
"""The delivery mode of what survives a restart of the server."""
_READ: Final = 2**16
_START: Final = Struct(">BHI")
_METHOD: Final = Struct(">I")
_CONFIRMED: Final = Struct(">IQB")
_CONFIRMS: Final = (Basic.Ack.index, Basic.Nack.index)
_ALIVE: Final[Frame] = (len(Heartbeat().marshal()) + 7, 0, Heartbeat())
_ALIVE_EVERY: Final = 1.0
_PUBLISH: Final = _METHOD.pack(Basic.Publish.index) + b"\0\0"
_PUBLISHED: Final = Struct(">HHQ")
_END: Final = bytes((FRAME_END,))
_TAG: Final = Struct(">QB")
_CONTENT: Final = Struct(">HHQH")
_LENGTH: Final = Struct(">I")
_NAME: Final = Struct(">B")
_TIME: Final = Struct(">Q")
_FLAGS: Final = Struct(">H")
_LONGEST_NAME: Final = 128
_LONGEST: Final = 255
_CONTENT_TYPE: Final = 0x8000
_HEADERS: Final = 0x2000
_DELIVERY_MODE: Final = 0x1000
_MESSAGE_ID: Final = 0x80
_TIMESTAMP: Final = 0x40
_OTHERS: Final = 0xFFFF & ~(_CONTENT_TYPE | _HEADERS | _DELIVERY_MODE | _MESSAGE_ID | _TIMESTAMP)
_TEXT: Final = ord("S")


class Told(Protocol):
    """Somebody who publishes, and is told at once what became of it."""

    def confirmed(self, number: int, *, multiple: bool, stored: bool) -> None:
        """RabbitMQ says what became of a message.

        Args:
            number: Its number on the channel.
            multiple: All before it are meant, too.
            stored: It is stored, or could not be.
        """

    def ending(self) -> None:
        """RabbitMQ closes the channel. What is sent on it from now on would end the whole connection."""

    def returned(self, id: str | None) -> None:
        """No queue takes a message. It is confirmed all the same, afterwards.

        Args:
            id: The message's id.
        """


class FastConnection(Connection):
    """aiormq's connection, which reads many frames at a time, and lets publishers by its queues."""

    frames: Frames | None = None
    """What it reads; None where another version of aiormq reads in another way."""
    stream: asyncio.StreamWriter | None = None
    """What it writes to; None where another version of aiormq writes in another way."""

    async def _Connection__reader(self, receiver: FrameReceiver) -> None:  # noqa: N802 - aiormq's own name
        self.frames = Frames(receiver.reader)
        await super()._Connection__reader(self.frames)  # type: ignore[misc]

    async def _Connection__writer(self, writer: asyncio.StreamWriter) -> None:  # noqa: N802 - aiormq's own name
        self.stream = writer
        await super()._Connection__writer(writer)  # type: ignore[misc]


class Frames:
    """The frames that a connection receives.

    Args:
        reader: Where they come from.
    """

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.told: dict[int, Told] = {}
        """By the numbers of channels: who publishes there. aiormq does not see what they are told."""
        self._reader = reader
        self._data = b""
        self._at = 0
        self._alive = monotonic()

    def __aiter__(self) -> Frames:
        return self

    async def __anext__(self) -> Frame:
        while True:
            data, at = self._data, self._at
            if len(data) - at >= _START.size:
                kind, channel, size = _START.unpack_from(data, at)
                end = at + _START.size + size
                if end < len(data):
                    self._at = end + 1
                    if channel in self.told and self._tell(kind, channel, data, at, end):
                        continue
                    return self._frame(kind, channel, data, at, end)
            if self.told and monotonic() > self._alive:
                # Or else aiormq would take a server that only confirms for one that does not answer any more.
                self._alive = monotonic() + _ALIVE_EVERY
                return _ALIVE
            try:
                more = await self._reader.read(_READ)
            except OSError as error:
                raise AMQPConnectionError(f"Server communication error: {error!r}") from error
            if not more:
                raise AMQPConnectionError("Server connection unexpectedly closed")
            self._data, self._at = data[at:] + more, 0

    def _tell(self, kind: int, channel: int, data: bytes, at: int, end: int) -> bool:
        """Tell who publishes on a channel what a frame says; False where it says something else."""
        if data[end] != FRAME_END:
            return False
        if kind == FRAME_METHOD:
            start = at + _START.size
            method = _METHOD.unpack_from(data, start)[0]
            if method in _CONFIRMS:
                _, number, bits = _CONFIRMED.unpack_from(data, start)
                self.told[channel].confirmed(number, multiple=bool(bits & 1), stored=method == Basic.Ack.index)
                return True
            if method == Channel.Close.index:
                self.told[channel].ending()
                return False  # aiormq answers it
            return bool(method == Basic.Return.index)  # its header tells which
        if kind == FRAME_HEADER:
            header = self._frame(kind, channel, data, at, end)[2]
            self.told[channel].returned(header.properties.message_id if isinstance(header, ContentHeader) else None)
        return True

    def _frame(self, kind: int, channel: int, data: bytes, at: int, end: int) -> Frame:
        frame: FrameTypes | None = None
        if data[end] == FRAME_END:
            start = at + _START.size
            if kind == FRAME_BODY:
                frame = ContentBody(data[start:end])
            elif kind == FRAME_HEADER:
                frame = content_header(data[start:end])
            elif kind == FRAME_METHOD and _METHOD.unpack_from(data, start)[0] == Basic.Deliver.index:
                frame = _deliver(data, start + _METHOD.size)
        if frame is not None:
            return end + 1 - at, channel, frame
        try:
            return pamqp.frame.unmarshal(data[at : end + 1])
        except PAMQPException as error:
            raise InvalidFrameError(str(error)) from error


class EventProperties(Basic.Properties):
    """The properties of an event, written in one go; aiormq adds the id of the message.

    Args:
        content_type: What the body is.
        headers: The event's attributes.
        at: When it is published, timezone-aware.
    """

    def __init__(self, content_type: str, headers: FieldTable, at: datetime) -> None:
        super().__init__(content_type=content_type, headers=headers, delivery_mode=PERSISTENT, timestamp=at)

    def marshal(self) -> bytes:
        """Return them as they are sent."""
        return _properties(self) or super().marshal()


def publication(
    channel: int, exchange: str, key: str, properties: Basic.Properties, body: bytes, longest: int
) -> bytes:
    """Return the frames that publish a message, which is mandatory.

    Args:
        channel: The channel's number.
        exchange: The exchange.
        key: The routing key.
        properties: The properties.
        body: The body.
        longest: How many bytes of a body go into a frame.
    """
    header = _PUBLISHED.pack(Basic.frame_id, 0, len(body)) + properties.marshal()
    frames = [_publish(channel, exchange, key), _START.pack(FRAME_HEADER, channel, len(header)), header, _END]
    for at in range(0, len(body), longest):
        part = body[at : at + longest]
        frames += (_START.pack(FRAME_BODY, channel, len(part)), part, _END)
    return b"".join(frames)


@lru_cache(maxsize=1024)
def _publish(channel: int, exchange: str, key: str) -> bytes:
    """Return the frame that tells where a message goes: one of few."""
    to, by = exchange.encode(), key.encode()
    method = b"".join(
        (_PUBLISH, _NAME.pack(len(to)), to, _NAME.pack(len(by)), by, b"\x01")  # the last is the bit for mandatory
    )
    return b"".join((_START.pack(FRAME_METHOD, channel, len(method)), method, _END))


def content_header(data: bytes) -> ContentHeader | None:
    """Return the header of a message; None where it has other properties than an event has, or others' headers."""
    try:
        _, _, size, flags = _CONTENT.unpack_from(data)
        if flags & _OTHERS:
            return None
        properties = Basic.Properties()
        at = _CONTENT.size
        if flags & _CONTENT_TYPE:
            properties.content_type, at = _short_text(data, at)
        if flags & _HEADERS:
            headers, at = _texts(data, at)
            if headers is None:
                return None
            properties.headers = headers
        if flags & _DELIVERY_MODE:
            properties.delivery_mode = data[at]
            at += 1
        if flags & _MESSAGE_ID:
            properties.message_id, at = _short_text(data, at)
        if flags & _TIMESTAMP:
            properties.timestamp = datetime.fromtimestamp(_TIME.unpack_from(data, at)[0], UTC)
    except (IndexError, ValueError, OverflowError, struct.error):
        return None
    return ContentHeader(0, size, properties)


def _deliver(data: bytes, at: int) -> Basic.Deliver:
    consumer, at = _short_text(data, at)
    tag, bits = _TAG.unpack_from(data, at)
    exchange, at = _short_text(data, at + _TAG.size)
    key, at = _short_text(data, at)
    return Basic.Deliver(consumer, tag, bool(bits & 1), exchange, key)


def _texts(data: bytes, at: int) -> tuple[FieldTable | None, int]:
    """Return a table and what follows it; None where not all its values are texts."""
    table: FieldTable = {}
    end = at + _LENGTH.size + _LENGTH.unpack_from(data, at)[0]
    at += _LENGTH.size
    while at < end:
        name, at = _short_text(data, at)
        if data[at] != _TEXT:
            return None, at
        start = at + 1 + _LENGTH.size
        at = start + _LENGTH.unpack_from(data, at + 1)[0]
        table[name] = data[start:at].decode()
    return table, at


def _short_text(data: bytes, at: int) -> tuple[str, int]:
    start = at + 1
    end = start + data[at]
    return data[start:end].decode(), end


def _properties(properties: Basic.Properties) -> bytes | None:
    """Return the properties of an event as they are sent; None where its headers are not only texts."""
    table: list[bytes] = []
    for name, value in (properties.headers or {}).items():
        if not isinstance(value, str):
            return None
        named, text = _named(name), value.encode()
        if named is None:
            return None
        table += (named, _LENGTH.pack(len(text)), text)
    content_type = (properties.content_type or "").encode()
    message_id = (properties.message_id or "").encode()
    at = properties.timestamp
    if at is None or not 0 < len(content_type) <= _LONGEST or not 0 < len(message_id) <= _LONGEST:
        return None
    headers = b"".join(table)
    return b"".join(
        (
            _FLAGS.pack(_CONTENT_TYPE | _HEADERS | _DELIVERY_MODE | _MESSAGE_ID | _TIMESTAMP),
            _NAME.pack(len(content_type)),
            content_type,
            _LENGTH.pack(len(headers)),
            headers,
            _NAME.pack(PERSISTENT),
            _NAME.pack(len(message_id)),
            message_id,
            _TIME.pack(int(at.timestamp())),
        )
    )


@lru_cache(maxsize=1024)
def _named(name: str) -> bytes | None:
    """Return what stands before a text in a table; None where the name is too long."""
    key = name.encode()
    return _NAME.pack(len(key)) + key + _NAME.pack(_TEXT) if len(key) <= _LONGEST_NAME else None
