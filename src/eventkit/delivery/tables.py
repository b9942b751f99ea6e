"""The tables of inbox and outbox, which live in the service's own database beside its data.

    await connection.run_sync(tables.metadata.create_all)

creates them; with Alembic, list `tables.metadata` beside the metadata of the service in `target_metadata`.
"""

from __future__ import annotations

from typing import Final

from eventkit.contract.errors import MissingExtraError

try:
    from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, String, Table, Text
except ImportError:
    raise MissingExtraError.of("inbox and outbox", "sql") from None

metadata: Final = MetaData()

outbox: Final = Table(
    "eventkit_outbox",
    metadata,
    # In SQLite only INTEGER counts up by itself, and only AUTOINCREMENT never gives a deleted row's number again.
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    # A number, as a key may be longer than PostgreSQL's indexes take.
    Column("lane", BigInteger, nullable=False, comment="Made of the key. Events of one lane go out one by one."),
    Column("key", String),
    Column("event", Text, nullable=False, comment="CloudEvents 1.0, structured mode."),
    Column("stored_at", DateTime(timezone=True), nullable=False),
    Index("ix_eventkit_outbox_lane_position", "lane", "position"),
    sqlite_autoincrement=True,
)

outbox_refused: Final = Table(
    "eventkit_outbox_refused",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False, comment="The one it had in the outbox."),
    Column("lane", BigInteger, nullable=False),
    Column("key", String),
    Column("event", Text, nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False),
    Column("refused_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
)

outbox_lead: Final = Table(
    "eventkit_outbox_lead",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="Always 1: on SQLite, one relay leads."),
    Column("holder", String, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
)

inbox: Final = Table(
    "eventkit_inbox",
    metadata,
    Column("service", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("event_id", String, primary_key=True),
    Column("handled_at", DateTime(timezone=True), nullable=False, index=True),
)
