"""What an operator does with a NATS server, by other means than the bus."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import nats
from nats.aio.client import Client


class Admin:
    """Talks to a server, past the bus."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def api(self, subject: str, **question: Any) -> dict[str, Any]:
        answer = await self.client.request(f"$JS.API.{subject}", json.dumps(question).encode(), timeout=10)
        return dict(json.loads(answer.data))

    async def streams(self) -> list[str]:
        return list((await self.api("STREAM.NAMES"))["streams"] or ())

    async def count(self, stream: str) -> int:
        return int((await self.api(f"STREAM.INFO.{stream}"))["state"]["messages"])

    async def subjects(self, stream: str) -> dict[str, int]:
        info = await self.api(f"STREAM.INFO.{stream}", subjects_filter=">")
        return dict(info.get("state", {}).get("subjects") or {})

    async def has_documents(self) -> bool:
        """Tell whether anything says how far a group got."""
        return any(".partitions." in each for each in await self.subjects("KV_eventkit"))

    async def consumers(self, stream: str) -> list[str]:
        return list((await self.api(f"CONSUMER.NAMES.{stream}"))["consumers"] or ())

    async def delete(self, stream: str) -> None:
        await self.api(f"STREAM.DELETE.{stream}")

    async def send(self, subject: str, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Store a message as another publisher would."""
        answer = await self.client.request(subject, data, timeout=10, headers=dict(headers or {}))
        assert b"seq" in answer.data


@asynccontextmanager
async def admin(url: str) -> AsyncIterator[Admin]:
    client = await nats.connect(url.replace("nats://", "").split(","))
    try:
        yield Admin(client)
    finally:
        await client.close()


def empty(url: str) -> None:
    """Remove all streams."""

    async def remove() -> None:
        async with admin(url) as operator:
            for stream in await operator.streams():
                await operator.delete(stream)

    asyncio.run(remove())
