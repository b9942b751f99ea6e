"""The question that everything here is for: does what the publisher sends fit what the subscriber accepts?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from eventkit.schema.budget import DEFAULT_BUDGET, Budget, Undecided
from eventkit.schema.cases import Empty, Unsure
from eventkit.schema.comparison import Comparison
from eventkit.schema.dialects import Dialect
from eventkit.schema.documents import Document
from eventkit.schema.explain import Explainer
from eventkit.schema.nodes import Graph
from eventkit.schema.solver import Solver
from eventkit.schema.values import Json


def compare(
    publisher: dict[str, Json] | bool,
    subscriber: dict[str, Json] | bool,
    *,
    closed_publisher: bool = False,
    formats: Literal["assert", "annotate"] = "assert",
    dialect: Dialect = "2020-12",
    budget: int = DEFAULT_BUDGET,
) -> Comparison:
    """Decide whether the subscriber accepts every event that the publisher can send.

    Args:
        publisher: the JSON Schema of what is sent, as `json.loads` returns it.
        subscriber: the JSON Schema of what is accepted.
        closed_publisher: the publisher sends no fields but those that its schema declares, at any depth, where the
            schema does not state it (by `additionalProperties` or `unevaluatedProperties`).
        formats: whether `format` is an assertion, for the formats that are known, or an annotation.
        dialect: the dialect of a schema that has no `$schema`: "2020-12", "2019-09", "draft-07", "draft-06" or
            "draft-04".
        budget: how many steps may be taken before the verdict is "unknown"; a step takes some microseconds.

    Returns:
        The verdict with a counterexample, or with the reason why there is none. A schema that is not well formed, or
        refers to what is not part of it, makes the verdict "unknown"; nothing is raised for any JSON.
    """
    try:
        sent, accepted = Document(publisher, "publisher", dialect), Document(subscriber, "subscriber", dialect)
    except Undecided as undecided:
        return Comparison("unknown", reason=str(undecided))
    return _answer(_Publisher(sent, closed=closed_publisher, assert_formats=formats == "assert"), accepted, budget)


def compare_texts(publisher: str, subscribers: Sequence[str], *, closed_publisher: bool = False) -> list[Comparison]:
    """Decide the same of one publisher and several subscribers whose schemas are at hand as text.

    The texts spare writing the schemas to see whether they are alike, and the publisher's is read only once.

    Args:
        publisher: the JSON Schema of what is sent, as `json.dumps` writes it.
        subscribers: those of what is accepted, likewise.
        closed_publisher: as for `compare`.

    Returns:
        For each subscriber, what `compare` returns of the two.
    """
    try:
        source = _Publisher(Document.of_text(publisher, "publisher"), closed=closed_publisher)
    except Undecided as undecided:
        return [Comparison("unknown", reason=str(undecided))] * len(subscribers)
    return [_answer_text(source, text) for text in subscribers]


class _Publisher:
    """The publisher's document with what was parsed of it, which serves for all that subscribe."""

    def __init__(self, document: Document, *, closed: bool, assert_formats: bool = True) -> None:
        self.document = document
        self._closed = closed
        self._assert_formats = assert_formats
        self.forget()

    def forget(self) -> None:
        """Begin anew: a comparison that found no answer may have ended midway in what it was parsing."""
        self.graph = Graph(assert_formats=self._assert_formats)
        self.root = self.graph.root(self.document, closed=self._closed)


def _answer_text(publisher: _Publisher, subscriber: str) -> Comparison:
    try:
        accepted = Document.of_text(subscriber, "subscriber")
    except Undecided as undecided:
        return Comparison("unknown", reason=str(undecided))
    return _answer(publisher, accepted, DEFAULT_BUDGET)


def _answer(publisher: _Publisher, accepted: Document, budget: int) -> Comparison:
    try:
        answer = _compare(publisher, accepted, Budget(budget))
    except Undecided as undecided:
        answer = Comparison("unknown", reason=str(undecided))
    except RecursionError:
        answer = Comparison("unknown", reason="the schemas are nested too deeply")
    if answer.verdict == "unknown":
        publisher.forget()
    return answer


def _compare(publisher: _Publisher, accepted: Document, budget: Budget) -> Comparison:
    if publisher.document.text == accepted.text:
        return Comparison("compatible")
    source = publisher.root
    target = publisher.graph.root(accepted, closed=False)
    solver = Solver(target, budget)
    outcome = solver.solve((source,), (target,))
    if isinstance(outcome, Empty):
        return Comparison("compatible")
    if isinstance(outcome, Unsure):
        return Comparison("unknown", reason=outcome.reason)
    value = outcome.value
    if not solver.accepts(source, value) or solver.accepts(target, value):
        return Comparison("unknown", reason="a counterexample was found that the check does not confirm")
    explainer = Explainer(solver)
    with suppress(Undecided, RecursionError):  # what was found until then is true
        explainer.explain(source, target)
    return Comparison("incompatible", counterexample=value, problems=explainer.problems(source, target))
