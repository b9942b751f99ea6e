"""Turns a problem of a comparison into a finding: where to look, what is to be seen there, which edit mends it."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

from eventkit.schema import codes
from eventkit.schema.comparison import Problem
from eventkit.schema.values import Json
from eventkit.verify.finding import Finding, title
from eventkit.verify.source_lines import text_at
from eventkit.verify.traffic import Side
from eventkit.verify.words import describe, field_name, json_text, values

_FUNCTION: Final = re.compile(r"(?:async\s+)?def\s")


def finding_of(
    problem: Problem, publisher: Side, subscriber: Side, counterexample: Json, newest_version: int
) -> Finding:
    """Return the finding of one problem.

    Args:
        problem: What is wrong.
        publisher: Who publishes the event.
        subscriber: Who rejects it.
        counterexample: An event that is rejected.
        newest_version: The newest version of the event that anybody publishes.
    """
    event = publisher.message.event
    reads, publishes = _labels(problem, publisher, subscriber)
    return Finding(
        code=problem.code,
        message=f"{subscriber.service} rejects events that {publisher.service} can publish as {title(event)}",
        detail=f"at {problem.path or 'the event'}, {publisher.service} {publishes} and {subscriber.service} {reads}",
        event=event,
        publisher=publisher.service,
        subscriber=subscriber.service,
        path=problem.path,
        spots=(*subscriber.spots(reads, problem.path), *publisher.spots(publishes, problem.path)),
        counterexample=counterexample,
        help=f"{_edit(problem, publisher, subscriber)}, or publish a version {newest_version + 1} of {event.name}",
    )


def _labels(problem: Problem, publisher: Side, subscriber: Side) -> tuple[str, str]:
    """Return what the subscriber and the publisher do with the field."""
    name = field_name(problem.path)
    if problem.code == codes.REQUIRED:
        known = problem.path in publisher.message.places
        return f"requires `{name}`", f"does not always publish `{name}`" if known else f"publishes no `{name}`"
    if problem.code == codes.EXTRA_FIELD:
        return "accepts no field that it does not declare", f"publishes `{name}`"
    return (
        f"reads {describe(subscriber.message.schema, problem.subscriber_pointer)}",
        f"publishes {describe(publisher.message.schema, problem.publisher_pointer)}",
    )


def _edit(problem: Problem, publisher: Side, subscriber: Side) -> str:
    name = field_name(problem.path)
    if problem.code == codes.REQUIRED:
        renamed = _similar(problem.path, publisher, subscriber)
        if renamed:
            return f"read `{renamed}` in {subscriber.service}, give `{name}` a default"
        return f"give `{name}` a default in {subscriber.service}, let {publisher.service} publish it"
    if problem.code == codes.EXTRA_FIELD:
        return f"let {subscriber.message.model} in {subscriber.service} ignore the fields that it does not declare"
    added = _added_values(problem, publisher, subscriber)
    if added:
        return f"let {subscriber.service} read {' and '.join(added)}, too"
    declared, read = (_declaration(problem.path, side) for side in (publisher, subscriber))
    if declared and declared != read:
        return f"declare `{declared}` in {subscriber.service}"
    return f"let {subscriber.service} read {describe(publisher.message.schema, problem.publisher_pointer)}"


def _added_values(problem: Problem, publisher: Side, subscriber: Side) -> list[str]:
    """Return the values that the publisher lists and the subscriber does not; none where one of them has no list."""
    sent = values(publisher.message.schema, problem.publisher_pointer)
    read = values(subscriber.message.schema, problem.subscriber_pointer)
    return [json_text(value) for value in sent if value not in read] if sent and read else []


def _declaration(path: str, side: Side) -> str | None:
    """Return the source of a field in a Python model, as `amount: Decimal`."""
    while path.endswith("/*"):  # the items of a list are declared where the list is
        path = path.removesuffix("/*")
    place = side.message.places.get(path) if path else None
    text = text_at(place) if place and place.file.endswith(".py") else None
    # A computed field is declared by a function, which says nothing to a reader.
    if text is None or _FUNCTION.match(text):
        return None
    # One that goes on in the next line cannot be quoted.
    return text if all(text.count(start) == text.count(end) for start, end in ("()", "[]", "{}")) else None


def _similar(path: str, publisher: Side, subscriber: Side) -> str | None:
    """Return the field that the publisher may have renamed to or from: one of a similar name that nobody reads."""
    parent = path.rpartition("/")[0]
    candidates = [
        field_name(other)
        for other in publisher.message.places
        if other and other.rpartition("/")[0] == parent and other not in subscriber.message.places
    ]
    return next(iter(get_close_matches(field_name(path), candidates, n=1, cutoff=0.5)), None)
