"""`probes`: tells Kubernetes, Compose and the like over HTTP how a worker is, for services that have no HTTP side.

    async with connect(url) as bus, service.run(bus) as worker, probes(worker, port=8080):
        await worker.until_stopped()

- `GET /health` answers 200 while the worker is `ready`, else 503: for readiness and startup probes.
- `GET /health/live` answers 503 once it is not `alive`, else 200: for liveness probes. A blocked event loop does not
  answer, which counts as a failed probe, too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final

from eventkit.delivery.worker import Worker

READ_WITHIN: Final = 5.0
"""Seconds that a request may take to come in."""


@asynccontextmanager
async def probes(worker: Worker, *, port: int, host: str = "0.0.0.0") -> AsyncIterator[None]:  # noqa: S104 - probes come from outside of the container
    """Answer probes while the block runs.

    Args:
        worker: What is asked about.
        port: Where it listens.
        host: On which interface; by default on all.

    Raises:
        OSError: The port is taken.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever hangs up, is too slow or writes too much gets no answer, and harms nobody.
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(READ_WITHIN):
                request = await reader.readuntil(b"\r\n\r\n")
                writer.write(_answer(worker, request))
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, host, port):
        yield


def _answer(worker: Worker, request: bytes) -> bytes:
    method, _, rest = request.partition(b" ")
    match (method, rest.partition(b" ")[0].partition(b"?")[0]):
        case (b"GET" | b"HEAD", b"/health"):
            status = HTTPStatus.OK if worker.ready else HTTPStatus.SERVICE_UNAVAILABLE
        case (b"GET" | b"HEAD", b"/health/live"):
            status = HTTPStatus.OK if worker.alive else HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            status = HTTPStatus.NOT_FOUND
    body = json.dumps({"problem": str(worker.problem) if worker.problem else None}).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if method == b"HEAD" else body)
