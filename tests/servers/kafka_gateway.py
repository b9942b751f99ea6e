"""What tansu 0.6 lacks of Kafka, put in front of it.

`Gateway` stands between clients and tansu and changes some answers:

- *OffsetFetch*: tansu stores the metadata of a committed offset, and does not give it back. The gateway remembers it.
- *InitProducerId*: tansu refuses the oldest form of this request, which aiokafka sends. The gateway writes it in the
  newer form, and the answer in the older one. It can hide from clients that there is such a request (`numbers`).
- *ListOffsets*: asked for the end of a partition, tansu counts one record of its last batch only. The gateway knows
  from what was produced how many there are.
- *Produce*: tansu knows no `max.message.bytes`. The gateway refuses batches that are larger than its `largest`.
- *JoinGroup*: tansu counts the generations of a group from 0, and Kafka from 1; a client that is in generation 0 does
  not say that it leaves. The gateway adds one, and takes it away again from what clients say. And tansu lets everybody
  who joins wait for half of the session timeout, where Kafka waits for those that it knows: the gateway shortens it.
- *SaslHandshake* and *SaslAuthenticate*: tansu takes no login. The gateway takes its `login`, in the way PLAIN, and
  refuses every other; who gives none is let in.

All else goes through as it is. It runs in a thread with a loop of its own, so that a blocked test does not block it.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections import deque
from contextlib import suppress
from io import BytesIO
from typing import Any, Final, Self

from aiokafka.protocol import admin, produce
from aiokafka.protocol import offset as offsets
from aiokafka.protocol.commit import (
    OffsetCommitRequest_v2,
    OffsetFetchResponse_v1,
    OffsetFetchResponse_v2,
    OffsetFetchResponse_v3,
)

from tests.servers.proxy import stop_listening

PRODUCE: Final = 0
FETCH: Final = 1
LIST_OFFSETS: Final = 2
OFFSET_COMMIT: Final = 8
OFFSET_FETCH: Final = 9
JOIN_GROUP: Final = 11
HEARTBEAT: Final = 12
SYNC_GROUP: Final = 14
SASL_HANDSHAKE: Final = 17
API_VERSIONS: Final = 18
DELETE_TOPICS: Final = 20
INIT_PRODUCER_ID: Final = 22
SASL_AUTHENTICATE: Final = 36
_FETCHED = {1: OffsetFetchResponse_v1, 2: OffsetFetchResponse_v2, 3: OffsetFetchResponse_v3}
_NEWER_INIT = 3
_MESSAGE_TOO_LARGE: Final = 10
_UNSUPPORTED_SASL_MECHANISM: Final = 33
_SASL_AUTHENTICATION_FAILED: Final = 58
_LATEST: Final = -1
_LAST_OFFSET_DELTA: Final = 23
"""Where in a batch of records it says how many there are."""
SESSION = 2_000
"""Milliseconds after which a member that is not heard of is put out."""


class Gateway:
    """A port that speaks more of Kafka than the one behind it.

    Args:
        target: tansu's port.
        port: Where the gateway listens; what tansu tells clients that it is (`--advertised-listener-url`).
    """

    def __init__(self, target: int, port: int) -> None:
        self.target = target
        self.port = port
        self.largest: int | None = None
        """Bytes that a batch of records may have; none means any number."""
        self.login: tuple[str, str] | None = None
        """User and password that are let in; none means that tansu is asked, which lets nobody in who gives any."""
        self.numbers = True
        """Whether clients are told that records can be numbered."""
        self._metadata: dict[tuple[str, str, int], tuple[int, str]] = {}
        self._ends: dict[tuple[str, int], int] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"gateway-{port}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self._listener = asyncio.run_coroutine_threadsafe(starting, self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        await stop_listening(self._listener)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            to_client.transport.abort()
            return
        asked: deque[tuple[int, int, Any]] = deque()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(client, to_server, to_client, asked))
                both.create_task(self._pass_on(server, to_client, lambda frame: self._answer(frame, asked)))
        except* (OSError, asyncio.CancelledError):
            pass  # also where the gateway ends: asyncio would report what nobody waits for
        finally:
            for writer in (to_client, to_server):
                writer.close()

    async def _ask(self, client, to_server, to_client, asked: deque[tuple[int, int, Any]]) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                frame = await frame_from(client)
                if (own := self._refused(frame) or self._logged_in(frame)) is not None:
                    while asked:  # noqa: ASYNC110 - answers come in the order of the questions
                        await asyncio.sleep(0.001)
                    await send(to_client, own)
                else:
                    await send(to_server, self._request(frame, asked))
        to_server.close()

    def _refused(self, frame: bytes) -> bytes | None:
        """Return the answer to what is too large to be written."""
        key, version, correlation, length = struct.unpack_from(">hhih", frame)
        if key != PRODUCE or self.largest is None:
            return None
        request = getattr(produce, f"ProduceRequest_v{version}").decode(BytesIO(frame[10 + max(length, 0) :]))
        batches = [(topic, number, batch) for topic, numbers in request.topics for number, batch in numbers]
        if all(len(batch) <= self.largest for _, _, batch in batches):
            return None
        [(topic, number, _)] = batches  # the tests send nothing else together with what is too large
        since = ((2, -1), (5, -1), (8, []), (8, None))
        more = [value for least, value in since if version >= least]
        kind = getattr(produce, f"ProduceResponse_v{version}")
        answer = kind([(topic, [(number, _MESSAGE_TOO_LARGE, -1, *more)])], *([0] if version >= 1 else []))
        return struct.pack(">i", correlation) + bytes(answer.encode())

    def _logged_in(self, frame: bytes) -> bytes | None:
        """Return the answer to who logs in."""
        key, version, correlation, length = struct.unpack_from(">hhih", frame)
        if key not in (SASL_HANDSHAKE, SASL_AUTHENTICATE) or self.login is None:
            return None
        body = BytesIO(frame[10 + max(length, 0) :])
        if key == SASL_HANDSHAKE:
            asked = getattr(admin, f"SaslHandShakeRequest_v{version}").decode(body)
            error = 0 if asked.mechanism == "PLAIN" else _UNSUPPORTED_SASL_MECHANISM
            answer = getattr(admin, f"SaslHandShakeResponse_v{version}")(error, ["PLAIN"])
        else:
            given = getattr(admin, f"SaslAuthenticateRequest_v{version}").decode(body).sasl_auth_bytes
            known = given.decode().split("\0")[1:] == [*self.login]
            error = (0, None) if known else (_SASL_AUTHENTICATION_FAILED, "Authentication failed: Invalid login")
            more = [0] if version else []  # how long the login lasts
            answer = getattr(admin, f"SaslAuthenticateResponse_v{version}")(*error, b"", *more)
        return struct.pack(">i", correlation) + bytes(answer.encode())

    async def _pass_on(self, source, sink, change) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                await send(sink, change(await frame_from(source)))
        sink.close()

    def _request(self, frame: bytes, asked: deque[tuple[int, int, Any]]) -> bytes:
        key, version, correlation, length = struct.unpack_from(">hhih", frame)
        head = 10 + max(length, 0)
        about: Any = None
        if key == PRODUCE:
            request = getattr(produce, f"ProduceRequest_v{version}").decode(BytesIO(frame[head:]))
            about = {(topic, number): count(batch) for topic, numbers in request.topics for number, batch in numbers}
        elif key == LIST_OFFSETS:
            request = getattr(offsets, f"OffsetRequest_v{version}").decode(BytesIO(frame[head:]))
            about = {(topic, each[0]) for topic, numbers in request.topics for each in numbers if each[-1] == _LATEST}
        elif key == DELETE_TOPICS:
            self._ends.clear()
        elif key == OFFSET_COMMIT and version in (2, 3):
            commit = OffsetCommitRequest_v2.decode(BytesIO(frame[head:]))
            for topic, partitions in commit.topics:
                for partition, offset, metadata in partitions:
                    self._metadata[commit.consumer_group, topic, partition] = offset, metadata
        elif key == OFFSET_FETCH:
            (size,) = struct.unpack_from(">h", frame, head)
            about = frame[head + 2 : head + 2 + size].decode()
        elif key == INIT_PRODUCER_ID and version == 0:
            (id_length,) = struct.unpack_from(">h", frame, head)
            assert id_length == -1, "no test uses transactions"
            (timeout,) = struct.unpack_from(">i", frame, head + 2)
            body = struct.pack(">bbiqhb", 0, 0, timeout, -1, -1, 0)
            frame = struct.pack(">hhih", key, _NEWER_INIT, correlation, length) + frame[10:head] + body
        elif key == JOIN_GROUP:
            (size,) = struct.unpack_from(">h", frame, head)
            place = head + 2 + size
            frame = frame[:place] + struct.pack(">i", SESSION) + frame[place + 4 :]
        if key in (OFFSET_COMMIT, HEARTBEAT, SYNC_GROUP):
            (size,) = struct.unpack_from(">h", frame, head)
            frame = _plus(frame, head + 2 + size, -1)
        asked.append((key, version, about))
        return frame

    def _answer(self, frame: bytes, asked: deque[tuple[int, int, Any]]) -> bytes:
        key, version, about = asked.popleft()
        if key == PRODUCE:
            self._note_ends(frame, version, about)
        if key == LIST_OFFSETS and version:
            return self._with_ends(frame, version, about)
        if key == API_VERSIONS and not self.numbers:
            known = getattr(admin, f"ApiVersionResponse_v{version}").decode(BytesIO(frame[4:]))
            known.api_versions = [each for each in known.api_versions if each[0] != INIT_PRODUCER_ID]
            return frame[:4] + known.encode()
        if key == INIT_PRODUCER_ID and version == 0:
            return frame[:4] + frame[5:-1]  # without the tags of the newer form
        if key == OFFSET_FETCH and version in _FETCHED:
            answer = _FETCHED[version].decode(BytesIO(frame[4:]))
            for topic, partitions in answer.topics:
                for index, (partition, offset, _, error) in enumerate(partitions):
                    known = self._metadata.get((about, topic, partition))
                    if known is not None and known[0] == offset:
                        partitions[index] = (partition, offset, known[1], error)
            return frame[:4] + answer.encode()
        if key == JOIN_GROUP:
            return _plus(frame, 6 if version < 2 else 10, 1)
        return frame

    def _note_ends(self, frame: bytes, version: int, counts: dict[tuple[str, int], int]) -> None:
        answer = getattr(produce, f"ProduceResponse_v{version}").decode(BytesIO(frame[4:]))
        for topic, partitions in answer.topics:
            for number, error, base, *_ in partitions:
                if not error:
                    end = base + counts[topic, number]
                    self._ends[topic, number] = max(end, self._ends.get((topic, number), 0))

    def _with_ends(self, frame: bytes, version: int, latest: set[tuple[str, int]]) -> bytes:
        answer = getattr(offsets, f"OffsetResponse_v{version}").decode(BytesIO(frame[4:]))
        for topic, partitions in answer.topics:
            for index, (number, error, time, end, *more) in enumerate(partitions):
                if (topic, number) in latest:
                    partitions[index] = (number, error, time, max(end, self._ends.get((topic, number), 0)), *more)
        return bytes(frame[:4] + answer.encode())


async def frame_from(source: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await source.readexactly(4))
    return await source.readexactly(size)


async def send(sink: asyncio.StreamWriter, frame: bytes) -> None:
    sink.write(struct.pack(">i", len(frame)) + frame)
    await sink.drain()


def _plus(frame: bytes, place: int, change: int) -> bytes:
    """Change a generation; -1 stands for none."""
    (generation,) = struct.unpack_from(">i", frame, place)
    return frame if generation < 0 else frame[:place] + struct.pack(">i", generation + change) + frame[place + 4 :]


def count(batch: bytes) -> int:
    """Return how many records are in a batch."""
    return int(struct.unpack_from(">i", batch, _LAST_OFFSET_DELTA)[0]) + 1
