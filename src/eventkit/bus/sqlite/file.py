"""The SQLite file of a bus: opened, written in transactions, kept small.

Several processes use the file at once, which in WAL mode has a trap. In SQLite 3.7.0 to 3.51.2, a checkpoint that
starts while another connection begins the WAL anew may note frames of the new WAL as copied that are not; the next
checkpoint leaves them out, and they are lost (https://sqlite.org/wal.html, "The WAL-Reset Bug"). Only a connection that
has the write lock begins the WAL anew. Therefore SQLite's automatic checkpoints are off, and `File.checkpoint` runs its
own while a second connection of this process has the write lock. One checkpoint is left to SQLite, when the last
connection to the file closes: it runs under an exclusive lock on the whole file.

WAL needs memory that the processes share: the file belongs on a local disk, not on a network file system.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from eventkit.bus.sqlite.errors import no_database
from eventkit.bus.sqlite.schema import migrate, require_ours
from eventkit.contract.errors import BusError, ConfigurationError

OLDEST_SQLITE: Final = (3, 32)
OPEN_TIMEOUT: Final = 4.0
BUSY_TIMEOUT: Final = 5.0
WAL_SIZE: Final = 4 * 1024 * 1024
"""Bytes of WAL after which it is copied into the database and begun anew."""


class File:
    """An open file. All its methods are called by one thread.

    Args:
        path: The file.
        create: Make it if it does not exist.

    Raises:
        BusError: The file cannot be used.
        ConfigurationError: It is another program's file, or Python's SQLite is too old.
        sqlite3.Error: It is no database, it cannot be read or written, or it stays locked for four seconds.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise ConfigurationError(
                f"Python uses SQLite {sqlite3.sqlite_version}",
                where="sqlite://",
                mend=f"use a Python with SQLite {'.'.join(map(str, OLDEST_SQLITE))} or newer",
            )
        if path.is_dir():
            raise BusError("the path is a folder", where=str(path), mend="name a file, as sqlite:///folder/events.db")
        if not path.parent.is_dir():
            raise BusError("the folder of the file does not exist", where=str(path), mend=f"make {path.parent}")
        if not create and not path.exists():
            raise BusError("the file does not exist", where=str(path), mend="name the file that the services use")
        if path.exists() and path.stat().st_size == 1:  # a file of one byte is an empty one for SQLite
            raise no_database(path)
        self._wal = Path(f"{path}-wal")
        self._connection = _connect(path)
        try:
            self._files = (_identity(path.stat()), _identity(self._wal.stat()))
            self._checkpointer = _connect(path)
        except BaseException:
            self._connection.close()
            raise
        self._checkpoint_at = WAL_SIZE
        self._durable = True

    def close(self) -> None:
        """Close the file; the last process to do so leaves a single file, without a WAL."""
        self._checkpointer.close()
        self._connection.close()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Write in the block: all of it is stored when it ends, or nothing of it when it raises.

        Args:
            durable: Wait until it is on disk. Otherwise it survives the end of the process, but a power cut only if a
                durable transaction follows.

        Raises:
            BusError: The file was deleted or replaced.
            sqlite3.Error: It cannot be written, or another program holds the lock for five seconds.
        """
        connection = self._connection
        if durable is not self._durable:
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._durable = durable
        self._lock()
        try:
            self._require_same_files()
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # after a full disk, for one, SQLite has rolled back already
                connection.execute("ROLLBACK")
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read one state of the file in the block, without keeping anybody from writing meanwhile.

        Raises:
            BusError: The file was deleted or replaced.
            sqlite3.Error: It cannot be read.
        """
        self._require_same_files()
        self._connection.execute("BEGIN")
        try:
            yield self._connection
        finally:
            self._connection.execute("ROLLBACK")

    def checkpoint(self) -> None:
        """Copy the WAL into the database if it has grown large.

        Whenever SQLite begins the WAL anew it truncates it to `WAL_SIZE` (`journal_size_limit`): a larger one has not
        been copied since.
        """
        size = self._wal.stat().st_size
        if size <= self._checkpoint_at:
            return
        self._lock()
        try:
            _, frames, copied = self._checkpointer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        finally:
            self._connection.execute("ROLLBACK")
        # A program that reads in a long transaction keeps the WAL from beginning anew: no use to try at each commit.
        self._checkpoint_at = WAL_SIZE if copied == frames else size + WAL_SIZE

    def _lock(self) -> None:
        """Begin a transaction with the write lock, when the other processes let it go."""
        deadline = time.monotonic() + BUSY_TIMEOUT
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            # SQLite itself would wait up to 100 ms between two tries, and starve beside a busy process.
            time.sleep(0.001)

    def _require_same_files(self) -> None:
        try:
            files = (_identity(self.path.stat()), _identity(self._wal.stat()))
        except FileNotFoundError:
            files = None
        if files != self._files:
            raise BusError(
                "the file was deleted or replaced while it was in use",
                where=str(self.path),
                mend="put it back with its -wal file, or restart every service that uses it",
            )


def _connect(path: Path) -> sqlite3.Connection:
    deadline = time.monotonic() + OPEN_TIMEOUT
    while True:
        connection = sqlite3.connect(path, timeout=OPEN_TIMEOUT / 4, isolation_level=None, cached_statements=256)
        try:
            _configure(connection, path)
        except sqlite3.OperationalError as error:
            connection.close()
            # SQLite does not wait by itself when two processes turn a new file to WAL mode at the same moment.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        except BaseException:
            connection.close()
            raise
        else:
            return connection


def _configure(connection: sqlite3.Connection, path: Path) -> None:
    require_ours(connection, str(path))
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise BusError("the file cannot be put into WAL mode", where=str(path), mend="keep it on a local disk")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_SIZE}")
    connection.execute("PRAGMA cache_size = -16000")
    migrate(connection, str(path))
    connection.execute("PRAGMA busy_timeout = 0")  # from here on `File` waits by itself


def _identity(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_dev, stat.st_ino
