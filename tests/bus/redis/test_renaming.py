"""Names that an operator gives to streams and groups, as Redis shows them."""

from __future__ import annotations

from redis.asyncio import Redis as Client

from tests.bus.redis.conftest import Connect
from tests.bus.renaming import check


async def test_streams_and_groups_are_called_as_given(bus_factory: Connect, client: Client, prefix: str) -> None:
    await check(bus_factory)

    streams = [key.decode() async for key in client.scan_iter(f"{prefix}:*", _type="stream")]
    assert {each for each in streams if each.endswith("}")} == {
        f"{prefix}:{{{name}}}" for name in ("sales", "audit", "user")
    }
    for name in ("sales", "audit", "user"):
        assert [each["name"] for each in await client.xinfo_groups(f"{prefix}:{{{name}}}")] == [b"payments"]
