"""Several processes run a relay, and some die or freeze: nothing is lost, and each key stays in order."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from eventkit.delivery.outbox import outbox
from tests.delivery.conftest import commit, publish_order_changed, stored
from tests.delivery.relays import BATCH, Line, RelayProcess, lines_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

KEYS = 12
EVENTS = 40  # of each key
LONG = 60.0  # seconds


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(90):
        while not condition():  # noqa: ASYNC110 - a file and other processes tell nobody
            await asyncio.sleep(0.005)


async def write(sessions: async_sessionmaker) -> None:
    """Publish the events of all keys, in a transaction for each number."""
    for number in range(EVENTS):
        async with sessions.begin() as session:
            with outbox(session):
                for key in range(KEYS):
                    await publish_order_changed(f"o-{key}", number)


async def until_empty(engine: AsyncEngine) -> None:
    while await stored(engine):  # noqa: ASYNC110 - other processes tell nobody
        await asyncio.sleep(0.02)


def first_times(lines: list[Line]) -> dict[str, list[int]]:
    """Return for each key the numbers in the order in which they were published first."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        if line.number not in numbers[line.key]:
            numbers[line.key].append(line.number)
    return numbers


def doubles(lines: list[Line]) -> dict[str, list[int]]:
    """Return the events that were published more than once, each with the processes that did."""
    pids: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        pids[line.id].append(line.pid)
    return {id: by for id, by in pids.items() if len(by) > 1}


@pytest.fixture
def lease(url: str) -> float:
    """How long a relay that died keeps its rows, at the most: so long that no relay loses them while it lives."""
    return 5 if url.startswith("sqlite") else LONG  # PostgreSQL sees the end of a connection at once


ALL_IN_ORDER = {f"o-{number}": list(range(EVENTS)) for number in range(KEYS)}


async def test_without_trouble_each_event_is_published_once(
    engine: AsyncEngine, url: str, lease: float, sessions: async_sessionmaker, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(RelayProcess(url, ledger, lease))
        await write(sessions)
        await until_empty(engine)
    lines = lines_of(ledger)
    assert first_times(lines) == ALL_IN_ORDER
    assert doubles(lines) == {}


@pytest.mark.slow
async def test_one_that_is_killed_loses_nothing_and_only_its_own_events_come_twice(
    engine: AsyncEngine, url: str, lease: float, sessions: async_sessionmaker, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    killed = set()
    with ExitStack() as stack:
        relays = [stack.enter_context(RelayProcess(url, ledger, lease)) for _ in range(3)]
        writing = asyncio.create_task(write(sessions))
        for count in (60, 160, 260):
            await until(lambda: len(lines_of(ledger)) >= count)  # noqa: B023 - called at once
            publishing = lines_of(ledger)[-1].pid  # on SQLite, the one that leads
            victim = next(relay for relay in relays if relay.pid == publishing)
            victim.send(signal.SIGKILL)
            killed.add(victim.pid)
            relays.remove(victim)
            relays.append(stack.enter_context(RelayProcess(url, ledger, lease)))
        await writing
        await until_empty(engine)
    lines = lines_of(ledger)
    assert first_times(lines) == ALL_IN_ORDER
    assert all(by[0] in killed for by in doubles(lines).values())
    assert len(doubles(lines)) <= len(killed) * BATCH  # what each had in hand


@pytest.mark.slow
async def test_one_that_freezes_for_longer_than_its_lease_gets_in_nobodys_way(
    postgres_engine: AsyncEngine, postgres_url: str, tmp_path: Path
) -> None:
    # Not on SQLite, where one that freezes in the middle of a transaction keeps the whole database.
    ledger, sessions = tmp_path / "ledger", async_sessionmaker(postgres_engine)
    await write(sessions)
    with ExitStack() as stack:
        frozen = stack.enter_context(RelayProcess(postgres_url, ledger, lease=1))
        await until(lambda: len(lines_of(ledger)) >= 60)
        frozen.send(signal.SIGSTOP)
        other = stack.enter_context(RelayProcess(postgres_url, ledger, LONG))
        await until_empty(postgres_engine)  # also of what the frozen one had in hand
        before = lines_of(ledger)
        other.send(signal.SIGKILL)
        frozen.send(signal.SIGCONT)
        await commit(sessions, [0], key="last")
        await until(lambda: lines_of(ledger)[-1].key == "last")
        after = lines_of(ledger)[len(before) :]
    assert first_times(before) == ALL_IN_ORDER
    assert all(by[0] == frozen.pid for by in doubles(before).values())
    # What it had begun to publish was stored before. What it had not begun, it does not begin any more, but for one
    # that it was about to hand to the bus in the very moment in which it froze.
    assert len(after) <= 2
