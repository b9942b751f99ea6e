"""Values that counterexamples are made of: what the schemas themselves suggest, then the plainest."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from eventkit.schema.values import ARRAY, BOOLEAN, FRACTION, INTEGER, NULL, OBJECT, STRING, Exact, Json, type_of

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node

NUMBERS: tuple[Exact, ...] = (1, 0, Fraction(25, 2), Fraction(1, 2), 2, 3, 10, -1, 100, Fraction(-1, 2))

STRINGS: tuple[str, ...] = ("a", "", "1", "A", "abc", "text")

NAMES: tuple[str, ...] = ("extra", "other", "key", "another")

_PLAINEST: dict[int, Json] = {STRING: STRINGS[0], INTEGER: 1, FRACTION: 12.5, BOOLEAN: True, NULL: None}

_BY_WORD: dict[str, str] = {
    "amount": "12.50",
    "price": "12.50",
    "total": "12.50",
    "balance": "12.50",
    "fee": "12.50",
    "currency": "EUR",
    "country": "DE",
    "email": "ada@example.com",
    "name": "Ada",
    "url": "https://example.com/a",
    "phone": "+4930123456",
    "sku": "SKU-1",
}


class Hints(NamedTuple):
    """Where to take values from before any other: some values, and schemas that may suggest some."""

    values: tuple[Json, ...] = ()
    nodes: tuple[Node, ...] = ()

    def suggested(self) -> Iterator[Json]:
        """Yield the values, the examples and defaults of the schemas, and what fits the words of their titles."""
        yield from self.values
        for node in self.nodes:
            if isinstance(node.raw, dict):
                examples = node.raw.get("examples")
                yield from examples if isinstance(examples, list) else ()
                if "default" in node.raw:
                    yield node.raw["default"]
                title = node.raw.get("title")
                yield from _by_title(title) if isinstance(title, str) else ()


NO_HINTS = Hints()


def any_of_type(kind: int, hints: Hints) -> Json:
    """Return a value of an atomic type of which nothing else is asked: one that is suggested, or the plainest."""
    if kind == OBJECT:
        return {}
    if kind == ARRAY:
        return []
    if kind in (STRING, INTEGER, FRACTION):
        for value in hints.suggested():
            if type_of(value) == kind:
                return value
    return _PLAINEST[kind]


@lru_cache(maxsize=1024)
def _by_title(title: str) -> tuple[str, ...]:
    """Return a text for a title such as "Order Id" or "Total Amount", which pydantic makes from a field's name."""
    words = title.lower().split()
    if len(words) > 1 and words[-1] == "id":
        return (f"{'-'.join(words[:-1])}-1",)
    return tuple(_BY_WORD[word] for word in reversed(words) if word in _BY_WORD)
