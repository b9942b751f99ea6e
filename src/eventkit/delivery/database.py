"""What inbox and outbox need of the service's database, and an engine that keeps its promises on SQLite."""

from __future__ import annotations

from typing import Any, Final

from eventkit.contract.errors import ConfigurationError, MissingExtraError

try:
    from sqlalchemy import URL, Connection, MetaData, Table, event, func, make_url, select
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.exc import ArgumentError, DBAPIError
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
except ImportError:
    raise MissingExtraError.of("inbox and outbox", "sql") from None

Transaction = AsyncSession | AsyncConnection
"""The caller's transaction: an ORM session, or a connection."""

BUSY_TIMEOUT: Final = 10.0
_CREATING: Final = 0x65766B  # of PostgreSQL's advisory locks, the one of those who create tables


def sql_engine(url: str, **options: Any) -> AsyncEngine:
    """Return SQLAlchemy's async engine for a database; on SQLite, one whose transactions are what they seem.

    Left alone, Python's driver begins a SQLite transaction late and without the right to write: what was read before
    may have changed when the first write comes, and two such transactions fail each other with "database is locked".
    Here each transaction begins with `BEGIN IMMEDIATE` and waits for its turn, up to ten seconds. WAL lets those who
    read without a transaction (`isolation_level="AUTOCOMMIT"`) go on meanwhile, and `synchronous=FULL` makes a commit
    survive a power loss, so that no event is out whose cause is lost.

    Args:
        url: As for SQLAlchemy; `sqlite:///path` is enough for SQLite.
        options: Passed on to `sqlalchemy.ext.asyncio.create_async_engine`.

    Raises:
        ConfigurationError: No URL, a database in memory, or a driver that is not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return create_async_engine(parsed, **options)
    except ArgumentError:
        raise ConfigurationError("this is no database URL", mend="write it as sqlite:///path/to.db") from None
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the database driver {error.name} is not installed", mend=f"run: pip install {error.name}"
        ) from None
    return _sqlite_engine(parsed, options)


async def create_tables(engine: AsyncEngine, *metadata: MetaData) -> None:
    """Create the tables that are not there yet; several processes may do so at once. Changes are Alembic's work.

        await create_tables(engine, tables.metadata, Base.metadata)

    Args:
        engine: The database of the service.
        metadata: The tables.
    """
    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # Two who look and find no table would both make it, and one would fail.
            await connection.execute(select(func.pg_advisory_xact_lock(_CREATING)))
        for each in metadata:
            await connection.run_sync(each.create_all)


def _sqlite_engine(url: URL, options: dict[str, Any]) -> AsyncEngine:
    if url.database in (None, "", ":memory:"):
        raise ConfigurationError(
            "a SQLite database in memory has one transaction for all its users",
            where=str(url),
            mend="use a file: sqlite:///path/to.db",
        )
    try:
        engine = create_async_engine(
            url.set(drivername="sqlite+aiosqlite"), connect_args={"timeout": BUSY_TIMEOUT}, **options
        )
    except ModuleNotFoundError:
        raise MissingExtraError.of("SQLite databases", "sql") from None
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


async def connection_of(transaction: Transaction) -> AsyncConnection:
    """Return the connection on which the caller's transaction runs; it begins where it has not yet."""
    # Through the connection, not the session: writing a row of ours must not flush the caller's objects early.
    return await transaction.connection() if isinstance(transaction, AsyncSession) else transaction


def insert_into(table: Table, connection: AsyncConnection) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT, which is the same in the two dialects that have it.

    Raises:
        ConfigurationError: Another database.
    """
    match connection.dialect.name:
        case "sqlite":
            return sqlite.insert(table)
        case "postgresql":
            return postgresql.insert(table)
        case other:
            raise unknown_database(other)


def unknown_database(name: str) -> ConfigurationError:
    """Return the error that says which databases will do."""
    return ConfigurationError(f"inbox and outbox do not run on {name}", mend="use SQLite or PostgreSQL")


def reason(error: Exception) -> str:
    """Return what went wrong; where the database said it, without the statement and its values."""
    return str(error.orig) if isinstance(error, DBAPIError) else str(error) or type(error).__name__
