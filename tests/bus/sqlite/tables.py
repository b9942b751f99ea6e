"""The tables of a bus without its file and its thread, under a clock that the test sets."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import Concatenate, ParamSpec, TypeVar

from eventkit.bus.sqlite.claims import Claim, Instance, claim
from eventkit.bus.sqlite.log import Entry, append, join
from eventkit.bus.sqlite.presence import appear
from eventkit.bus.sqlite.schema import migrate
from eventkit.bus.sqlite.settlement import settle
from eventkit.bus.sqlite.subscription import delivery_of
from eventkit.bus.sqlite.transaction import Transaction
from eventkit.contract.envelope import Envelope, new_id
from eventkit.delivery.subscription import Again, Dead, Delivery, Done, Failure, Outcome, Reason, Released

P = ParamSpec("P")
T = TypeVar("T")

FAILURE = Failure(datetime(2026, 1, 1, tzinfo=UTC), "ValueError: no")


class Tables:
    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.connection, "memory")
        self.now = 1_000_000.0
        self.woken: set[int] = set()
        self._instances = 0

    def run(self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        transaction = Transaction(self.connection, self.now)
        self.connection.execute("BEGIN")
        result = work(transaction, *args, **kwargs)
        self.connection.execute("COMMIT")
        self.woken = transaction.groups_to_wake
        return result

    def publish(self, key: str | None = None, type_: str = "a.happened", *, data: bytes = b"{}") -> str:
        """Publish one event, and return its id."""
        id_ = new_id()
        self.run(append, Entry.of(Envelope(id=id_, source="test", type=type_, data=data, key=key)))
        return id_

    def instance(
        self, types: Collection[str] = ("a.happened",), *, group: str = "group", lease: float = 30.0
    ) -> Instance:
        self._instances += 1
        instance = Instance(self._instances, self.run(join, group, types), frozenset(types), lease)
        self.run(appear, instance, 40_000 + self._instances)
        return instance

    def look(self, instance: Instance, limit: int = 100) -> Claim:
        """Claim once."""
        return self.run(claim, instance, limit)

    def claim(self, instance: Instance, limit: int = 100) -> list[Delivery]:
        """Claim until there is something, or nothing more to look at."""
        while True:
            found = self.look(instance, limit)
            if found.deliveries or not found.more:
                return [delivery_of(each) for each in found.deliveries]

    def settle(self, instance: Instance, *outcomes: Outcome) -> None:
        self.run(settle, instance.group, outcomes)

    def done(self, instance: Instance, *deliveries: Delivery) -> None:
        self.settle(instance, *map(Done, deliveries))

    def again(self, instance: Instance, delivery: Delivery, after: float = 5.0) -> None:
        self.settle(instance, Again(delivery, FAILURE, after))

    def dead(self, instance: Instance, delivery: Delivery, reason: Reason = Reason.FAILED) -> None:
        self.settle(instance, Dead(delivery, reason, FAILURE))

    def released(self, instance: Instance, *deliveries: Delivery) -> None:
        self.settle(instance, *map(Released, deliveries))

    def count(self, table: str) -> int:
        (count,) = self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(count)


def ids(deliveries: Iterable[Delivery]) -> list[str]:
    """The ids of the events, in the order in which they were handed out."""
    return [each.message.id for each in deliveries if isinstance(each.message, Envelope)]
