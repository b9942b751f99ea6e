"""One connection, shared: answers come to those who asked, and a connection that fails, fails for all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from redis import exceptions

from eventkit.bus.redis.address import Address
from eventkit.bus.redis.link import Link
from eventkit.bus.redis.server import Server
from eventkit.bus.settings import TLSFiles
from tests.servers.proxy import Proxy
from tests.servers.redis import Redis


@pytest.fixture
def proxy(redis_server: Redis) -> Iterator[Proxy]:
    with Proxy(redis_server.port) as proxy:
        yield proxy


async def linked(proxy: Proxy, patience: float) -> Link:
    url = f"redis://127.0.0.1:{proxy.port}"
    return await Server(Address.of(url, url), TLSFiles(), url).connect(patience)


async def test_each_gets_its_own_answer(proxy: Proxy) -> None:
    link = await linked(proxy, 10)
    answers = await asyncio.gather(*(link.ask("ECHO", str(number)) for number in range(1000)))
    await link.close()

    assert answers == [str(number).encode() for number in range(1000)]


async def test_an_error_is_that_of_one_command(proxy: Proxy) -> None:
    link = await linked(proxy, 10)
    answers = await asyncio.gather(
        link.ask("ECHO", "a"), link.ask("NONSENSE"), link.ask("ECHO", "b"), return_exceptions=True
    )
    await link.close()

    assert (answers[0], answers[2]) == (b"a", b"b")
    assert isinstance(answers[1], exceptions.ResponseError)


async def test_who_is_cancelled_does_not_get_in_the_way(proxy: Proxy) -> None:
    link = await linked(proxy, 10)
    cancelled = asyncio.create_task(link.ask("ECHO", "a"))
    other = asyncio.create_task(link.ask("ECHO", "b"))
    await asyncio.sleep(0)
    cancelled.cancel()

    assert await other == b"b"
    assert await link.ask("ECHO", "c") == b"c"
    await link.close()


async def test_no_answer_is_noticed(proxy: Proxy) -> None:
    link = await linked(proxy, 0.4)
    proxy.swallow(replies=True)
    begun = time.monotonic()
    answers = await asyncio.gather(link.ask("ECHO", "a"), link.ask("ECHO", "b"), return_exceptions=True)

    assert all(isinstance(each, exceptions.TimeoutError) for each in answers)
    assert time.monotonic() - begun >= 0.39
    with pytest.raises(exceptions.TimeoutError):
        await link.ask("ECHO", "c")
    await link.close()


async def test_an_event_loop_that_was_blocked_is_not_taken_for_a_silent_server(proxy: Proxy) -> None:
    link = await linked(proxy, 0.2)
    asking = asyncio.create_task(link.ask("ECHO", "a"))
    await asyncio.sleep(0)
    time.sleep(0.5)  # noqa: ASYNC251 - the fault itself

    assert await asking == b"a"
    await link.close()


async def test_a_connection_that_is_cut_fails_for_all(proxy: Proxy) -> None:
    link = await linked(proxy, 10)
    proxy.swallow(replies=True)
    asking = [asyncio.create_task(link.ask("ECHO", "a")) for _ in range(3)]
    await asyncio.to_thread(proxy.wait_until_swallowed)
    proxy.cut()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    await link.close()

    assert all(isinstance(each, exceptions.ConnectionError) for each in answers)
