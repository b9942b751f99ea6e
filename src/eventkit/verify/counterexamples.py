"""An event for each problem of a pair: the one of the whole comparison shows some of them only."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, Final

from eventkit.schema import codes, compare
from eventkit.schema.comparison import Comparison, Problem
from eventkit.schema.values import Json
from eventkit.verify.comparer import Comparer
from eventkit.verify.traffic import Side
from eventkit.verify.words import field_name

_NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords with schemas by names."""
_SCHEMAS: Final = frozenset(
    {"items", "additionalProperties", "additionalItems", "contains", "propertyNames"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
"""Keywords with one schema."""


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
        The event; that of the whole comparison where none can be found for the problem alone.
    """
    schema = subscriber.message.schema
    others = [other for other in compared.problems if other != problem]
    if others and isinstance(schema, dict):
        alone = comparer.compare_with(publisher.message, _without(others, problem, schema))
        # Inside of a `not`, asking for less is asking for more: only what the whole schema rejects is shown.
        if alone.verdict == "incompatible" and _is_rejected(alone.counterexample, schema):
            return alone.counterexample
    return compared.counterexample


def _is_rejected(event: Json, schema: dict[str, Any]) -> bool:
    return compare({"const": event}, schema).verdict == "incompatible"


def _without(others: Iterable[Problem], problem: Problem, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the subscriber's schema with what the other problems are about left out."""
    eased: dict[str, Any] = deepcopy(_only(problem, schema) if isinstance(schema.get("properties"), dict) else schema)
    for other in others:
        steps = _steps(other.subscriber_pointer)
        if other.code == codes.REQUIRED:
            required, name = _at(eased, steps), field_name(other.path)
            # A model that stands in several places of the event wants the same field in each of them.
            is_same = (other.subscriber_pointer, name) == (problem.subscriber_pointer, field_name(problem.path))
            if isinstance(required, list) and name in required and not is_same:
                required.remove(name)
        elif _steps(problem.subscriber_pointer)[: len(steps)] != steps:  # not around what is to be shown
            *way, last = steps
            _ease(_at(eased, way), last, is_schema=(bool(way) and way[-1] in _NAMED) or last in _SCHEMAS)
    return eased


def _ease(parent: Any, step: str, *, is_schema: bool) -> None:
    """Let what stands below a step accept anything."""
    if isinstance(parent, list) and step.isdecimal() and int(step) < len(parent):
        parent[int(step)] = True
    elif isinstance(parent, dict) and step in parent:
        if is_schema:
            parent[step] = True
        else:  # a keyword, as `minimum`
            del parent[step]


def _at(node: Any, steps: Iterable[str]) -> Any:
    for step in steps:
        if isinstance(node, list):
            node = node[int(step)] if step.isdecimal() and int(step) < len(node) else None
        else:
            node = node.get(step) if isinstance(node, dict) else None
    return node


def _steps(pointer: str) -> list[str]:
    """Return the steps of a JSON pointer (RFC 6901), none for the whole."""
    steps = pointer.removeprefix("#").split("/")[1:]
    return [step.replace("~1", "/").replace("~0", "~") for step in steps]


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
