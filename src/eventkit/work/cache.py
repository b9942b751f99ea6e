"""Answers that are kept from one run to the next, by what the question depends on.

A cache is never needed and never trusted: whatever is wrong with it, the answer is found as if there were none, and it
is made anew. Each entry carries a checksum. Keys hold digests of all that the answer depends on, and each version of
eventkit's code has a file of its own, so no entry is ever out of date: it is only no longer asked for.

What is kept is data (bytes that their owners write as JSON), never pickled objects: a cache may be shared between
machines and pipelines, and reading it must not run what somebody put there.

The file is an SQLite database in WAL mode: any number of processes may use it at a time.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from zlib import crc32

from eventkit.work.fingerprint import fingerprint

MAX_BYTES: Final = 1_000_000_000
"""How large the file may be at the end of a run."""
KEPT_DAYS: Final = 30
"""For how long an entry, or a file of other code, is kept without being used."""
_TOUCHED_DAYS: Final = 7
"""How old a use may be until the next one is noted."""
_PATIENCE: Final = 10.0
"""Seconds to wait for another process that is writing."""
_AT_ONCE: Final = 500
_DAY: Final = 86_400
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS entries (
    kind TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, checksum INTEGER NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
)
"""
_TAG: Final = """Signature: 8a477f597d28d172789f06886806bc55
# This file is a cache directory tag created by eventkit.
# For information about cache directory tags, see https://bford.info/cachedir/
"""


class Cache:
    """A folder of answers.

    Args:
        folder: The folder, made where it is missing; None for a cache that keeps nothing.
        code: What tells one version of eventkit's code from another.

    Attributes:
        problem: Why the cache is not used although there should be one; None where it is.
    """

    def __init__(self, folder: Path | None, code: str | None = None) -> None:
        self.problem: str | None = None
        self._file: Path | None = None
        self._connection: sqlite3.Connection | None = None
        self._new: dict[tuple[str, bytes], bytes] = {}
        self._stale: list[tuple[str, bytes]] = []
        self._today = int(time.time()) // _DAY
        if folder is not None:
            self._open(folder, code or fingerprint())

    @property
    def is_used(self) -> bool:
        """Whether what is put here may be found again."""
        return self._connection is not None

    def get(self, kind: str, key: bytes) -> bytes | None:
        """Return what is kept under a key; None for nothing."""
        return self.get_many(kind, (key,)).get(key)

    def get_many(self, kind: str, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return what is kept under some keys.

        Args:
            kind: What kind of answers these are; each has keys of its own.
            keys: The keys.

        Returns:
            The values of those keys that there are.
        """
        wanted = list(keys)
        found = {key: self._new[kind, key] for key in wanted if (kind, key) in self._new} if self._new else {}
        if self._connection is None:
            return found
        oldest = self._today - _TOUCHED_DAYS
        try:
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                rows = self._connection.execute(
                    "SELECT key, value, checksum, used FROM entries "  # noqa: S608 - only question marks are put in
                    f"WHERE kind = ? AND key IN ({', '.join('?' * len(some))})",
                    (kind, *some),
                )
                for key, value, checksum, used in rows:
                    if crc32(value, crc32(key)) == checksum:
                        found[key] = value
                        if used < oldest:
                            self._stale.append((kind, key))
        except (sqlite3.Error, TypeError) as error:  # TypeError: what stands there is no bytes
            self._give_up(error)
        return found

    def put(self, kind: str, key: bytes, value: bytes) -> None:
        """Keep a value; it is written when the cache is closed."""
        if self._connection is not None:
            self._new[kind, key] = value

    def put_many(self, kind: str, values: Mapping[bytes, bytes]) -> None:
        """Keep some values."""
        for key, value in values.items():
            self.put(kind, key, value)

    def close(self) -> None:
        """Write what is new, drop what is old, and close the file."""
        if self._connection is None or self._file is None:
            return
        with closing(self._connection) as connection:
            try:
                if self._new or self._stale:
                    self._write(connection)
            except sqlite3.Error as error:
                self._give_up(error)
        self._connection = None

    def _open(self, folder: Path, code: str | None) -> None:
        if code is None:
            return  # without knowing the code, nothing can be said about what is kept
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_once(folder / ".gitignore", "# Made by eventkit.\n*\n")
            _write_once(folder / "CACHEDIR.TAG", _TAG)
            self._file = folder / f"{code}.db"
            _remove_unused(folder, keep=self._file)
            self._connection = self._connected(self._file)
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def _connected(self, file: Path) -> sqlite3.Connection:
        try:
            return _connect(file)
        except sqlite3.OperationalError:  # locked, or it cannot be opened: it may be sound
            raise
        except sqlite3.DatabaseError:  # no database, or a damaged one
            _remove(file)
            return _connect(file)

    def _write(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)",
            ((kind, key, value, crc32(value, crc32(key)), self._today) for (kind, key), value in self._new.items()),
        )
        connection.executemany(
            "UPDATE entries SET used = ? WHERE kind = ? AND key = ?",
            ((self._today, kind, key) for kind, key in self._stale),
        )
        connection.execute("DELETE FROM entries WHERE used < ?", (self._today - KEPT_DAYS,))
        if _size(connection) > MAX_BYTES:
            connection.execute("DELETE FROM entries WHERE used < ?", (self._today,))
        if _size(connection) > MAX_BYTES:
            connection.execute("DELETE FROM entries")
        connection.execute("COMMIT")

    def _give_up(self, error: Exception) -> None:
        """Go on without the cache; one that is damaged is removed, and made anew by the next run."""
        self.problem = str(error)
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        is_damaged = not isinstance(error, OSError | sqlite3.OperationalError)
        if is_damaged and self._file is not None:
            _remove(self._file)


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_TABLE)
    except BaseException:
        connection.close()
        raise
    return connection


def _size(connection: sqlite3.Connection) -> int:
    """Return how many bytes the entries take."""
    values = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
    used, free = values
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    return int((used - free) * page)


def _write_once(file: Path, text: str) -> None:
    if not file.exists():
        file.write_text(text, "utf-8")


def _remove_unused(folder: Path, keep: Path) -> None:
    """Note that a file is used, and remove those of other code that were not for long."""
    with suppress(OSError):
        keep.touch()
        oldest = time.time() - KEPT_DAYS * _DAY
        for file in folder.glob("*.db"):
            if file != keep and file.stat().st_mtime < oldest:
                _remove(file)


def _remove(file: Path) -> None:
    for name in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        with suppress(OSError):
            name.unlink(missing_ok=True)
