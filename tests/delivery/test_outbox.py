"""The outbox: what a transaction publishes is stored with it, or not at all."""

import asyncio
import random
import string

import pytest
from sqlalchemy import String, text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from eventkit import Envelope, PublishError
from eventkit.contract.context import handling
from eventkit.delivery.outbox import outbox, waiting, woken_by_commits
from eventkit.testing import record
from tests.delivery.conftest import (
    business,
    changes,
    commit,
    number_of,
    orders,
    publish_order_changed,
    stored,
    stored_events,
)


class Base(DeclarativeBase):
    metadata = business


class Customer(Base):
    __tablename__ = "customers"
    name: Mapped[str] = mapped_column(String, primary_key=True)


async def test_events_are_stored_in_order_and_the_bus_gets_none(
    engine: AsyncEngine, sessions: async_sessionmaker
) -> None:
    with record() as bus:
        async with sessions.begin() as session:
            with outbox(session):
                for number in range(3):
                    await publish_order_changed("o-1", number)
    envelopes = await stored_events(engine)
    assert [number_of(each) for each in envelopes] == [0, 1, 2]
    assert [each.key for each in envelopes] == ["o-1"] * 3
    assert {each.source for each in envelopes} == {"orders"}
    assert bus.envelopes == []


async def test_they_keep_their_cause(engine: AsyncEngine, sessions: async_sessionmaker) -> None:
    cause = Envelope(id="e-1", source="payments", type="payment.completed", data=b"{}", correlation="c-1")
    with handling(cause, "orders"):
        async with sessions.begin() as session:
            with outbox(session):
                await publish_order_changed("o-1")
    [envelope] = await stored_events(engine)
    assert (envelope.causation, envelope.correlation) == ("e-1", "c-1")


async def test_a_rollback_leaves_nothing(engine: AsyncEngine, sessions: async_sessionmaker) -> None:
    async with sessions() as session:
        await session.execute(orders.insert().values(id="o-1"))
        with outbox(session):
            await publish_order_changed("o-1")
        await session.rollback()
    assert await stored(engine) == []
    assert await changes(engine) is None


async def test_a_connection_does_as_well_as_a_session(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        with outbox(connection):
            await publish_order_changed("o-1")
    assert len(await stored(engine)) == 1


async def test_storing_an_event_does_not_flush_the_callers_objects(sessions: async_sessionmaker) -> None:
    async with sessions() as session:
        session.add(Customer(name="Ada"))
        with outbox(session):
            await publish_order_changed("o-1")
        assert len(session.new) == 1


async def test_missing_tables_are_named(engine: AsyncEngine, sessions: async_sessionmaker) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DROP TABLE eventkit_outbox"))
    async with sessions() as session:
        missing = (
            r"outbox: (no such table: eventkit_outbox|relation \"eventkit_outbox\" does not exist) .*create the tables"
        )
        with outbox(session), pytest.raises(PublishError, match=missing):
            await publish_order_changed("o-1")


async def test_a_key_of_any_length_is_stored(engine: AsyncEngine, sessions: async_sessionmaker) -> None:
    key = "".join(random.Random(1).choices("äöü\U0001f9ed" + string.ascii_letters, k=4096))  # as long as keys may be
    await commit(sessions, [0], key=key)
    assert [each.key for each in await stored_events(engine)] == [key]


async def test_it_tells_how_many_events_wait(sessions: async_sessionmaker) -> None:
    await commit(sessions, range(3))
    async with sessions() as session:
        assert await waiting(session) == 3
        with outbox(session):
            await publish_order_changed("o-2")
        assert await waiting(session) == 4
        await session.rollback()
        assert await waiting(session) == 3


class TestWakingTheRelay:
    async def test_a_commit_wakes_it(self, sessions: async_sessionmaker) -> None:
        woken = asyncio.Event()
        with woken_by_commits(woken):
            async with sessions.begin() as session:
                with outbox(session):
                    await publish_order_changed("o-1")
                assert not woken.is_set()
            await asyncio.wait_for(woken.wait(), 30)

    async def test_a_commit_of_a_connection_wakes_it(self, engine: AsyncEngine) -> None:
        woken = asyncio.Event()
        with woken_by_commits(woken):
            async with engine.begin() as connection:
                with outbox(connection):
                    await publish_order_changed("o-1")
                assert not woken.is_set()
            await asyncio.wait_for(woken.wait(), 30)

    async def test_neither_a_savepoint_nor_a_rollback_does(self, sessions: async_sessionmaker) -> None:
        woken = asyncio.Event()
        with woken_by_commits(woken):
            async with sessions() as session:
                with outbox(session):
                    async with session.begin_nested():
                        await publish_order_changed("o-1")
                await session.rollback()
            await asyncio.sleep(0)  # the wake-up would come with the loop's next turn
        assert not woken.is_set()

    async def test_nor_does_a_commit_without_an_outbox(self, sessions: async_sessionmaker) -> None:
        woken = asyncio.Event()
        with woken_by_commits(woken):
            async with sessions.begin() as session:
                await session.execute(orders.insert().values(id="o-1"))
            await asyncio.sleep(0)
        assert not woken.is_set()
