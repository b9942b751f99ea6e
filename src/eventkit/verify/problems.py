"""Turns a problem of a comparison into a finding: where to look, and what is to be seen there."""

from __future__ import annotations

from eventkit.contract.event import EventType
from eventkit.schema import codes
from eventkit.schema.comparison import Problem
from eventkit.schema.values import Json
from eventkit.verify.edits import allowed_keys, edit_of, is_undeclared
from eventkit.verify.finding import Finding, title
from eventkit.verify.traffic import Side, Time
from eventkit.verify.words import alternatives, describe, field_name, tags


def finding_of(
    problem: Problem,
    publisher: Side,
    subscriber: Side,
    event: EventType,
    counterexample: Json,
    newest_version: int,
) -> Finding:
    """Return the finding of one problem.

    Args:
        problem: What is wrong.
        publisher: Who publishes the event.
        subscriber: Who rejects it.
        event: The event of the pair.
        counterexample: An event that is rejected.
        newest_version: The newest version of the event that anybody publishes.
    """
    reads, publishes = _labels(problem, publisher, subscriber)
    can = "has published" if publisher.time is Time.RETAINED else "can publish"
    return Finding(
        code=problem.code,
        message=f"{subscriber.service} rejects events that {publisher.service} {can} as {title(event)}",
        detail=f"at {problem.path or 'the event'}, {publisher.service} {publishes} and {subscriber.service} {reads}",
        event=event,
        publisher=publisher.service,
        subscriber=subscriber.service,
        path=problem.path,
        spots=(*subscriber.spots(reads, problem.path), *publisher.spots(publishes, problem.path)),
        counterexample=counterexample,
        help=edit_of(problem, publisher, subscriber, newest_version + 1),
    )


def _labels(problem: Problem, publisher: Side, subscriber: Side) -> tuple[str, str]:
    """Return what the subscriber and the publisher do with the field."""
    name = field_name(problem.path)
    if problem.code == codes.REQUIRED:
        known = problem.path in publisher.message.places
        return f"requires `{name}`", f"does not always publish `{name}`" if known else f"publishes no `{name}`"
    if problem.code == codes.EXTRA_FIELD:
        keys = allowed_keys(problem, subscriber)
        read = f"accepts only keys matching {keys}" if keys else "accepts no field that it does not declare"
        sent = f"may publish {'other keys' if keys else 'fields that it does not declare'}"
        return read, sent if name == "*" else f"publishes `{name}`"
    if problem.code == codes.NO_BETTER_NAME:
        keyword = problem.subscriber_pointer.rpartition("/")[2]
        by = "" if keyword == "#" else f" by `{keyword}`"
        return f"rejects the counterexample{by}", "can publish the counterexample"
    publishes = f"publishes {_what(problem, publisher, problem.publisher_pointer)}"
    if is_undeclared(problem):
        publishes = "does not say what its items are" if name == "*" else f"does not say what `{name}` is"
    return f"reads {_what(problem, subscriber, problem.subscriber_pointer)}", publishes


def _what(problem: Problem, side: Side, pointer: str) -> str:
    """Return what a side's schema says of the field of a problem."""
    if problem.code == codes.DISCRIMINATOR:
        name = field_name(problem.path)
        listed = tags(side.message.schema, pointer, name)
        if listed:
            return f"{alternatives(listed)} as `{name}`"
    return describe(side.message.schema, pointer)
