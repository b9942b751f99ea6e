"""The relay: what was committed reaches the bus, in order for each key, whatever dies on the way."""

import asyncio
import json
import logging
import re
import signal
import subprocess
import sys
import threading
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from eventkit import BusError, ConfigurationError, Envelope, Retry, connect
from eventkit.contract.codec import from_structured
from eventkit.contract.context import current_sink
from eventkit.delivery import relay as relay_module
from eventkit.delivery import tables
from eventkit.delivery.database import sql_engine
from eventkit.delivery.outbox import outbox
from eventkit.delivery.outbox_refused import refused, retry_refused
from eventkit.delivery.relay import OutboxRelay
from tests.delivery.conftest import Ledger, commit, logged, number_of, orders, publish_order_changed, stored
from tests.servers.fixtures import required
from tests.servers.nats import Nats
from tests.servers.server import free_port

pytestmark = pytest.mark.timeout(60)


async def test_what_is_committed_is_published_once_and_deleted(
    engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
) -> None:
    async with OutboxRelay(engine, ledger).running():
        await commit(sessions, range(3))
        await ledger.until(confirmed=3)
    assert ledger.numbers() == [0, 1, 2]
    assert await stored(engine) == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql+asyncpg://ada@127.0.0.1:{port}/shop", "Connect call failed"),
        ("sqlite:///{folder}/there/is/no/such.db", "unable to open database file"),
    ],
)
async def test_a_database_that_cannot_be_reached_is_told_when_it_starts(
    url: str, told: str, tmp_path: Path, ledger: Ledger
) -> None:
    engine = sql_engine(url.format(port=free_port(), folder=tmp_path))
    with pytest.raises(BusError, match=f"the database of the outbox cannot be reached: .*{told}.*whether it runs"):
        async with OutboxRelay(engine, ledger).running():
            pass
    await engine.dispose()
    # aiosqlite has its thread end without waiting for it, and the thread fails where the event loop is closed by then.
    while any("_connection_worker_thread" in each.name for each in threading.enumerate()):  # noqa: ASYNC110
        await asyncio.sleep(0.001)


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
        await connection.execute(text("DROP TABLE eventkit_outbox_refused"))
    with pytest.raises(ConfigurationError, match=r"read: (no such table|relation).*eventkit_outbox_refused.*; create"):
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

    async def test_an_event_that_fails_holds_back_its_key_only(
        self, engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        ledger.failing = {"o-1"}
        await commit(sessions, range(5), key="o-1")
        await commit(sessions, range(5), key="o-2")
        async with OutboxRelay(engine, ledger, batch=2).running():
            await ledger.until(confirmed=5)
            assert ledger.numbers() == ledger.numbers("o-2")
            ledger.failing.clear()
            await ledger.until(confirmed=10)
        assert ledger.numbers("o-1") == list(range(5))

    async def test_transactions_that_change_the_same_row_and_then_publish_are_in_the_order_of_the_changes(
        self, engine: AsyncEngine, url: str, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        async with sessions.begin() as session:
            await session.execute(orders.insert().values(id="o-1", changes=0))

        async def change() -> None:
            for _ in range(10):
                async with sessions.begin() as session:
                    add = orders.update().values(changes=orders.c.changes + 1).returning(orders.c.changes)
                    number = await session.scalar(add)
                    with outbox(session):
                        await publish_order_changed("o-1", number)

        other = sql_engine(url)
        async with (
            OutboxRelay(engine, ledger, batch=3).running(),
            OutboxRelay(other, ledger, batch=3, poll=0.01).running(),
        ):
            await asyncio.gather(*[change() for _ in range(4)])
            await ledger.until(confirmed=40)
        await other.dispose()
        assert ledger.numbers() == list(range(1, 41))

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
        died = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program], check=False, timeout=30)
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
        gone = "the outbox cannot be read or written: (no such table: eventkit_outbox|relation .* does not exist)$"
        assert re.search(gone, caplog.messages[0])


class TestRefusedForGood:
    async def test_it_is_set_aside_with_its_reason_and_told_once(
        self, engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger, caplog: pytest.LogCaptureFixture
    ) -> None:
        ledger.refused = {1}
        await commit(sessions, range(2))
        async with OutboxRelay(engine, ledger, poll=0.01).running():
            await ledger.until(confirmed=1)
            await commit(sessions, [2])
            await ledger.until(confirmed=2)
        assert await stored(engine) == []
        async with sessions() as session:
            [aside] = await refused(session)
        assert (aside.position, aside.key) == (2, "o-1")
        assert aside.reason == "RefusedError: it is too large; send less"
        assert number_of(from_structured(aside.event.encode())) == 1
        assert aside.stored_at <= aside.refused_at <= datetime.now(UTC)
        assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
            (
                "ERROR",
                "the bus refuses event 2, which was set aside in eventkit_outbox_refused: "
                "RefusedError: it is too large; send less",
            )
        ]

    async def test_it_holds_back_nothing(
        self, engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        ledger.refused = {1}
        await commit(sessions, range(4), key="o-1")
        await commit(sessions, range(10, 14), key="o-2")
        async with OutboxRelay(engine, ledger, batch=2).running():
            await ledger.until(confirmed=7)
        assert ledger.numbers("o-1") == [0, 2, 3]
        assert ledger.numbers("o-2") == [10, 11, 12, 13]

    async def test_a_row_that_is_no_event_is_set_aside_too(
        self, engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        await commit(sessions, [0], key="o-1")
        async with engine.begin() as connection:
            await connection.execute(tables.outbox.update().values(event="{}"))
        await commit(sessions, [1], key="o-1")
        async with OutboxRelay(engine, ledger).running():
            await ledger.until(confirmed=1)
        assert ledger.numbers() == [1]
        async with sessions() as session:
            [aside] = await refused(session)
        assert "EnvelopeError: the CloudEvents attribute" in aside.reason

    async def test_what_is_too_large_for_every_bus_is_set_aside_too(
        self, engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        large = Envelope(id="e-1", source="orders", type="order.changed", data=b'"%b"' % (b"x" * 2_000_000))
        async with connect("memory://") as bus:
            async with sessions.begin() as session:
                with outbox(session):
                    await current_sink().publish(large)
            async with OutboxRelay(engine, bus).running():
                pass
        async with sessions() as session:
            [aside] = await refused(session)
        assert "more than the limit of" in aside.reason

    @pytest.mark.server
    async def test_what_only_this_bus_refuses_goes_out_when_the_bus_takes_more(
        self, engine: AsyncEngine, sessions: async_sessionmaker, tmp_path: Path
    ) -> None:
        required(Nats)
        data = b'"%b"' % (b"x" * 60_000)
        async with sessions.begin() as session:
            with outbox(session):
                for id, each in (("large", data), ("small", b"{}")):
                    await current_sink().publish(Envelope(id=id, source="s", type="order.changed", data=each, key="o"))
        with Nats(tmp_path / "small", settings=["max_payload: 65536"]) as server:
            assert await published_to(server, engine) == ["small"]
        async with sessions.begin() as session:
            [aside] = await refused(session)
            assert "more than the limit of 49,152" in aside.reason
            await retry_refused(session, [aside.position])
        with Nats(tmp_path / "large") as server:
            assert await published_to(server, engine) == ["large"]


async def published_to(server: Nats, engine: AsyncEngine) -> list[str]:
    """Publish what is in the outbox, and return the ids of what the bus has."""
    begun = datetime.now(UTC)
    async with connect(server.url) as bus:
        async with OutboxRelay(engine, bus).running():
            pass
        await bus.publish(Envelope(id="end", source="s", type="order.changed", data=b"{}"))
        ids = []
        async with aclosing(bus.follow(since=begun)) as events:
            async for event in events:
                if event.id == "end":
                    return ids
                ids.append(event.id)
    raise AssertionError("the bus was closed")
