"""Settling: what becomes of deliveries that were claimed.

Each statement asks for the lease in the token. Where another instance has taken the delivery meanwhile, its row has
another lease, and the late outcome changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from eventkit.bus.sqlite.claims import Token
from eventkit.bus.sqlite.order import SUSPECT, follow_clock, let_go, note_time
from eventkit.bus.sqlite.transaction import Transaction
from eventkit.delivery.subscription import Again, Dead, Delivery, Failure, Outcome, Released, Unreadable

_AGAIN: Final = "UPDATE deliveries SET lease = NULL, due = ?, failures = ? WHERE group_id = ? AND seq = ? AND lease = ?"
_RELEASED: Final = (
    "UPDATE deliveries SET lease = NULL, due = iif(key IS NULL, 0, NULL) WHERE group_id = ? AND seq = ? AND lease = ?"
)
_DEAD: Final = (
    "INSERT INTO dead_letters (group_id, at, type, key, reason, failures, headers, body)"
    " SELECT group_id, ?, iif(?, '', type), deliveries.key, ?, ?, headers, body"
    " FROM deliveries JOIN events USING (seq) WHERE group_id = ? AND seq = ? AND lease = ?"
)
_GONE: Final = "DELETE FROM deliveries WHERE group_id = ? AND seq = ? AND lease = ?"
_EXTENDED: Final = "UPDATE deliveries SET due = ? WHERE group_id = ? AND seq = ? AND lease = ?"


def settle(transaction: Transaction, group: int, outcomes: Sequence[Outcome]) -> None:
    """Settle deliveries of a group, and let go what they held back."""
    follow_clock(transaction, group)
    gone: list[tuple[int, int, int]] = []
    keys: set[str] = set()
    for outcome in outcomes:
        seq, lease, key = _token(outcome.delivery)
        held = (group, seq, lease)
        if key is not None:
            keys.add(key)
        if isinstance(outcome, Again | Released):
            if isinstance(outcome, Again):
                transaction.execute(_AGAIN, (transaction.now + outcome.after, _failures(outcome), *held))
            else:
                transaction.execute(_RELEASED, held)
            transaction.groups_to_wake.add(group)
            continue
        if isinstance(outcome, Dead):
            no_event = isinstance(outcome.delivery.message, Unreadable)
            transaction.execute(_DEAD, (transaction.now, no_event, outcome.reason, _failures(outcome), *held))
        gone.append(held)
        if outcome.delivery.attempt > SUSPECT:
            transaction.groups_to_wake.add(group)  # it may be a suspect, and another one wait for its end
    transaction.executemany(_GONE, gone)
    let_go(transaction, group, sorted(keys))
    note_time(transaction, group)


def extend(transaction: Transaction, group: int, deliveries: Sequence[Delivery], lease: float) -> None:
    """Let the leases of deliveries end `lease` seconds from now."""
    follow_clock(transaction, group)
    until = transaction.now + lease
    tokens = [_token(delivery) for delivery in deliveries]
    transaction.executemany(_EXTENDED, [(until, group, token.seq, token.lease) for token in tokens])
    note_time(transaction, group)


def failures_from(text: str) -> tuple[Failure, ...]:
    """Return the failures that a row holds."""
    return tuple(Failure(datetime.fromisoformat(each["at"]), each["error"]) for each in json.loads(text))


def _failures(outcome: Again | Dead) -> str:
    failures = (*outcome.delivery.failures, outcome.failure)
    return json.dumps([{"at": each.at.isoformat(), "error": each.error} for each in failures], ensure_ascii=False)


def _token(delivery: Delivery) -> Token:
    token = delivery.token
    assert isinstance(token, Token)  # noqa: S101 - a delivery of another bus is a mistake in the caller's code
    return token
