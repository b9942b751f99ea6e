"""SQLite's errors in words that say what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from eventkit.contract.errors import BusError, ConfigurationError

# Primary result codes (https://sqlite.org/rescode.html): what is wrong, and what to do about it.
_MEANINGS: Final = {
    sqlite3.SQLITE_BUSY: ("another program keeps the file locked", "end the program that holds it, or its transaction"),
    sqlite3.SQLITE_FULL: ("the disk is full", "make room on it"),
    sqlite3.SQLITE_READONLY: ("the file or its folder is read-only", "allow this user to write both"),
    sqlite3.SQLITE_CANTOPEN: ("the file cannot be opened", "allow this user to read and write it and its folder"),
    sqlite3.SQLITE_PERM: ("the file cannot be opened", "allow this user to read and write it and its folder"),
    sqlite3.SQLITE_IOERR: (
        "the disk failed; whether what was written just now is stored shows when the file is opened again",
        "see whether the disk works",
    ),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", "move it away with its -wal file, and use `sqlite3 .recover`"),
    sqlite3.SQLITE_TOOBIG: ("the event is larger than SQLite can store", "send less, or a reference to it"),
}  # fmt: skip


def explained(error: Exception, path: Path) -> Exception:
    """Return an error of SQLite or of the system as eventkit tells it; every other one stays as it is.

    Args:
        error: What was raised.
        path: The file.
    """
    if isinstance(error, OSError):
        return BusError(f"the file cannot be used: {error.strerror}", where=str(path), mend="see what the system says")
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return no_database(path)
    unknown = f"SQLite cannot use the file: {error}", "see whether its disk works"
    what, mend = _MEANINGS.get(code, unknown)
    return BusError(what, where=str(path), mend=mend)


def no_database(path: Path) -> ConfigurationError:
    """Return the error that says that a file is something else than an SQLite database."""
    return ConfigurationError("the file is no SQLite database", where=str(path), mend="give the bus a file of its own")
