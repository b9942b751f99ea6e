"""An event for each problem of a pair: the one of the whole comparison shows some of them only."""

from __future__ import annotations

from typing import Any

from eventkit.schema import codes
from eventkit.schema.comparison import Comparison, Problem
from eventkit.schema.values import Json
from eventkit.verify.comparer import Comparer
from eventkit.verify.traffic import Side


def counterexample_of(
    problem: Problem, compared: Comparison, publisher: Side, subscriber: Side, comparer: Comparer
) -> Json:
    """Return an event that the publisher can send and the subscriber rejects because of this problem.

    Args:
        problem: One of the problems of the comparison.
        compared: The comparison.
        publisher: Who publishes the event.
        subscriber: Who rejects it.
        comparer: What compares.

    Returns:
        The event; that of the whole comparison where none can be found for the field of the problem alone.
    """
    schema = subscriber.message.schema
    if len(compared.problems) > 1 and isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        alone = comparer.compare_with(publisher.message, _only(problem, schema))
        if alone.verdict == "incompatible":
            return alone.counterexample
    return compared.counterexample


def _only(problem: Problem, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the subscriber's schema with what it demands of other fields left out: it accepts more than the whole."""
    field = problem.path.split("/")[1].replace("~1", "/").replace("~0", "~") if problem.path else ""
    only = {
        **schema,
        "properties": {name: demanded if name == field else True for name, demanded in schema["properties"].items()},
        "required": [name for name in schema.get("required", []) if name == field],
    }
    if problem.code != codes.EXTRA_FIELD:
        only.pop("additionalProperties", None)
    return only
