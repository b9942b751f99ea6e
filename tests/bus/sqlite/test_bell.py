"""How who waits for events is woken."""

from __future__ import annotations

import asyncio
import socket

import pytest

from eventkit.bus.sqlite.bell import Bell, Ringer

LONG = 30.0


async def test_a_wait_ends_when_the_bell_is_rung() -> None:
    bell, ringer = Bell(), Ringer()
    port = await bell.open()
    assert port is not None
    waiting = asyncio.create_task(bell.wait(LONG))
    await asyncio.sleep(0)
    ringer.ring([port])
    async with asyncio.timeout(LONG / 2):
        await waiting
    bell.close()
    ringer.close()


async def test_ringing_before_the_wait_is_not_forgotten() -> None:
    bell = Bell()
    bell.ring()
    async with asyncio.timeout(LONG / 2):
        await bell.wait(LONG)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await bell.wait(LONG)


async def test_a_wait_ends_when_its_time_is_over() -> None:
    await Bell().wait(0.001)


async def test_closing_ends_the_wait() -> None:
    bell = Bell()
    await bell.open()
    waiting = asyncio.create_task(bell.wait(LONG))
    await asyncio.sleep(0)
    bell.close()
    async with asyncio.timeout(LONG / 2):
        await waiting
    assert bell.closed


async def test_nobody_needs_to_listen() -> None:
    ringer = Ringer()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    ringer.ring([port, port, 1])
    ringer.close()


async def test_a_machine_without_a_loopback_interface_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eventkit.bus.sqlite.bell._LOOPBACK", "203.0.113.1")
    bell = Bell()
    assert await bell.open() is None
    bell.close()
