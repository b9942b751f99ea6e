"""SIGTERM and SIGINT: the first asks to finish, the second to end at once."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from eventkit import ConfigurationError, Service
from eventkit.delivery.signals import StopSignals
from eventkit.delivery.subscription import Done
from tests.delivery.running import OrderCreated, order, running, until

BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


def service_that_waits(go: asyncio.Event) -> Service:
    service = Service("payment_service")

    @service.handler
    async def handle_order_created(event: OrderCreated) -> None:
        await go.wait()

    return service


@BOTH
async def test_the_first_signal_finishes_what_runs(number: signal.Signals) -> None:
    go = asyncio.Event()
    async with running(service_that_waits(go), publish=[order("a")]) as (worker, faulty, _):
        await until(lambda: worker.in_flight)
        asyncio.get_running_loop().call_soon(signal.raise_signal, number)
        await worker.until_stopped()
        asyncio.get_running_loop().call_later(0.02, go.set)
    assert len(faulty.outcomes(Done)) == 1


@BOTH
async def test_the_second_signal_ends_at_once_and_the_event_comes_back(number: signal.Signals) -> None:
    async with running(service_that_waits(asyncio.Event()), publish=[order("a")], grace=1000) as (worker, faulty, _):
        await until(lambda: worker.in_flight)
        asyncio.get_running_loop().call_soon(signal.raise_signal, number)
        await worker.until_stopped()
        asyncio.get_running_loop().call_later(0.02, signal.raise_signal, number)
    assert faulty.outcomes() == []


async def test_all_workers_of_the_process_hear_them() -> None:
    go = asyncio.Event()
    go.set()
    async with running(service_that_waits(go)) as (one, _, _), running(service_that_waits(go)) as (other, _, _):
        asyncio.get_running_loop().call_later(0.01, signal.raise_signal, signal.SIGTERM)
        await asyncio.gather(one.until_stopped(), other.until_stopped())


async def test_a_worker_that_is_not_asked_hears_the_second_signal_too() -> None:
    stuck = service_that_waits(asyncio.Event())
    async with (
        running(stuck, publish=[order("a")], grace=1000) as (one, _, _),
        running(stuck, publish=[order("a")], grace=1000) as (other, _, _),
    ):
        await until(lambda: one.in_flight and other.in_flight)
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGTERM)
        await one.until_stopped()
        asyncio.get_running_loop().call_later(0.02, signal.raise_signal, signal.SIGTERM)


async def test_the_former_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with running(service_that_waits(asyncio.Event())) as (worker, _, _):
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGTERM)
        await worker.until_stopped()
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


async def test_a_worker_that_nobody_awaits_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with running(service_that_waits(asyncio.Event())):
        assert signal.getsignal(signal.SIGTERM) == before


def test_in_another_thread_the_error_says_what_to_do_instead() -> None:
    errors: list[BaseException] = []

    def install() -> None:
        try:
            StopSignals().install()
        except ConfigurationError as error:
            errors.append(error)

    thread = threading.Thread(target=install)
    thread.start()
    thread.join()
    assert "in the main thread only; leave the `async with service.run(...)` block" in str(errors[0])


async def test_the_count_begins_anew_when_all_have_left() -> None:
    signals, heard = StopSignals(), []
    for _ in range(2):
        signals.join(heard.append)
        signals.install()
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        signals.leave(heard.append)
    assert heard == [1, 2, 1, 2]
