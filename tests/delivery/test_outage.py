"""Riding out an outage."""

from __future__ import annotations

import asyncio

import pytest

from eventkit import BusError
from eventkit.delivery import outage as outage_module
from eventkit.delivery.outage import Outage


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made; none takes time."""
    made: list[float] = []

    async def sleep(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(outage_module.asyncio, "sleep", sleep)
    monkeypatch.setattr(outage_module.random, "random", lambda: 0.0)
    return made


async def test_pauses_grow_up_to_four_seconds(pauses: list[float]) -> None:
    failures = iter(range(20))

    async def receive() -> str:
        if next(failures, None) is not None:
            raise BusError("locked")
        return "received"

    assert await Outage("payment_service").until_it_works("receive", receive) == "received"
    assert len(pauses) == 20
    assert pauses[:4] == [0.05, 0.1, 0.2, 0.4]
    assert pauses[-1] == 4


async def test_other_errors_pass(pauses: list[float]) -> None:
    async def receive() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Outage("payment_service").until_it_works("receive", receive)
    assert pauses == []


async def test_a_cancellation_passes() -> None:
    async def receive() -> None:
        raise BusError("locked")

    task = asyncio.create_task(Outage("payment_service").until_it_works("receive", receive))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_each_operation_has_its_own_streak(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage("payment_service")
    locked, full = BusError("locked"), BusError("full")
    outage.note("receive", locked)
    outage.note("settle", full)
    outage.note("receive", locked)
    assert outage.error is full

    outage.clear("settle")
    assert outage.error is locked
    outage.clear("receive")
    outage.clear("receive")
    assert outage.error is None
    outage.note("receive", locked)

    assert [record.getMessage() for record in caplog.records] == [
        "payment_service cannot receive, and tries until it can: locked",
        "payment_service cannot settle, and tries until it can: full",
        "payment_service can settle again",
        "payment_service can receive again",
        "payment_service cannot receive, and tries until it can: locked",
    ]


def test_a_cause_that_changes_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage("payment_service")
    causes = ["refused", "channel 1 is gone", "channel 2 is gone", "refused", "no queue 'order'", "refused"]
    for cause in causes:
        outage.note("receive", BusError(cause))
    outage.clear("receive")
    outage.note("receive", BusError("no queue 'order'"))

    assert [record.getMessage() for record in caplog.records] == [
        "payment_service cannot receive, and tries until it can: refused",
        "payment_service still cannot receive, and tries until it can: channel 1 is gone",
        "payment_service still cannot receive, and tries until it can: no queue 'order'",
        "payment_service can receive again",
        "payment_service cannot receive, and tries until it can: no queue 'order'",
    ]
