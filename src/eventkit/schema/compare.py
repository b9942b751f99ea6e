"""The question that everything here is for: does what the publisher sends fit what the subscriber accepts?"""

from __future__ import annotations

from collections.abc import Callable
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
    return _answer(
        lambda: (Document(publisher, "publisher", dialect), Document(subscriber, "subscriber", dialect)),
        closed=closed_publisher,
        assert_formats=formats == "assert",
        budget=Budget(budget),
    )


def compare_texts(publisher: str, subscriber: str, *, closed_publisher: bool = False) -> Comparison:
    """Decide the same about schemas that are at hand as text, which spares writing them to see whether they are alike.

    Args:
        publisher: the JSON Schema of what is sent, as `json.dumps` writes it.
        subscriber: that of what is accepted, likewise.
        closed_publisher: as for `compare`.

    Returns:
        What `compare` returns of the two.
    """
    return _answer(
        lambda: (Document.of_text(publisher, "publisher"), Document.of_text(subscriber, "subscriber")),
        closed=closed_publisher,
        assert_formats=True,
        budget=Budget(DEFAULT_BUDGET),
    )


def _answer(
    documents: Callable[[], tuple[Document, Document]], *, closed: bool, assert_formats: bool, budget: Budget
) -> Comparison:
    try:
        return _compare(*documents(), closed, assert_formats, budget)
    except Undecided as undecided:
        return Comparison("unknown", reason=str(undecided))
    except RecursionError:
        return Comparison("unknown", reason="the schemas are nested too deeply")


def _compare(sent: Document, accepted: Document, closed: bool, assert_formats: bool, budget: Budget) -> Comparison:
    if sent.text == accepted.text:
        return Comparison("compatible")
    graph = Graph(assert_formats=assert_formats)
    source = graph.root(sent, closed=closed)
    target = graph.root(accepted, closed=False)
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
