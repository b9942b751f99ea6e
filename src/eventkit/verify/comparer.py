"""Compares messages: the one way in which everything here asks whether the one fits the other."""

from __future__ import annotations

from typing import Any

from eventkit.discovery.contract import Message, digest
from eventkit.schema import compare
from eventkit.schema.comparison import Comparison

_Question = tuple[bytes, bytes, bool]
"""Digests of the two schemas, and whether the publisher is closed: all that the answer depends on."""


class Comparer:
    """Compares messages, and remembers: schemas that are written alike are compared once."""

    def __init__(self) -> None:
        self._known: dict[_Question, Comparison] = {}

    def compare(self, publisher: Message, subscriber: Message) -> Comparison:
        """Return whether what one message says of an event fits what another one expects.

        Args:
            publisher: The event as it is sent.
            subscriber: The event as it is read.

        Returns:
            The comparison; it is not decided where it is not known how one of the two looks.
        """
        for role, message in (("publisher", publisher), ("subscriber", subscriber)):
            if message.unread:
                return Comparison("unknown", reason=f"the {role}'s schema is not known: {message.unread}")
        question = publisher.digest, subscriber.digest, publisher.closed
        known = self._known.get(question)
        return known if known is not None else self._ask(question, publisher, subscriber.schema)

    def compare_with(self, publisher: Message, schema: dict[str, Any] | bool) -> Comparison:
        """Return whether what is sent fits a schema that belongs to no message.

        Args:
            publisher: The event as it is sent.
            schema: What is accepted.
        """
        question = publisher.digest, digest(schema), publisher.closed
        known = self._known.get(question)
        return known if known is not None else self._ask(question, publisher, schema)

    def _ask(self, question: _Question, publisher: Message, schema: dict[str, Any] | bool) -> Comparison:
        answer = compare(publisher.schema, schema, closed_publisher=publisher.closed)
        self._known[question] = answer
        return answer
