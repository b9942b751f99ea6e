"""The tables of a bus in an SQLite file, and how a file gets them.

`events` is a log: publishing is one insert, however many groups there are. A group has a position in the log; what lies
before it was either handled or has a row in `deliveries`. A row says by itself what state it is in:

    lease  due           the delivery is
    set    end of lease  out at an instance
    NULL   a time        to be handed out from then on: at once, or when its retry is due
    NULL   NULL          held back by an earlier delivery of the same key

All times are seconds since 1970, by the clock that the processes of one machine share.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from eventkit.contract.errors import ConfigurationError

# The letters "evkt", where `file` and SQLite's own tools look for the kind of a database.
APPLICATION_ID: Final = int.from_bytes(b"evkt", "big")

# One entry for each version of the format; `user_version` tells how many of them a file has seen. Add, never change.
# A semicolon ends a statement, wherever it stands.
MIGRATIONS: Final = (
    """
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice, also after the newest events were removed
        at REAL NOT NULL,                       -- when it was published
        type TEXT NOT NULL,
        key TEXT,
        headers TEXT NOT NULL,                  -- CloudEvents binary mode, a JSON object
        body BLOB NOT NULL,
        addressee INTEGER                       -- a replayed event: the only group that gets it
    );
    CREATE TABLE groups (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        position INTEGER NOT NULL,              -- the last event of the log that was looked at
        clock REAL NOT NULL                     -- when timers were set last: in the future if the clock was set back
    );
    CREATE TABLE handled (
        group_id INTEGER NOT NULL,
        type TEXT NOT NULL,
        PRIMARY KEY (group_id, type)
    ) WITHOUT ROWID;
    CREATE TABLE deliveries (
        group_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        key TEXT,
        lease INTEGER,
        due REAL,
        crashes INTEGER NOT NULL,               -- how often its lease ended without an outcome
        failures TEXT NOT NULL,                 -- how its handler failed, a JSON array
        PRIMARY KEY (group_id, seq)
    ) WITHOUT ROWID;
    CREATE INDEX deliveries_out ON deliveries (group_id, due) WHERE lease IS NOT NULL;
    CREATE INDEX deliveries_due ON deliveries (group_id, due) WHERE lease IS NULL AND due IS NOT NULL;
    CREATE INDEX deliveries_key ON deliveries (group_id, key, lease) WHERE key IS NOT NULL;
    CREATE INDEX deliveries_suspect ON deliveries (group_id, crashes) WHERE crashes >= 2;
    CREATE TABLE dead_letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        group_id INTEGER NOT NULL,
        at REAL NOT NULL,
        type TEXT NOT NULL,
        key TEXT,
        reason TEXT NOT NULL,
        failures TEXT NOT NULL,
        headers TEXT NOT NULL,
        body BLOB NOT NULL
    );
    CREATE TABLE listeners (
        type TEXT NOT NULL,
        group_id INTEGER NOT NULL,
        instance INTEGER NOT NULL,
        port INTEGER,                           -- UDP, on the loopback interface
        until REAL NOT NULL,                    -- renewed while the instance lives
        PRIMARY KEY (type, group_id, instance)
    ) WITHOUT ROWID;
    """,
)


def require_ours(connection: sqlite3.Connection, where: str) -> int:
    """Return how many of `MIGRATIONS` the file has seen: 0 for a new one.

    Args:
        connection: Open; nothing is written.
        where: The file, for messages.

    Raises:
        ConfigurationError: Another program's database, or one that a newer eventkit wrote.
        sqlite3.Error: The file is no database, or cannot be read.
    """
    # One statement sees one state, also while another process makes the tables.
    application, version, tables = connection.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
        " FROM pragma_application_id, pragma_user_version"
    ).fetchone()
    if application != APPLICATION_ID and (application or version or tables):
        raise ConfigurationError(
            "the file is another program's SQLite database", where=where, mend="give the bus a file of its own"
        )
    if version > len(MIGRATIONS):
        raise ConfigurationError(
            f"the file has format {version}, and this eventkit knows {len(MIGRATIONS)}",
            where=where,
            mend="upgrade eventkit: a newer one wrote the file",
        )
    return int(version)


def migrate(connection: sqlite3.Connection, where: str) -> None:
    """Give a new file its tables, and bring an older one up to date.

    Args:
        connection: Open, in autocommit mode.
        where: The file, for messages.

    Raises:
        ConfigurationError: As `require_ours`.
        sqlite3.Error: The file cannot be written.
    """
    # Also for a file that is up to date: one that cannot be written is noticed here.
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = require_ours(connection, where)  # again: another process may have been at work while this one waited
        for script in MIGRATIONS[done:]:
            for statement in script.split(";"):
                connection.execute(statement)
        if done < len(MIGRATIONS):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
