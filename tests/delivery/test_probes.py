"""What probes are told: by a real HTTP client, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import httpx2
import pytest

from eventkit import BusError, Service
from eventkit.delivery.probes import probes
from eventkit.delivery.worker import Worker
from tests.delivery.faults import FaultySubscription
from tests.delivery.running import OrderCreated, order, running, until
from tests.servers.server import free_port


@pytest.fixture
def service() -> Service:
    service = Service("payment_service")

    @service.handler
    async def handle_order_created(event: OrderCreated) -> None:
        pass

    return service


@asynccontextmanager
async def probed(
    service: Service, faults: Callable[[FaultySubscription], None] = lambda faulty: None
) -> AsyncIterator[tuple[Worker, FaultySubscription, httpx2.AsyncClient]]:
    port = free_port()
    async with (
        running(service, publish=[order("o-1")], faults=faults) as (worker, faulty, _),
        probes(worker, port=port, host="127.0.0.1"),
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        yield worker, faulty, http


async def statuses(http: httpx2.AsyncClient) -> tuple[int, int]:
    """Return the answers to readiness and liveness probes."""
    return (await http.get("/health")).status_code, (await http.get("/health/live")).status_code


async def test_a_worker_that_gets_events_is_ready_and_alive(service: Service) -> None:
    async with probed(service) as (worker, _, http):
        await until(lambda: worker.counters.handled)

        assert await statuses(http) == (200, 200)
        assert (await http.get("/health")).json() == {"problem": None}


async def test_an_outage_is_no_reason_for_a_new_process(service: Service) -> None:
    def fail(faulty: FaultySubscription) -> None:
        faulty.errors["settle"] = [BusError("the disk is full") for _ in range(4)]

    async with probed(service, fail) as (worker, _, http):
        await until(lambda: worker.problem)

        answer = await http.get("/health")
        assert (answer.status_code, answer.json()) == (503, {"problem": "the disk is full"})
        assert (await http.get("/health/live")).status_code == 200
        await until(lambda: worker.ready)
        assert await statuses(http) == (200, 200)


async def test_an_error_that_ended_the_worker_is_one(service: Service) -> None:
    def fail(faulty: FaultySubscription) -> None:
        faulty.errors["receive"] = [ZeroDivisionError("a mistake in the backend")]

    with pytest.raises(ZeroDivisionError):
        async with probed(service, fail) as (worker, _, http):
            await until(lambda: worker.problem)
            assert await statuses(http) == (503, 503)


async def test_other_questions_are_not_answered(service: Service) -> None:
    async with probed(service) as (_, _, http):
        assert (await http.get("/")).status_code == 404
        assert (await http.post("/health")).status_code == 404
        assert (await http.head("/health/live")).status_code == 200


async def test_who_says_nothing_sensible_gets_no_answer_and_harms_nobody(service: Service) -> None:
    async with probed(service) as (_, _, http):
        for nonsense in (b"\x00" * 100_000, b"GET /health"):
            reader, writer = await asyncio.open_connection("127.0.0.1", http.base_url.port)
            answer = b""
            with suppress(ConnectionError):  # what it does not read to the end, it resets
                writer.write(nonsense)
                writer.write_eof()
                answer = await reader.read()
            assert answer == b""
            writer.close()

        assert (await http.get("/health")).status_code == 200
