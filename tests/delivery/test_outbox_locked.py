"""On PostgreSQL several relays publish at once: none waits for another one, and no event is published by two."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from eventkit import BusError, Retry
from eventkit.delivery import outbox_locked
from eventkit.delivery import relay as relay_module
from eventkit.delivery.database import sql_engine
from eventkit.delivery.outbox import outbox
from eventkit.delivery.outbox_locked import LockedRows
from eventkit.delivery.outbox_rows import Page, Row
from eventkit.delivery.relay import OutboxRelay
from tests.delivery.conftest import Ledger, commit, logged, publish_order_changed, stored
from tests.servers.postgres import Postgres
from tests.servers.proxy import Proxy

pytestmark = [pytest.mark.server, pytest.mark.timeout(60)]

LEASE = 60.0


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
async def other(url: str) -> AsyncIterator[AsyncEngine]:
    """Another process's engine."""
    engine = sql_engine(url)
    yield engine
    await engine.dispose()


def positions(page: Page) -> list[int]:
    return [row.position for row in page.rows]


async def terminate_relays(engine: AsyncEngine) -> None:
    """End the sessions that hold rows, as PostgreSQL does after the lease."""
    holding = "state = 'idle in transaction' AND pid <> pg_backend_pid()"
    query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {holding} AND datname = current_database()"
    ended = False
    while not ended:  # one that asks for something just now is not idle
        async with engine.connect() as connection:
            ended = bool(list(await connection.scalars(text(query))))


class TestClaiming:
    async def test_what_one_has_the_other_leaves_alone(
        self, engine: AsyncEngine, other: AsyncEngine, sessions: async_sessionmaker
    ) -> None:
        await commit(sessions, range(2), key="o-1")
        first, second = LockedRows(engine, LEASE), LockedRows(other, LEASE)
        async with first.page(None, 10) as mine:
            await commit(sessions, [0], key="o-2")
            await commit(sessions, [2], key="o-1")
            async with second.page(None, 10) as theirs:
                assert (positions(mine), positions(theirs)) == ([1, 2], [3])

    async def test_what_stands_behind_an_event_that_another_one_has_is_left_alone(
        self, engine: AsyncEngine, other: AsyncEngine, sessions: async_sessionmaker
    ) -> None:
        await commit(sessions, range(3), key="o-1")
        first, second = LockedRows(engine, LEASE), LockedRows(other, LEASE)
        async with first.page(None, 1) as mine, second.page(None, 10) as theirs:
            assert (positions(mine), positions(theirs)) == ([1], [])

    async def test_an_event_that_shows_up_late_in_front_of_others_is_not_skipped(
        self, engine: AsyncEngine, other: AsyncEngine, sessions: async_sessionmaker
    ) -> None:
        first, second = LockedRows(engine, LEASE), LockedRows(other, LEASE)
        async with sessions() as slow:
            with outbox(slow):
                await publish_order_changed("o-1", 1)  # gets position 1, and is not there yet
            await commit(sessions, [2, 3], key="o-1")
            async with first.page(None, 10) as mine:
                await slow.commit()
                await commit(sessions, [4], key="o-1")  # which comes after all of them
                async with second.page(None, 10) as theirs:
                    # Up to the first one that is taken: 4 would overtake 2 and 3.
                    assert (positions(mine), positions(theirs)) == ([2, 3], [1])
                    theirs.published.append(1)
                mine.published.extend([2, 3])
        async with first.page(None, 10) as rest:
            assert positions(rest) == [4]

    async def test_what_was_published_is_gone_and_the_rest_is_free(
        self, engine: AsyncEngine, other: AsyncEngine, sessions: async_sessionmaker
    ) -> None:
        await commit(sessions, range(3), key="o-1")
        async with LockedRows(engine, LEASE).page(None, 10) as page:
            page.published.append(1)
        async with LockedRows(other, LEASE).page(None, 10) as page:
            assert positions(page) == [2, 3]

    async def test_an_error_frees_everything(
        self, engine: AsyncEngine, other: AsyncEngine, sessions: async_sessionmaker
    ) -> None:
        await commit(sessions, range(3), key="o-1")
        with pytest.raises(RuntimeError, match="the bus broke"):
            async with LockedRows(engine, LEASE).page(None, 10) as page:
                page.published.append(1)
                raise RuntimeError("the bus broke")
        async with LockedRows(other, LEASE).page(None, 10) as page:
            assert positions(page) == [1, 2, 3]

    async def test_a_walk_comes_to_each_key_once_in_pages_of_the_size_that_is_asked_for(
        self, engine: AsyncEngine, sessions: async_sessionmaker
    ) -> None:
        for number in range(25):
            await commit(sessions, [0, 1], key=f"o-{number}")
        rows, after, seen = LockedRows(engine, LEASE), None, list[Row]()
        while True:
            async with rows.page(after, 10) as page:
                assert len(page.rows) <= 10
                seen += page.rows
            if page.following is None:
                break
            after = page.following
        assert len({row.lane for row in seen}) == 25
        assert sorted(row.position for row in seen)[:3] == [1, 3, 5]

    async def test_a_few_keys_share_a_page(self, engine: AsyncEngine, sessions: async_sessionmaker) -> None:
        await commit(sessions, range(100), key="o-1")
        await commit(sessions, range(3), key="o-2")
        async with LockedRows(engine, LEASE).page(None, 10) as page:
            assert positions(page) == [1, 2, 3, 4, 5, 101, 102, 103]

    async def test_each_event_without_a_key_stands_for_itself(
        self, engine: AsyncEngine, other: AsyncEngine, sessions: async_sessionmaker
    ) -> None:
        await commit(sessions, range(3), key=None)
        async with LockedRows(engine, LEASE).page(None, 2) as mine, LockedRows(other, LEASE).page(None, 10) as theirs:
            assert sorted(positions(mine) + positions(theirs)) == [1, 2, 3]

    async def test_engines_of_stricter_isolation_do_as_well(
        self, url: str, sessions: async_sessionmaker, ledger: Ledger, caplog: pytest.LogCaptureFixture
    ) -> None:
        strict = [sql_engine(url, isolation_level="SERIALIZABLE") for _ in range(2)]
        async with (
            OutboxRelay(strict[0], ledger, poll=0.001).running(),
            OutboxRelay(strict[1], ledger, poll=0.001).running(),
        ):
            for number in range(50):
                await commit(sessions, [number])
            await ledger.until(confirmed=50)
        for each in strict:
            await each.dispose()
        assert ledger.numbers() == list(range(50))
        assert caplog.records == []  # as of transactions that could not be serialized


class TestLease:
    async def test_a_relay_that_is_not_heard_of_loses_its_rows(
        self, engine: AsyncEngine, other: AsyncEngine, sessions: async_sessionmaker
    ) -> None:
        await commit(sessions, [0])
        hung = LockedRows(engine, lease=0.2).page(None, 10)
        assert positions(await hung.__aenter__()) == [1]
        while True:
            async with LockedRows(other, LEASE).page(None, 10) as page:
                if positions(page) == [1]:
                    break
        with pytest.raises(DBAPIError):
            await hung.__aexit__(None, None, None)
        async with LockedRows(engine, LEASE).page(None, 10) as page:  # the engine goes on with another connection
            assert positions(page) == [1]

    async def test_one_that_publishes_for_longer_than_the_lease_keeps_them(
        self, engine: AsyncEngine, other: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        second, asked = Ledger(), asyncio.Semaphore(0)
        event.listen(
            engine.sync_engine,
            "after_cursor_execute",
            lambda _connection, _cursor, statement, *_: statement == "SELECT 1" and asked.release(),
        )
        await commit(sessions, [0])
        ledger.open.clear()
        async with OutboxRelay(engine, ledger, lease=2).running():
            await ledger.until_called(1)
            async with OutboxRelay(other, second, poll=0.02, lease=2).running():
                for _ in range(4):  # more than a lease
                    await asyncio.wait_for(asked.acquire(), 30)
            ledger.open.set()
        assert second.calls == 0
        assert ledger.numbers() == [0]

    async def test_one_that_lost_its_rows_publishes_no_more_of_them(
        self,
        engine: AsyncEngine,
        other: AsyncEngine,
        sessions: async_sessionmaker,
        ledger: Ledger,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(relay_module, "BACK_OFF", Retry(delay=60))
        second = Ledger()
        await commit(sessions, range(3))
        ledger.open.clear()
        async with OutboxRelay(engine, ledger, lease=1).running():
            await ledger.until_called(1)
            await terminate_relays(engine)  # before there is another one, which may be idle just then
            async with OutboxRelay(other, second, poll=0.02, lease=LEASE).running():
                await second.until(confirmed=3)
            # What asyncpg says of an ended session depends on how far the news had come.
            await logged(caplog, "the outbox cannot be read or written: ")
            ledger.open.set()
        assert second.numbers() == [0, 1, 2]
        assert ledger.numbers() == []

    async def test_one_that_is_cut_off_goes_on_when_the_network_is_there_again(
        self,
        engine: AsyncEngine,
        url: str,
        postgres_server: Postgres,
        sessions: async_sessionmaker,
        ledger: Ledger,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(outbox_locked, "ANSWERED_WITHIN", 0.5)
        second = Ledger()
        await commit(sessions, [0])
        ledger.open.clear()
        with Proxy(postgres_server.port) as proxy:
            far = sql_engine(proxy.url(url))
            async with OutboxRelay(far, ledger, lease=1, poll=0.1).running():
                await ledger.until_called(1)
                proxy.swallow(requests=True, replies=True)
                async with OutboxRelay(engine, second, lease=1, poll=0.1).running():
                    await second.until(confirmed=1)  # PostgreSQL has ended the other one's transaction
                await logged(caplog)
                proxy.heal()  # new connections work; the old one is never answered
                ledger.open.set()
                await commit(sessions, [1])
                await ledger.until(confirmed=1)
            await far.dispose()
        assert (second.numbers(), ledger.numbers()) == ([0], [1])


class TestSeveralAtOnce:
    async def test_none_waits_for_another_one(
        self, engine: AsyncEngine, other: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        second = Ledger()
        await commit(sessions, [0], key="o-1")
        ledger.open.clear()
        async with OutboxRelay(engine, ledger).running():
            await ledger.until_called(1)
            async with OutboxRelay(other, second, poll=0.02).running():
                await commit(sessions, [1], key="o-2")
                await second.until(confirmed=1)
                assert ledger.envelopes == []
            ledger.open.set()
        assert ledger.numbers() == [0]
        assert second.numbers() == [1]

    async def test_a_long_backlog_of_one_key_keeps_no_other_waiting(
        self, engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
    ) -> None:
        await commit(sessions, range(500), key="o-1")
        await commit(sessions, range(2), key="o-2")
        async with OutboxRelay(engine, ledger, batch=10).running():
            await ledger.until(confirmed=502)
        assert ledger.numbers("o-1") == list(range(500))
        assert [each.key for each in ledger.envelopes[:20]].count("o-2") == 2
        assert await stored(engine) == []


class TestStart:
    @pytest.mark.slow
    @pytest.mark.parametrize("connected", [False, True], ids=["first connection", "connection of the pool"])
    async def test_a_database_that_is_frozen_is_told_in_time(
        self, url: str, engine: AsyncEngine, other: AsyncEngine, postgres_server: Postgres, connected: bool
    ) -> None:
        postgres_server.pause()
        try:
            begun = time.monotonic()
            with pytest.raises(BusError, match=r"the outbox does not answer within 4\.5 s.*whether it runs"):
                async with OutboxRelay(engine if connected else other, Ledger()).running():
                    pass
            assert time.monotonic() - begun < 6  # a second for a busy machine
        finally:
            postgres_server.resume()
        async with OutboxRelay(engine if connected else other, Ledger()).running():
            pass

    async def test_tables_that_somebody_has_locked_are_told(
        self, engine: AsyncEngine, other: AsyncEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with other.begin() as migration:
            await migration.execute(text("LOCK TABLE eventkit_outbox"))
            with (
                monkeypatch.context() as patch,
                pytest.raises(BusError, match="whether somebody has locked the tables"),
            ):
                patch.setattr(outbox_locked, "START_WITHIN", 0.2)
                await LockedRows(engine, LEASE).check()
        await LockedRows(engine, LEASE).check()

    @pytest.mark.slow
    async def test_an_event_loop_that_was_blocked_does_not_take_it_for_silent(self, engine: AsyncEngine) -> None:
        asyncio.get_running_loop().call_later(0.001, time.sleep, outbox_locked.START_WITHIN + 0.1)
        await LockedRows(engine, LEASE).check()

    async def test_it_can_be_cancelled(self, engine: AsyncEngine, other: AsyncEngine) -> None:
        async with other.begin() as migration:
            await migration.execute(text("LOCK TABLE eventkit_outbox"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await LockedRows(engine, LEASE).check()
        await LockedRows(engine, LEASE).check()
