"""A proxy makes what networks do happen at a moment that the test chooses."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.servers.proxy import Proxy


class Upstream:
    """A server that answers each line with the number of lines it has read, over all its connections."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.arrived = asyncio.Condition()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                async with self.arrived:
                    self.lines.append(line)
                    self.arrived.notify_all()
                writer.write(b"%d\n" % len(self.lines))
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def until(self, lines: int) -> None:
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.lines) >= lines)


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def port(upstream: Upstream) -> AsyncIterator[int]:
    server = await asyncio.start_server(upstream, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
def proxy(port: int) -> Iterator[Proxy]:
    with Proxy(port) as proxy:
        yield proxy


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def ask(self) -> None:
        self.writer.write(b"?\n")

    async def answer(self) -> bytes:
        async with asyncio.timeout(30):
            return await self.reader.readline()

    async def hears_nothing(self) -> bool:
        """Whether no byte and no end of the connection comes for a while."""
        try:
            async with asyncio.timeout(0.2):
                await self.reader.read(1)
        except TimeoutError:
            return True
        return False


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[Client]:
    client = Client(*await asyncio.open_connection("127.0.0.1", proxy.port))
    client.ask()
    assert await client.answer() == b"1\n"
    yield client
    client.writer.close()


async def test_passes_on_what_both_sides_say(client: Client):
    client.ask()
    assert await client.answer() == b"2\n"


def test_names_the_servers_url_with_its_own_port():
    proxy = Proxy(5432, port=6000)
    assert (
        proxy.url("postgresql+asyncpg://u:p@127.0.0.1:5432/db?a=b") == "postgresql+asyncpg://u:p@127.0.0.1:6000/db?a=b"
    )


async def test_resets_all_connections_and_takes_new_ones(proxy: Proxy, client: Client):
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        await client.answer()
    again = Client(*await asyncio.open_connection("127.0.0.1", proxy.port))
    again.ask()
    assert await again.answer() == b"2\n"
    again.writer.close()


async def test_refuses_new_connections_and_keeps_those_that_are_there(proxy: Proxy, client: Client):
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", proxy.port)
    client.ask()
    assert await client.answer() == b"2\n"
    proxy.accept()
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.close()


async def test_loses_a_reply_to_what_the_server_has_done(proxy: Proxy, client: Client, upstream: Upstream):
    proxy.swallow(replies=True)
    client.ask()
    await asyncio.to_thread(proxy.wait_until_swallowed)
    assert len(upstream.lines) == 2
    assert await client.hears_nothing()
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        await client.answer()


async def test_leaves_connections_open_on_which_nothing_travels(proxy: Proxy, client: Client, upstream: Upstream):
    proxy.swallow(requests=True, replies=True)
    client.ask()
    await asyncio.to_thread(proxy.wait_until_swallowed)
    assert len(upstream.lines) == 1
    assert await client.hears_nothing()


async def test_passes_everything_on_again_once_healed(proxy: Proxy, client: Client, upstream: Upstream):
    proxy.swallow(requests=True, replies=True)
    client.ask()
    await asyncio.to_thread(proxy.wait_until_swallowed)
    proxy.heal()
    client.ask()
    assert await client.answer() == b"2\n"


async def test_says_that_nothing_was_swallowed(proxy: Proxy, client: Client):
    proxy.swallow(replies=True)
    with pytest.raises(TimeoutError):
        await asyncio.to_thread(proxy.wait_until_swallowed, 0.05)


async def test_holds_what_passes_for_a_time_in_each_direction(proxy: Proxy, client: Client):
    proxy.delay(0.1)
    asked_at = time.monotonic()
    client.ask()
    assert await client.answer() == b"2\n"
    assert time.monotonic() - asked_at >= 0.2


async def test_hangs_up_where_the_server_does_not_listen(proxy: Proxy, client: Client):
    proxy.target = 1
    with pytest.raises(ConnectionResetError):  # it may come before the client has seen that it was connected
        reader, _ = await asyncio.open_connection("127.0.0.1", proxy.port)
        await reader.read(1)


async def test_passes_on_that_a_side_has_nothing_more_to_say(proxy: Proxy, client: Client):
    client.writer.write_eof()
    assert await client.answer() == b""


def test_forgets_no_connection_that_it_is_about_to_take():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        for _ in range(20):
            with Proxy(listening.getsockname()[1]) as proxy:
                socket.create_connection(("127.0.0.1", proxy.port)).close()
            gc.collect()  # what was forgotten is a warning now, and that an error
