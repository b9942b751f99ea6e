"""The relay: what was committed reaches the bus, in order for each key, whatever dies on the way."""

import asyncio
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from eventkit import ConfigurationError, Retry
from eventkit.delivery import relay as relay_module
from eventkit.delivery import tables
from eventkit.delivery.database import sql_engine
from eventkit.delivery.outbox import outbox
from eventkit.delivery.relay import OutboxRelay
from tests.delivery.conftest import Ledger, publish_order_changed, stored

pytestmark = pytest.mark.timeout(60)


async def commit(sessions: async_sessionmaker, numbers: Iterable[int], key: str | None = "o-1") -> None:
    async with sessions.begin() as session:
        with outbox(session):
            for number in numbers:
                await publish_order_changed(key, number)


async def until_led_anew(engine: AsyncEngine, times: int) -> None:
    """Wait until the lead was taken or renewed so often."""
    seen = set()
    while len(seen) < times + 1:
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            seen.add(await connection.scalar(select(tables.outbox_lead.c.until)))


async def logged(caplog: pytest.LogCaptureFixture) -> None:
    """Wait for a line in the log."""
    while not caplog.records:  # noqa: ASYNC110 - a log tells nobody
        await asyncio.sleep(0.01)


async def test_what_is_committed_is_published_once_and_deleted(
    engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
) -> None:
    async with OutboxRelay(engine, ledger).running():
        await commit(sessions, range(3))
        await ledger.until(confirmed=3)
    assert ledger.numbers() == [0, 1, 2]
    assert await stored(engine) == []


async def test_what_was_left_by_others_is_published(
    engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
) -> None:
    await commit(sessions, range(3))
    async with OutboxRelay(engine, ledger).running():
        await ledger.until(confirmed=3)


async def test_what_another_process_commits_is_found_by_looking(engine: AsyncEngine, url: str, ledger: Ledger) -> None:
    async with OutboxRelay(engine, ledger, poll=0.02).running():
        program = f"""
import asyncio
from eventkit.delivery.database import sql_engine
from eventkit.delivery.outbox import outbox
from tests.delivery.conftest import publish_order_changed

async def main():
    engine = sql_engine({url!r})
    async with engine.begin() as connection:
        with outbox(connection):
            await publish_order_changed("o-1", 7)
    await engine.dispose()

asyncio.run(main())
"""
        other = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
        assert await other.wait() == 0
        await ledger.until(confirmed=1)
    assert ledger.numbers() == [7]


async def test_more_than_a_batch_is_published_in_order(
    engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
) -> None:
    await commit(sessions, range(25))
    async with OutboxRelay(engine, ledger, batch=10).running():
        await ledger.until(confirmed=25)
    assert ledger.numbers() == list(range(25))


async def test_tables_that_are_missing_are_named_at_the_start(engine: AsyncEngine, ledger: Ledger) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DROP TABLE eventkit_outbox_lead"))
    with pytest.raises(ConfigurationError, match=r"no such table: eventkit_outbox_lead; create the tables"):
        async with OutboxRelay(engine, ledger).running():
            raise AssertionError("it ran")


class TestOrder:
    async def test_an_event_waits_for_the_one_before_it_of_the_same_key(
        self, engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        await commit(sessions, [0, 1], key="o-1")
        await commit(sessions, [0, 1], key="o-2")
        await commit(sessions, [0, 1], key=None)
        ledger.open.clear()
        async with OutboxRelay(engine, ledger).running():
            await ledger.until_called(4)  # the first of each key, and both that have none
            assert ledger.calls == 4
            ledger.open.set()
            await ledger.until(confirmed=6)
        assert ledger.numbers("o-1") == ledger.numbers("o-2") == [0, 1]

    async def test_an_event_that_the_bus_refuses_holds_back_its_key_only(
        self, engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        ledger.refused = {"o-1"}
        await commit(sessions, range(5), key="o-1")
        await commit(sessions, range(5), key="o-2")
        async with OutboxRelay(engine, ledger, batch=2).running():
            await ledger.until(confirmed=5)
            assert ledger.numbers() == ledger.numbers("o-2")
            ledger.refused.clear()
            await ledger.until(confirmed=10)
        assert ledger.numbers("o-1") == list(range(5))

    async def test_two_relays_publish_each_event_once_and_in_order(
        self, engine: AsyncEngine, url: str, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        other = sql_engine(url)
        async with (
            OutboxRelay(engine, ledger, batch=7).running(),
            OutboxRelay(other, ledger, batch=7).running(),
        ):
            for number in range(40):
                await commit(sessions, [number], key=f"o-{number % 2}")
            await ledger.until(confirmed=40)
        await other.dispose()
        assert ledger.numbers("o-0") == list(range(0, 40, 2))
        assert ledger.numbers("o-1") == list(range(1, 40, 2))

    async def test_while_one_publishes_no_other_does_however_long_it_takes(
        self, engine: AsyncEngine, url: str, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        second, other = Ledger(), sql_engine(url)
        ledger.open.clear()
        await commit(sessions, [0])
        async with OutboxRelay(engine, ledger, lease=2).running():
            await ledger.until_called(1)
            async with OutboxRelay(other, second, poll=0.02, lease=2).running():
                await until_led_anew(engine, times=4)  # more than a lease
            ledger.open.set()
        await other.dispose()
        assert second.calls == 0
        assert ledger.numbers() == [0]

    async def test_one_that_lost_the_lead_publishes_no_more_of_its_batch(
        self, engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        ledger.open.clear()
        await commit(sessions, [0, 1])
        async with OutboxRelay(engine, ledger, lease=0.3, poll=0.02).running():
            await ledger.until_called(1)
            async with engine.begin() as connection:  # as if its process had slept for longer than the lease
                await connection.execute(
                    tables.outbox_lead.update().values(holder="another", until=tables.outbox_lead.c.until)
                )
            await ledger.until_called(2)  # it leads again after the other's lease
            ledger.open.set()
            await ledger.until(confirmed=2)
        assert ledger.numbers() == [0, 1]


class TestTrouble:
    async def test_a_process_that_died_before_deleting_publishes_again_with_the_same_id(
        self, engine: AsyncEngine, url: str, sessions: async_sessionmaker, ledger: Ledger, tmp_path: Path
    ) -> None:
        await commit(sessions, [0, 1])
        published = tmp_path / "published.jsonl"
        program = f"""
import asyncio, json, os, signal
from eventkit.delivery.database import sql_engine
from eventkit.delivery.relay import OutboxRelay

class DeadlyBus:
    async def publish(self, envelope):
        with open({str(published)!r}, "a") as file:
            file.write(json.dumps(envelope.id) + "\\n")
            file.flush()
            os.fsync(file.fileno())
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with OutboxRelay(sql_engine({url!r}), DeadlyBus(), lease=0.2).running():
        await asyncio.Event().wait()

asyncio.run(main())
"""
        died = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program], check=False)
        assert died.returncode == -signal.SIGKILL
        assert len(await stored(engine)) == 2

        async with OutboxRelay(engine, ledger, poll=0.05).running():
            await ledger.until(confirmed=2)
        assert ledger.numbers() == [0, 1]
        assert [json.loads(line) for line in published.read_text().splitlines()] == [ledger.envelopes[0].id]

    async def test_a_bus_that_is_down_is_tried_until_it_is_up_with_a_line_at_either_end(
        self,
        engine: AsyncEngine,
        sessions: async_sessionmaker,
        ledger: Ledger,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(relay_module, "BACK_OFF", Retry(delay=0.001))
        ledger.down = True
        with caplog.at_level(logging.INFO, "eventkit"):
            async with OutboxRelay(engine, ledger).running():
                await commit(sessions, range(3))
                await ledger.until_called(4)
                assert ledger.envelopes == []
                ledger.down = False
                await ledger.until(confirmed=3)
        assert ledger.numbers() == [0, 1, 2]
        down, up = [record.getMessage() for record in caplog.records]
        assert down == "events wait in the outbox and are tried again: event 1 was not published: the bus is down"
        assert up.startswith("the outbox is published again, after ")

    async def test_the_end_tries_once_more(
        self,
        engine: AsyncEngine,
        sessions: async_sessionmaker,
        ledger: Ledger,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(relay_module, "BACK_OFF", Retry(delay=60))
        ledger.down = True
        async with OutboxRelay(engine, ledger).running():
            await commit(sessions, [0])
            await logged(caplog)
            ledger.down = False
        assert ledger.numbers() == [0]

    async def test_the_end_does_not_wait_for_a_bus_that_is_down(
        self, engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        ledger.down = True
        async with OutboxRelay(engine, ledger).running():
            await commit(sessions, range(3))
        assert len(await stored(engine)) == 3

    async def test_the_end_waits_so_long_for_a_bus_that_hangs(
        self,
        engine: AsyncEngine,
        sessions: async_sessionmaker,
        ledger: Ledger,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(relay_module, "DRAIN", 0.05)
        ledger.open.clear()
        async with OutboxRelay(engine, ledger).running():
            await commit(sessions, range(3))
            await ledger.until_called(1)
        assert "was not emptied" in caplog.text
        assert len(await stored(engine)) == 3

    async def test_a_database_that_fails_for_a_while_is_tried_again(
        self, engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with OutboxRelay(engine, ledger, poll=0.02).running():
            async with engine.begin() as connection:
                await connection.execute(text("ALTER TABLE eventkit_outbox RENAME TO gone"))
            await logged(caplog)
            async with engine.begin() as connection:
                await connection.execute(text("ALTER TABLE gone RENAME TO eventkit_outbox"))
            await commit(sessions, [0])
            await ledger.until(confirmed=1)
        assert caplog.messages[0].endswith("the outbox cannot be read or written: no such table: eventkit_outbox")

    async def test_a_row_that_is_no_event_holds_back_its_key_only(
        self, engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger, caplog: pytest.LogCaptureFixture
    ) -> None:
        await commit(sessions, [0], key="o-1")
        async with engine.begin() as connection:
            await connection.execute(tables.outbox.update().values(event="{}"))
        await commit(sessions, [1], key="o-1")
        await commit(sessions, [2], key="o-2")
        async with OutboxRelay(engine, ledger).running():
            await ledger.until(confirmed=1)
        assert ledger.numbers() == [2]
        assert "event 1 was not published: the CloudEvents attribute" in caplog.text
