"""The thread that uses the file: commits that are shared, and failures that are not."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from eventkit.bus.sqlite.database import Database
from eventkit.bus.sqlite.transaction import Transaction
from eventkit.contract.errors import BusError


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "events.db")
    await database.open()
    yield database
    await database.close()


class Gate:
    """A job that keeps the thread busy until the test lets it go on."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.reached = threading.Event()

    def __call__(self, transaction: Transaction) -> None:
        self.reached.set()
        assert self._open.wait(10)

    def open(self) -> None:
        self._open.set()


def name(group: str) -> Callable[[Transaction], int]:
    def work(transaction: Transaction) -> int:
        transaction.execute("INSERT INTO groups (name, position, clock) VALUES (?, 0, 0)", (group,))
        return id(transaction)

    return work


def names(transaction: Transaction) -> list[str]:
    return [each for (each,) in transaction.execute("SELECT name FROM groups ORDER BY name")]


FULL, NORMAL = 2, 1


def synchronous(transaction: Transaction) -> int:
    (level,) = transaction.execute("PRAGMA synchronous").fetchone()
    return int(level)


class TestSharedCommits:
    async def test_jobs_that_come_during_a_transaction_share_the_next_one(self, database: Database) -> None:
        gate = Gate()
        first = database.submit(gate)
        await asyncio.to_thread(gate.reached.wait)
        later = [database.submit(name(f"group-{number}")) for number in range(64)]
        gate.open()
        await first
        assert len(set(await asyncio.gather(*later))) == 1
        assert len(await database.submit(names)) == 64

    async def test_they_wait_for_the_disk_if_one_of_them_must(self, database: Database) -> None:
        assert await database.submit(synchronous, durable=False) == NORMAL
        gate = Gate()
        first = database.submit(gate, durable=False)
        await asyncio.to_thread(gate.reached.wait)
        later = [database.submit(synchronous, durable=each) for each in (False, True, False)]
        gate.open()
        await first
        assert await asyncio.gather(*later) == [FULL, FULL, FULL]

    async def test_a_job_that_fails_does_not_take_the_others_with_it(self, database: Database) -> None:
        gate = Gate()
        first = database.submit(gate)
        await asyncio.to_thread(gate.reached.wait)
        later = [database.submit(name(each)) for each in ("one", "two", "two", "three")]
        gate.open()
        await first
        results = await asyncio.gather(*later, return_exceptions=True)
        assert [isinstance(each, BusError) for each in results] == [False, False, True, False]
        assert await database.submit(names) == ["one", "three", "two"]

    async def test_a_job_that_was_cancelled_before_its_turn_is_not_done(self, database: Database) -> None:
        gate = Gate()
        first = database.submit(gate)
        await asyncio.to_thread(gate.reached.wait)
        cancelled, other = database.submit(name("cancelled")), database.submit(name("other"))
        cancelled.cancel()
        gate.open()
        await asyncio.gather(first, other)
        assert await database.submit(names) == ["other"]

    async def test_a_job_that_is_cancelled_in_its_turn_hurts_nobody(self, database: Database) -> None:
        gate = Gate()
        first = database.submit(gate)
        await asyncio.to_thread(gate.reached.wait)
        first.cancel()
        gate.open()
        assert await database.submit(name("next"))

    async def test_an_error_that_is_not_the_databases_comes_as_it_is(self, database: Database) -> None:
        def mistaken(transaction: Transaction) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await database.submit(mistaken)
        assert await database.submit(names) == []


class TestOpeningAndClosing:
    async def test_closing_does_what_was_submitted(self, tmp_path: Path) -> None:
        database = Database(tmp_path / "events.db")
        await database.open()
        submitted = [database.submit(name(f"group-{number}")) for number in range(10)]
        await database.close()
        assert all(each.done() for each in submitted)
        await database.close()

    async def test_it_can_be_opened_again(self, tmp_path: Path) -> None:
        database = Database(tmp_path / "events.db")
        for each in ("one", "two"):
            await database.open()
            await database.submit(name(each))
            await database.close()
        await database.open()
        assert await database.submit(names) == ["one", "two"]
        await database.close()

    async def test_what_cannot_be_opened_can_be_opened_once_that_is_mended(self, tmp_path: Path) -> None:
        database = Database(tmp_path / "folder" / "events.db")
        with pytest.raises(BusError, match="does not exist"):
            await database.open()
        with pytest.raises(BusError, match="not open"):
            database.submit(names)
        for thread in [each for each in threading.enumerate() if each.name.startswith("eventkit")]:
            thread.join(10)
            assert not thread.is_alive()
        (tmp_path / "folder").mkdir()
        await database.open()
        assert await database.submit(names) == []
        await database.close()

    async def test_a_file_that_is_not_open_takes_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(BusError, match="not open"):
            Database(tmp_path / "events.db").submit(names)

    def test_a_loop_that_ends_too_early_leaves_the_thread_to_another(self, tmp_path: Path) -> None:
        database, gate = Database(tmp_path / "events.db"), Gate()

        async def leave_early() -> None:
            await database.open()
            database.submit(gate)
            database.submit(name("submitted"))
            await asyncio.to_thread(gate.reached.wait)

        async def go_on() -> list[str]:
            gate.open()
            found = await database.submit(names)
            await database.close()
            return found

        asyncio.run(leave_early())
        assert asyncio.run(go_on()) == ["submitted"]

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    async def test_a_process_that_was_forked_off_is_told_to_open_its_own(self, database: Database) -> None:
        child = os.fork()
        if child == 0:
            try:
                database.submit(names)
            except BusError as error:
                os._exit(0 if "forked" in str(error) else 1)
            finally:
                os._exit(2)
        _, status = await asyncio.to_thread(os.waitpid, child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert await database.submit(names) == []

    @pytest.mark.skipif(not Path("/dev/fd").exists(), reason="counts open files in /dev/fd")
    async def test_what_cannot_be_opened_leaves_no_open_files(self, tmp_path: Path) -> None:
        resource = pytest.importorskip("resource")
        before, (soft, hard) = open_files(), resource.getrlimit(resource.RLIMIT_NOFILE)
        for room in range(1, 12):
            resource.setrlimit(resource.RLIMIT_NOFILE, (before + room, hard))
            try:
                with suppress(BusError):
                    database = Database(tmp_path / "events.db")
                    await database.open()
                    await database.close()
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert open_files() == before


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))
