"""The topic of dead letters is named seldom in the requests of a service that is busy, and often enough."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from eventkit import Event, Retry, Service, connect
from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import Envelope
from eventkit.testing.conformance.support import PATIENCE
from tests.servers.kafka_broker import Broker
from tests.servers.kafka_gateway import FETCH

pytestmark = pytest.mark.slow


class Glanced(Event, type="order.glanced", key="key"):
    key: str


class Handled:
    def __init__(self) -> None:
        self.keys: asyncio.Queue[str] = asyncio.Queue()
        self.fails = True

    def service(self) -> Service:
        service = Service("ledger")

        @service.handler(retry=Retry(attempts=1))
        async def handle(event: Glanced) -> None:
            if event.key == "fails" and self.fails:
                raise ValueError("no")
            self.keys.put_nowait(event.key)

        return service


def glanced(key: str) -> Envelope:
    return Envelope.of(Glanced(key=key), source="tests")


@pytest.fixture
def requests(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What the service asks for: events alone, or dead letters, too."""
    counted = Counter[str]()
    request = broker.gateway._request

    def noted(frame: bytes, asked: object) -> bytes:
        if frame[:2] == FETCH.to_bytes(2):
            counted["dead letters, too" if b"ledger.dead" in frame else "events"] += 1
        return request(frame, asked)

    monkeypatch.setattr(broker.gateway, "_request", noted)
    return counted


@asynccontextmanager
async def a_letter(bus: Bus) -> AsyncIterator[str]:
    """Run while one event is a dead letter, and give its id."""
    await bus.publish(glanced("fails"))
    async with asyncio.timeout(PATIENCE):
        while not (letters := await bus.dead_letters.list()):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)
    yield letters[0].id


async def test_a_busy_service_asks_for_replays_now_and_then_and_handles_them(
    broker: Broker, prefix: str, requests: Counter[str]
) -> None:
    handled = Handled()
    async with connect(broker.url, prefix=prefix) as bus, bus.serve(handled.service(), ()), a_letter(bus) as id:
        handled.fails = False

        async def keep_publishing() -> None:
            while True:
                await bus.publish(glanced("busy"))

        publishing = asyncio.create_task(keep_publishing())
        await handled.keys.get()
        requests.clear()
        await asyncio.sleep(3)
        assert requests["events"] > 3 * requests["dead letters, too"] > 0

        assert await bus.dead_letters.replay([id]) == 1
        async with asyncio.timeout(PATIENCE):
            while await handled.keys.get() != "fails":
                pass
        publishing.cancel()


async def test_a_service_with_nothing_to_do_asks_for_replays_always(
    broker: Broker, prefix: str, requests: Counter[str]
) -> None:
    handled = Handled()
    async with connect(broker.url, prefix=prefix) as bus, bus.serve(handled.service(), ()), a_letter(bus) as id:
        handled.fails = False
        for key in ("a", "b", "c"):
            await bus.publish(glanced(key))
            assert await handled.keys.get() == key
        await asyncio.sleep(0.5)
        requests.clear()
        await asyncio.sleep(1)
        assert requests["dead letters, too"] > 0 == requests["events"]

        assert await bus.dead_letters.replay([id]) == 1
        async with asyncio.timeout(PATIENCE):
            assert await handled.keys.get() == "fails"
