"""What waits for events at tansu as at a broker of Kafka.

Where nothing is there for a client yet, a broker of Kafka answers as soon as something is. tansu 0.6 sleeps instead,
and looks again when half of the time is over that the client waits, which takes more than a millisecond even where
that is one: how long an event takes then depends on when the client has last asked, and on nothing else. So nobody may
ask it before there is something. `Gateway` stands in front of it, knows from what was written how far each partition
goes, and keeps a Fetch to itself until one of its partitions goes further than the client has read.

It is a process of its own, among those of the server: in the contestant's, the two would take turns.

    python -m benchmarks.kafka_gateway TANSU'S-PORT PORT
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Final

from aiokafka.protocol import fetch, produce

from tests.servers.kafka import Kafka
from tests.servers.kafka_gateway import FETCH, PRODUCE, count, frame_from, send
from tests.servers.server import Conversation, free_port

_SCRIPT: Final = '"$0" -m benchmarks.kafka_gateway "$1" "$2" & shift 2; exec "$@"'
_LEADER_EPOCH: Final = 9
"""The version of Fetch since which the epoch of the leader stands before the offset."""
_AT_ONCE: Final = 1
"""Milliseconds; where a client waits for none at all, tansu does not even look."""


class Gateway:
    """Changes nothing but how long a Fetch waits.

    Args:
        target: tansu's port.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._ends: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._written = asyncio.Event()

    async def serve(self, port: int) -> None:
        """Listen, for ever."""
        async with await asyncio.start_server(self._connected, "127.0.0.1", port) as listener:
            await listener.serve_forever()

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            while True:  # a broker answers the requests of a connection one after the other
                request = await frame_from(client)
                key, version, _, length = struct.unpack_from(">hhih", request)
                head = 10 + max(length, 0)
                if key == FETCH:
                    request = await self._something(request, head, version)
                await send(to_server, request)
                answer = await frame_from(server)
                if key == PRODUCE:
                    self._note(request[head:], answer[4:], version)
                await send(to_client, answer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            to_client.close()
            to_server.close()

    async def _something(self, frame: bytes, head: int, version: int) -> bytes:
        """Wait until there is something to be fetched, or the client's time is up; return what to ask tansu."""
        request = getattr(fetch, f"FetchRequest_v{version}").decode(BytesIO(frame[head:]))
        read = {
            (topic, number): more[version >= _LEADER_EPOCH]
            for topic, numbers in request.topics
            for number, *more in numbers
        }
        try:
            async with asyncio.timeout(request.max_wait_time / 1000):
                while all(self._ends[partition] <= offset for partition, offset in read.items()):
                    await self._written.wait()
        except TimeoutError:
            pass
        place = head + 4  # behind the id of the replica
        return frame[:place] + struct.pack(">i", _AT_ONCE) + frame[place + 4 :]

    def _note(self, request: bytes, answer: bytes, version: int) -> None:
        """Take note of how far partitions go now."""
        batches = getattr(produce, f"ProduceRequest_v{version}").decode(BytesIO(request)).topics
        counts = {(topic, number): count(batch) for topic, numbers in batches for number, batch in numbers}
        for topic, numbers in getattr(produce, f"ProduceResponse_v{version}").decode(BytesIO(answer)).topics:
            for number, error, base, *_ in numbers:
                if not error:
                    self._ends[topic, number] = base + counts[topic, number]
        self._written.set()
        self._written = asyncio.Event()


class KafkaThatWakes(Kafka):
    """tansu behind the gateway.

    Args:
        folder: Where its log is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._gateway_port = free_port()
        super().__init__(folder, advertised=self._gateway_port, durable=False)

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self._gateway_port}"

    def _environment(self) -> Mapping[str, str]:
        return {**super()._environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    def _command(self) -> list[str]:
        gateway = [sys.executable, str(self.port), str(self._gateway_port)]
        return ["sh", "-c", _SCRIPT, *gateway, *super()._command()]

    def _is_ready(self) -> bool:
        with Conversation(self._gateway_port):
            return super()._is_ready()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(Gateway(int(sys.argv[1])).serve(int(sys.argv[2])))
