"""What the end-to-end tests do with the running services: ask them, and look at what they left behind."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, Self, TypeVar

import httpx2

from eventkit.bus.protocol import DeadLetter
from examples.demo.processes import System
from tests.e2e.one_process import OneProcess
from tests.e2e.watcher import Watcher

T = TypeVar("T")


class Landscape:
    """A running system, seen from outside.

    Args:
        system: What runs.
        watcher: Watches the bus.
        patience: How long is waited for something, in seconds.
    """

    def __init__(self, system: System | OneProcess, watcher: Watcher, patience: float = 60.0) -> None:
        self.system = system
        self._watcher = watcher
        self._patience = patience
        self.http = httpx2.Client(timeout=10.0, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    # Asking.

    def post(self, name: str, path: str, body: object = None) -> httpx2.Response:
        return self.http.post(self.system.url(name) + path, json=body)

    def get(self, name: str, path: str) -> Any:
        return self.http.get(self.system.url(name) + path).raise_for_status().json()

    def place(self, amount: str, user_id: str = "ada", **fields: object) -> str:
        """Place an order for one thing, and return its id."""
        order = {"user_id": user_id, "items": [{"product_id": "book", "unit_price": amount}], **fields}
        return str(self.post("order_service", "/orders", order).raise_for_status().json()["order_id"])

    def subscribe(self, user_id: str = "ada", plan_id: str = "basic-monthly") -> str:
        """Ask for a subscription, and return its id; it is not paid yet."""
        request = {"user_id": user_id, "plan_id": plan_id}
        return str(self.post("product_service", "/subscriptions", request).raise_for_status().json()["subscription_id"])

    def pay_for(self, subscription_id: str, user_id: str = "ada", plan_id: str = "basic-monthly") -> str:
        """Order a subscription, and return the order's id."""
        return self.place(
            "9.00",
            user_id,
            order_type="subscription",
            subscription_id=subscription_id,
            items=[{"product_id": plan_id, "unit_price": "9.00"}],
        )

    def announce(self, type_name: str, data: dict[str, object]) -> None:
        """Have a neighbour publish an event."""
        self.post("neighbours", f"/events/{type_name}", data).raise_for_status()

    # Waiting.

    def eventually(self, what: Callable[[], T], wanted: object) -> None:
        """Wait until `what` returns `wanted`; services that do not answer just now are asked again."""
        deadline = time.monotonic() + self._patience
        got: object = None
        while time.monotonic() < deadline:
            try:
                if (got := what()) == wanted:
                    return
            except httpx2.TransportError as error:
                got = error
            time.sleep(0.02)
        raise AssertionError(f"after {self._patience:.0f} s it is {got!r}, and not {wanted!r}")

    def insist(self, ask: Callable[[], T]) -> T:
        """Ask until there is an answer: for questions that may be asked twice."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return ask()
            except (httpx2.TransportError, httpx2.HTTPStatusError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.02)

    def order_becomes(self, order_id: str, status: str) -> None:
        self.eventually(lambda: self.get("order_service", f"/orders/{order_id}")["status"], status)

    def subscription_becomes(self, subscription_id: str, status: str) -> None:
        path = f"/subscriptions/{subscription_id}"
        self.eventually(lambda: self.get("product_service", path)["status"], status)

    def becomes_quiet(self) -> None:
        """Wait until every event is out of the outboxes, and handled by all groups."""

        def left() -> int:
            return sum(len(self.rows(name, "SELECT 1 FROM eventkit_outbox")) for name in self._services) + (
                self._watcher.unhandled()
            )

        # Twice: what is handled becomes an event in an outbox, and one look is not all at once.
        for _ in range(2):
            self.eventually(left, 0)

    # Looking at what was left behind.

    def rows(self, service: str, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read a service's database."""
        uri = f"file:{self.system.database(service)}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
            return connection.execute(query, values).fetchall()

    def published(self, type_name: str, **fields: object) -> int:
        """Return how many different events of a type, with these values, were published."""
        return sum(all(event[name] == value for name, value in fields.items()) for event in self.events(type_name))

    def events(self, type_name: str) -> list[dict[str, object]]:
        """Return what the different events of a type say that were published so far; it takes a while to be sure."""
        return self._watcher.events(type_name)

    def dead_letters(self) -> list[DeadLetter]:
        return self._watcher.dead_letters()

    def begun_orders(self) -> int:
        return int(self.rows("order_service", "SELECT count(*) FROM orders")[0][0])

    def charges_of(self, order_id: str) -> list[str]:
        """Return what the gateway did for an order: "charge", "refund"."""
        query = """
            SELECT kind FROM gateway_ledger JOIN payment_intents USING (payment_intent_id) WHERE order_id = ?
            ORDER BY kind
        """
        return [kind for (kind,) in self.rows("payment_service", query, order_id)]

    @property
    def _services(self) -> tuple[str, ...]:
        return ("order_service", "payment_service", "product_service")
