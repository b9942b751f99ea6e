"""Compares messages: the one way in which everything here asks whether the one fits the other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any, Final

from eventkit.discovery.contract import Message, digest
from eventkit.discovery.progress import Observer, unobserved
from eventkit.discovery.stored import schema_text
from eventkit.schema import MISSING, compare
from eventkit.schema.compare import compare_texts
from eventkit.schema.comparison import Comparison, Problem
from eventkit.work import Work

_KIND: Final = "comparison"
_WORTH_SHARING: Final = 2_000
"""Comparisons that take about a second."""

Question = tuple[bytes, bytes, bool]
"""Digests of the two schemas, and whether the publisher is closed: all that the answer depends on."""


class Comparer:
    """Compares messages, and remembers: schemas that are written alike are compared once.

    Args:
        work: The means to answer many questions; by default this process alone, without a cache.
    """

    def __init__(self, work: Work | None = None) -> None:
        self._work = work or Work()
        self._known: dict[Question, Comparison] = {}

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

    def prepare(self, pairs: Iterable[tuple[Message, Message]], observe: Observer = unobserved) -> None:
        """Answer many questions at once, where that is faster than one by one.

        Args:
            pairs: Messages that will be compared, the publisher's first.
            observe: Told how far it has come.
        """
        asked = {(sent.digest, read.digest, sent.closed): (sent, read) for sent, read in pairs}
        kept = self._work.cache.get_many(_KIND, map(_key, asked))
        for question in asked:
            answer = _decoded(kept.get(_key(question)))
            if answer is not None:
                self._known[question] = answer
        missing = [question for question in asked if question not in self._known]
        if len(missing) < _WORTH_SHARING:
            return
        # By publisher, whose schema then goes to another process once for all who read it.
        several = [list(group) for _, group in groupby(missing, key=lambda question: (question[0], question[2]))]
        tasks = (_task([asked[question] for question in group]) for group in several)
        found = self._work.processes.map(_compare_some, tasks, len(several))
        done = 0
        for group, answers in zip(several, found, strict=True):
            observe("comparing schemas", done, len(missing))
            done += len(group)
            for question, answer in zip(group, answers, strict=True):
                self._learn(question, answer)

    def _ask(self, question: Question, publisher: Message, schema: dict[str, Any] | bool) -> Comparison:
        kept = _decoded(self._work.cache.get(_KIND, _key(question)))
        if kept is not None:
            self._known[question] = kept
            return kept
        answer = compare(publisher.schema, schema, closed_publisher=publisher.closed)
        self._learn(question, answer)
        return answer

    def _learn(self, question: Question, answer: Comparison) -> None:
        # Almost all answers are one and the same, which is then kept once.
        fits = answer == _COMPATIBLE
        self._known[question] = _COMPATIBLE if fits else answer
        encoded = _FITS if fits else _encoded(answer)
        if encoded is not None:
            self._work.cache.put(_KIND, _key(question), encoded)


@dataclass(frozen=True, slots=True)
class _Task:
    """What one publisher sends, and what several subscribers read, as texts."""

    sent: str
    closed: bool
    read: tuple[str, ...]


def _task(pairs: Sequence[tuple[Message, Message]]) -> _Task:
    publisher = pairs[0][0]
    return _Task(schema_text(publisher), publisher.closed, tuple(schema_text(reader) for _, reader in pairs))


def _compare_some(tasks: Sequence[_Task]) -> list[list[Comparison]]:
    return [compare_texts(task.sent, task.read, closed_publisher=task.closed) for task in tasks]


def _key(question: Question) -> bytes:
    publisher, subscriber, closed = question
    return publisher + subscriber + bytes([closed])


def _encoded(answer: Comparison) -> bytes | None:
    """Return an answer as bytes; None where it cannot be kept."""
    problems = [[getattr(problem, name) for name in _PROBLEM] for problem in answer.problems]
    example = [] if answer.counterexample is MISSING else [answer.counterexample]
    try:
        return json.dumps([answer.verdict, example, problems, answer.reason]).encode()
    except ValueError:  # an integer of thousands of digits
        return None


def _decoded(kept: bytes | None) -> Comparison | None:
    if kept is None:
        return None
    if kept == _FITS:
        return _COMPATIBLE
    try:
        verdict, example, problems, reason = json.loads(kept)
        (counterexample,) = example or [MISSING]
        return Comparison(verdict, counterexample, tuple(Problem(*problem) for problem in problems), reason)
    except (TypeError, ValueError):
        return None


_PROBLEM: Final = tuple(field.name for field in fields(Problem))
_COMPATIBLE: Final = Comparison("compatible")
_FITS: Final = _encoded(_COMPATIBLE)
