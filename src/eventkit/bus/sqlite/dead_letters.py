"""The dead letters in the file: kept until somebody replays or drops them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from eventkit.bus.protocol import DeadLetter
from eventkit.bus.sqlite.database import Database
from eventkit.bus.sqlite.settlement import failures_from
from eventkit.bus.sqlite.transaction import Transaction
from eventkit.delivery.subscription import Reason

_SELECT: Final = (
    "SELECT dead_letters.id, groups.name, at, type, reason, failures, headers, body"
    " FROM dead_letters JOIN groups ON groups.id = group_id"
)


class SQLiteDeadLetters:
    """The dead letters of a bus."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, *, group: str | None = None, limit: int = 100) -> Sequence[DeadLetter]:
        """Return the oldest dead letters, of one group or of all."""
        return await self._database.read(partial(oldest, group=group, limit=limit))

    async def get(self, id: str) -> DeadLetter | None:
        """Return one dead letter."""
        return await self._database.read(partial(one, id=id))

    async def replay(self, ids: Collection[str]) -> int:
        """Hand dead letters to their group again; return how many there were."""
        return await self._database.submit(partial(replay, ids=ids))

    async def drop(self, ids: Collection[str]) -> int:
        """Remove dead letters for good; return how many there were."""
        return await self._database.submit(partial(drop, ids=ids))


def oldest(transaction: Transaction, group: str | None, limit: int) -> Sequence[DeadLetter]:
    """Return the oldest dead letters, of one group or of all."""
    rows = transaction.execute(
        f"{_SELECT} WHERE coalesce(name = ?, 1) ORDER BY dead_letters.id LIMIT ?", (group, limit)
    )
    return [_dead_letter(row) for row in rows]


def one(transaction: Transaction, id: str) -> DeadLetter | None:
    """Return one dead letter."""
    row = transaction.execute(f"{_SELECT} WHERE dead_letters.id = ?", (_number(id),)).fetchone()
    return None if row is None else _dead_letter(row)


def replay(transaction: Transaction, ids: Collection[str]) -> int:
    """Put dead letters at the end of the log, each for its own group alone; return how many there were."""
    copy = (
        "INSERT INTO events (at, type, key, headers, body, addressee)"
        " SELECT ?, type, key, headers, body, group_id FROM dead_letters WHERE id = ?"
    )
    for id in sorted(set(ids), key=_number):
        transaction.execute(copy, (transaction.now, _number(id)))
        group = "SELECT group_id FROM dead_letters WHERE id = ?"
        transaction.groups_to_wake.update(each for (each,) in transaction.execute(group, (_number(id),)))
    return drop(transaction, ids)


def drop(transaction: Transaction, ids: Collection[str]) -> int:
    """Remove dead letters; return how many there were."""
    delete = "DELETE FROM dead_letters WHERE id = ?"
    return sum(transaction.execute(delete, (_number(id),)).rowcount for id in set(ids))


def _number(id: str) -> int:
    return int(id) if id.isascii() and id.isdigit() and len(id) < 19 else -1


def _dead_letter(row: Any) -> DeadLetter:
    id, group, at, type_, reason, failures, headers, body = row
    return DeadLetter(
        str(id), group, type_, Reason(reason), failures_from(failures), json.loads(headers), body,
        datetime.fromtimestamp(at, UTC),
    )  # fmt: skip
