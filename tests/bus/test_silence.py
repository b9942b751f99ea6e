"""Brokers that take connections and never answer: a start fails in time, and says what it is."""

from __future__ import annotations

import asyncio
import gc
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from eventkit import BusError, PublishError, Service, connect
from eventkit.bus import silence
from eventkit.bus.silence import while_answered
from eventkit.contract.envelope import new_id
from eventkit.testing.conformance.support import event, handle, publish, subscribed, take
from tests.bus.nats.actors import Counted
from tests.servers.fixtures import required
from tests.servers.kafka import Kafka
from tests.servers.kafka_broker import Broker as KafkaBroker
from tests.servers.server import Server

BUSES = ["kafka", "nats", "rabbitmq", "redis"]


@pytest.fixture(scope="module")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    required(Kafka)
    with KafkaBroker(tmp_path_factory.mktemp("tansu"), durable=False) as running:
        yield running


@pytest.fixture(params=[pytest.param(each, marks=pytest.mark.server) for each in BUSES])
def server(request: pytest.FixtureRequest) -> Server:
    found = request.getfixturevalue("kafka_broker" if request.param == "kafka" else f"{request.param}_server")
    assert isinstance(found, Server)
    return found


@pytest.fixture
def url(server: Server) -> str:
    """A bus that nobody has used yet."""
    return f"{server.url}?prefix=mute{new_id()[-12:]}-"


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    """A server that takes connections, because the kernel does, and says nothing."""
    server.pause()
    try:
        yield
    finally:
        server.resume()


async def told(act: Callable[[], Awaitable[object]], error: type[Exception] = BusError) -> str:
    """Return what is told of a broker that does not answer: for no longer than it was waited for."""
    begun = time.monotonic()
    with pytest.raises(error) as caught:
        await act()
    took = time.monotonic() - begun
    assert took < 6  # a second for a busy machine
    assert all(float(seconds) <= took for seconds in re.findall(r"([\d.]+) s", str(caught.value)))
    return str(caught.value)


@pytest.mark.slow
class TestStoppedServer:
    async def test_is_told_when_the_bus_is_opened(self, server: Server, url: str) -> None:
        with stopped(server):
            assert "answer" in await told(connect(url).open)

    async def test_is_told_when_a_service_starts(self, server: Server, url: str) -> None:
        service = Service("mute_service")

        @service.handler
        async def note(event: Counted) -> None: ...

        async with connect(url) as bus:
            with stopped(server):
                assert "answer" in await told(service.run(bus).__aenter__)

            async with service.run(bus):  # and nothing of that try is in the way
                pass

    async def test_is_told_to_all_who_publish_first(self, server: Server, url: str) -> None:
        async with connect(url) as bus:
            with stopped(server):
                publishing = (told(lambda n=n: bus.publish(event(f"{n}")), PublishError) for n in range(20))
                assert all("answer" in each for each in await asyncio.gather(*publishing))

            await bus.publish(event("a"))

    async def test_keeps_nobody_who_closes_the_bus_and_what_is_not_settled_comes_again(
        self, server: Server, url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        bus = connect(url, lease=6.0)
        await bus.open()
        subscription = await bus.subscribe("mute_service", ["order.created"])
        await publish(bus, ["a", "b", "c"], key="order-1")
        assert await handle(subscription, 1) == ["a"]
        await take(subscription, 1)
        waiting = asyncio.create_task(subscription.receive(1))
        with stopped(server):
            publishing = asyncio.create_task(told(lambda: bus.publish(event("d")), PublishError))
            await asyncio.sleep(0.1)
            begun = time.monotonic()
            await bus.close()
            assert time.monotonic() - begun < 6  # a second for a busy machine
            await publishing
            await asyncio.gather(waiting, return_exceptions=True)
        gc.collect()
        assert [each.getMessage() for each in caplog.records if each.name == "asyncio"] == []

        async with connect(url, lease=6.0) as bus, subscribed(bus, "mute_service") as subscription:
            handled = set[str]()
            while not handled >= {"b", "c"}:
                handled |= {*await handle(subscription, 1)}
            assert "a" not in handled


@pytest.mark.server
@pytest.mark.slow
class TestSilentPart:
    async def test_a_nats_server_that_speaks_while_jetstream_does_not(self) -> None:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b'INFO {"server_id":"mute","version":"2.10.0","max_payload":1048576,"headers":true}\r\n')
            while line := await reader.readline():
                if line == b"PING\r\n":
                    writer.write(b"PONG\r\n")
            writer.close()

        peer = await asyncio.start_server(speak, "127.0.0.1", 0)
        async with peer:
            port = peer.sockets[0].getsockname()[1]

            assert (await told(connect(f"nats://127.0.0.1:{port}").open)).startswith("JetStream does not answer")


class TestWhileAnswered:
    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(silence, "_TICK", 0.02)

    async def test_what_takes_long_goes_on_while_the_broker_answers(self) -> None:
        answers = 0

        async def ping() -> None:
            nonlocal answers
            answers += 1

        async with while_answered(ping, lambda: BusError("silent")):
            while answers < 20:  # noqa: ASYNC110 - the time is the point
                await asyncio.sleep(0.01)

    async def test_an_error_is_an_answer(self) -> None:
        answers = 0

        async def ping() -> None:
            nonlocal answers
            answers += 1
            raise BusError("not allowed")

        async with while_answered(ping, lambda: BusError("silent")):
            while answers < 20:  # noqa: ASYNC110 - the time is the point
                await asyncio.sleep(0.01)

    async def test_silence_ends_what_is_done_and_is_told(self) -> None:
        ended = False
        with pytest.raises(BusError, match="silent"):
            async with while_answered(asyncio.Event().wait, lambda: BusError("silent")):
                try:
                    await asyncio.Event().wait()
                finally:
                    ended = True

        assert ended

    async def test_a_blocked_event_loop_is_not_silence(self) -> None:
        answered = asyncio.Event()

        async def ping() -> None:
            asyncio.get_running_loop().call_later(0.001, answered.set)
            await answered.wait()
            time.sleep(0.5)  # noqa: ASYNC251 - many ticks
            await asyncio.sleep(0)

        async with while_answered(ping, lambda: BusError("silent")):
            await answered.wait()
            await asyncio.sleep(0.2)

    async def test_a_time_out_of_the_block_stays_one(self) -> None:
        with pytest.raises(TimeoutError):
            async with while_answered(asyncio.Event().wait, lambda: BusError("silent")), asyncio.timeout(0):
                await asyncio.Event().wait()
