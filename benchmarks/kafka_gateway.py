"""What waits for events at tansu as at a broker of Kafka.

Where nothing is there for a client yet, a broker of Kafka answers as soon as something is. tansu 0.6 looks again when
half of the time is over that the client waits: how long an event takes then depends on when the client has last asked,
and on nothing else. `Gateway` stands in front of it and asks it again when something has been written.
"""

from __future__ import annotations

import asyncio
import struct
from io import BytesIO
from pathlib import Path
from typing import Final, Self

from aiokafka.protocol import fetch

from tests.servers import kafka_gateway
from tests.servers.kafka import Kafka
from tests.servers.kafka_gateway import PRODUCE, frame_from, send
from tests.servers.server import free_port

_FETCH: Final = 1
_AT_ONCE: Final = 1
"""Milliseconds; where a client waits for none at all, tansu does not even look."""


class Gateway(kafka_gateway.Gateway):
    """A port in front of tansu that changes nothing but how long a Fetch waits.

    Args:
        target: tansu's port.
        port: Where the gateway listens; what tansu tells clients that it is (`advertised`).
    """

    def __init__(self, target: int, port: int) -> None:
        super().__init__(target, port)
        self._written = self._loop.create_future()

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            while True:  # a broker answers the requests of a connection one after the other
                await send(to_client, await self._ask_again(await frame_from(client), server, to_server))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            to_client.close()
            to_server.close()

    async def _ask_again(self, request: bytes, server: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> bytes:
        key, version, _, length = struct.unpack_from(">hhih", request)
        end = 0.0
        if key == _FETCH:
            place = 10 + max(length, 0) + 4
            end = self._loop.time() + struct.unpack_from(">i", request, place)[0] / 1000
            request = request[:place] + struct.pack(">i", _AT_ONCE) + request[place + 4 :]
        while True:
            written = self._written
            await send(to_server, request)
            answer = await frame_from(server)
            if key == PRODUCE:
                self._written.set_result(None)
                self._written = self._loop.create_future()
            left = end - self._loop.time()
            if key != _FETCH or left <= 0 or _says_something(answer, version):
                return answer
            await asyncio.wait({written}, timeout=left)


class KafkaThatWakes(Kafka):
    """tansu behind the gateway."""

    def __init__(self, folder: Path) -> None:
        self._gateway = Gateway(free_port(), free_port())
        super().__init__(folder, port=self._gateway.target, advertised=self._gateway.port, durable=False)

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self._gateway.port}"

    def __enter__(self) -> Self:
        super().__enter__()
        self._gateway.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._gateway.__exit__()
        super().__exit__()


def _says_something(answer: bytes, version: int) -> bool:
    """Tell whether the answer to a Fetch holds records, or an error."""
    found = getattr(fetch, f"FetchResponse_v{version}").decode(BytesIO(answer[4:]))
    return any(error or records for _, numbers in found.topics for _, error, *_, records in numbers)
