"""`sqlite://` does what every bus does."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from collections.abc import Callable
from contextlib import aclosing, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eventkit import ConfigurationError, Envelope, PublishError, connect
from eventkit.bus.protocol import Bus, Health
from eventkit.bus.sqlite import SQLiteBus
from eventkit.bus.sqlite.transaction import Transaction
from eventkit.contract.envelope import new_id
from eventkit.contract.strict_json import DEFAULT_LIMITS
from eventkit.delivery.subscription import Unreadable
from eventkit.testing.conformance import BusConformance
from eventkit.testing.conformance.support import PATIENCE, BusFactory, subscribed


class TestSQLiteBus(BusConformance):
    @pytest.fixture
    def bus_factory(self, tmp_path: Path) -> BusFactory:
        return functools.partial(connect, f"sqlite:///{tmp_path}/events.db")

    @pytest.fixture
    def absent_factory(self, tmp_path: Path) -> Callable[..., Bus]:
        return functools.partial(connect, f"sqlite:///{tmp_path}/volume-that-is-not-mounted/events.db")


def event(data: bytes = b"{}") -> Envelope:
    return Envelope(id=new_id(), source="test", type="a.happened", data=data)


class TestSettings:
    @pytest.mark.parametrize("setting", ["lease=0.0", "lease=-1.0", "lease=nan", "lease=inf", "retention=-1.0"])
    def test_a_value_out_of_its_range(self, tmp_path: Path, setting: str) -> None:
        with pytest.raises(ConfigurationError, match=f"^{setting} is out of range"):
            connect(f"sqlite:///{tmp_path}/events.db?{setting}")

    async def test_a_relative_path_is_meant_from_where_the_process_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        bus = connect("sqlite:///events.db")
        monkeypatch.chdir("/")
        async with bus:
            assert (tmp_path / "events.db").exists()


class TestPublishing:
    async def test_an_event_above_the_limit_is_refused(self, tmp_path: Path) -> None:
        async with connect(f"sqlite:///{tmp_path}/events.db") as bus:
            with pytest.raises(PublishError, match="more than the limit"):
                await bus.publish(event(b" " * (DEFAULT_LIMITS.max_bytes + 1)))

    async def test_a_bus_that_is_not_open_refuses(self, tmp_path: Path) -> None:
        with pytest.raises(PublishError, match="not open"):
            await connect(f"sqlite:///{tmp_path}/events.db").publish(event())

    async def test_what_was_not_stored_is_told_and_what_was_stays(self, tmp_path: Path) -> None:
        async with connect(f"sqlite:///{tmp_path}/events.db") as bus:
            assert isinstance(bus, SQLiteBus)
            await bus.publish(event())
            await bus._database.submit(disk_of(10))
            large = [event(b'{"a":"%s"}' % (b"x" * 100_000)) for _ in range(5)]
            results = await asyncio.gather(*map(bus.publish, large), return_exceptions=True)
            assert all(isinstance(each, PublishError) and "disk is full" in str(each) for each in results)
            await bus._database.submit(disk_of(100_000))
            await bus.publish(event())
            assert await bus._database.submit(published) == 2

    async def test_a_small_event_is_stored_although_a_large_one_beside_it_is_not(self, tmp_path: Path) -> None:
        async with connect(f"sqlite:///{tmp_path}/events.db") as bus:
            assert isinstance(bus, SQLiteBus)
            await bus._database.submit(disk_of(20))
            large, small = event(b'{"a":"%s"}' % (b"x" * 100_000)), event()
            results = await asyncio.gather(bus.publish(large), bus.publish(small), return_exceptions=True)
            assert isinstance(results[0], PublishError)
            assert results[1] is None
            assert await bus._database.submit(published) == 1

    async def test_a_deleted_file_is_told(self, tmp_path: Path) -> None:
        async with connect(f"sqlite:///{tmp_path}/events.db") as bus:
            (tmp_path / "events.db").unlink()
            with pytest.raises(PublishError, match="deleted or replaced"):
                await bus.publish(event())


def disk_of(pages: int) -> Callable[[Transaction], None]:
    """Let the file have as many pages, whatever the disk has."""

    def limit(transaction: Transaction) -> None:
        transaction.execute(f"PRAGMA max_page_count = {pages}")

    return limit


def published(transaction: Transaction) -> int:
    return int(transaction.execute("SELECT count(*) FROM events").fetchone()[0])


async def test_old_events_are_removed_while_the_bus_is_in_use(tmp_path: Path) -> None:
    async with connect(f"sqlite:///{tmp_path}/events.db") as bus:
        await bus.publish(event())
    async with connect(f"sqlite:///{tmp_path}/events.db", retention=0.0) as bus, subscribed(bus, types=()):
        assert isinstance(bus, SQLiteBus)
        async with asyncio.timeout(PATIENCE):
            while await bus._database.submit(published):  # noqa: ASYNC110 - nothing tells when it happens
                await asyncio.sleep(0.01)


class TestWaiting:
    async def test_a_volume_that_is_mounted_later_is_waited_for(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        volume = tmp_path / "volume"
        bus = connect(f"sqlite:///{volume}/events.db", wait=30)

        async def use() -> None:
            async with bus:
                await bus.publish(event())

        using = asyncio.create_task(use())
        async with asyncio.timeout(PATIENCE):
            while not caplog.records:  # noqa: ASYNC110 - a log has nothing that could be awaited
                await asyncio.sleep(0.005)
            volume.mkdir()
            await using

        assert caplog.messages == [
            f"waiting up to 30 s for the bus: the folder of the file does not exist ({volume}/events.db); make {volume}"
        ]


class TestHealth:
    async def test_a_file_that_another_program_keeps_locked_is_told_within_two_seconds(self, tmp_path: Path) -> None:
        async with connect(f"sqlite:///{tmp_path}/events.db") as bus:
            with closing(sqlite3.connect(tmp_path / "events.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                health = await bus.health()
                other.execute("ROLLBACK")

            assert health == Health(False, f"no answer within 2 s (sqlite:///{tmp_path}/events.db)")
            assert (await bus.health()).ok

    async def test_a_file_that_was_deleted_is_told(self, tmp_path: Path) -> None:
        async with connect(f"sqlite:///{tmp_path}/events.db") as bus:
            (tmp_path / "events.db").unlink()

            health = await bus.health()

        assert not health.ok
        assert health.detail.startswith("the file was deleted or replaced while it was in use")


class TestLooking:
    async def test_it_takes_no_lock(self, tmp_path: Path) -> None:
        async with connect(f"sqlite:///{tmp_path}/events.db") as bus, subscribed(bus, types=("a.happened",)):
            await bus.publish(event())
            with closing(sqlite3.connect(tmp_path / "events.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                since = datetime(2026, 1, 1, tzinfo=UTC)
                # The lock is held until all is seen: whoever waited for it would see nothing.
                async with asyncio.timeout(PATIENCE), aclosing(bus.follow(since=since)) as events:
                    assert isinstance(await anext(events), Envelope)
                    assert [each.waiting for each in await bus.lag()] == [1]
                    assert list(await bus.dead_letters.list()) == []
                other.execute("ROLLBACK")


class TestFollowing:
    async def test_what_is_no_event_is_shown_where_all_types_are_followed(self, tmp_path: Path) -> None:
        async with connect(f"sqlite:///{tmp_path}/events.db") as bus:
            with closing(sqlite3.connect(tmp_path / "events.db")) as other, other:
                other.execute("INSERT INTO events (at, type, headers, body) VALUES (2e9, 'a.happened', '{}', x'00')")
            await bus.publish(event())
            long_ago = datetime(2026, 1, 1, tzinfo=UTC)
            async with aclosing(bus.follow(since=long_ago)) as events, asyncio.timeout(PATIENCE):
                first, second = await anext(events), await anext(events)
            async with aclosing(bus.follow(["a.happened"], since=long_ago)) as events, asyncio.timeout(PATIENCE):
                only = await anext(events)

        assert isinstance(first, Unreadable)
        assert first.body == b"\0"
        assert second == only

    async def test_what_is_older_than_the_time_asked_for_is_left_out(self, tmp_path: Path) -> None:
        async with connect(f"sqlite:///{tmp_path}/events.db") as bus:
            old, new = event(), event()
            await bus.publish(old)
            with closing(sqlite3.connect(tmp_path / "events.db")) as other, other:
                other.execute("UPDATE events SET at = at - 600")
            await bus.publish(new)
            since = datetime.now(UTC) - timedelta(minutes=5)
            async with aclosing(bus.follow(since=since)) as events, asyncio.timeout(PATIENCE):
                assert await anext(events) == new
