"""Which edit mends a problem: the one that is named first is made where the event is read."""

from __future__ import annotations

import ast
import builtins
import datetime
import decimal
import ipaddress
import typing
import uuid
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

import pydantic

from eventkit.schema import codes
from eventkit.schema.comparison import Problem
from eventkit.verify.source_lines import line_at
from eventkit.verify.traffic import Side, Time
from eventkit.verify.words import describe, field_name, json_text, key_patterns, tags, values

# Names that mean the same in the code of both services, once they are imported.
_KNOWN: Final = frozenset(
    name
    for module in (builtins, datetime, decimal, ipaddress, typing, uuid, pydantic)
    for name in getattr(module, "__all__", dir(module))
)


def edit_of(problem: Problem, publisher: Side, subscriber: Side, next_version: int) -> str:
    """Return the edits of which each would mend a problem.

    Args:
        problem: What is wrong.
        publisher: Who publishes the event.
        subscriber: Who rejects it.
        next_version: The version that is free for an event that looks different.
    """
    event = publisher.message.event
    if is_undeclared(problem) and not allowed_keys(problem, subscriber):
        return _close(problem, publisher, subscriber)
    edit = _edit(problem, publisher, subscriber)
    if publisher.time is Time.RETAINED:  # nobody publishes it any more
        return f"{edit}, or take version {event.version} out of `retained` once no event of it can come"
    return f"{edit}, or publish a version {next_version} of {event.name}"


def is_undeclared(problem: Problem) -> bool:
    """Whether the publisher's schema says nothing of the field, and thereby that it can be anything."""
    if problem.code == codes.EXTRA_FIELD:
        return field_name(problem.path) == "*"
    return problem.code != codes.REQUIRED and bool(problem.path) and problem.publisher_pointer == "#"


def allowed_keys(problem: Problem, subscriber: Side) -> str:
    """Return the patterns to which the subscriber holds the keys of the object; "" where it has none."""
    if problem.code != codes.EXTRA_FIELD:
        return ""
    return key_patterns(subscriber.message.schema, problem.subscriber_pointer.rpartition("/")[0])


def is_python(side: Side) -> bool:
    """Whether a message is declared in code, not in a document."""
    place = side.message.places.get("", side.message.function_place)
    return place is not None and place.file.endswith(".py")


def _close(problem: Problem, publisher: Side, subscriber: Side) -> str:
    if field_name(problem.path) == "*" and problem.code != codes.EXTRA_FIELD:
        return f"say in {publisher.service} what may stand at {problem.path}"
    closed = f"let {publisher.service} promise to send nothing else: `additionalProperties: false`"
    if problem.code == codes.EXTRA_FIELD:
        return f"{_unforbidden(problem, subscriber)}, or {closed}"
    return f"declare `{field_name(problem.path)}` in {publisher.service}, or {closed}"


def _edit(problem: Problem, publisher: Side, subscriber: Side) -> str:
    reader, name = subscriber.service, field_name(problem.path)
    if problem.code == codes.REQUIRED:
        optional = f"give `{name}` a default" if is_python(subscriber) else f"do not require `{name}`"
        renamed = _similar(problem.path, publisher, subscriber)
        if renamed:
            return f"read `{renamed}` in {reader}, {optional}"
        always = " always" if problem.path in publisher.message.places else ""
        # What was sent stays as it was: only the reader can be mended.
        sent = f", let {publisher.service}{always} publish it" if publisher.time is Time.NOW else ""
        return f"{optional} in {reader}{sent}"
    if problem.code == codes.EXTRA_FIELD:
        return _unforbidden(problem, subscriber)
    added = _added_values(problem, publisher, subscriber)
    if added:
        tag = f" as `{name}`" if problem.code == codes.DISCRIMINATOR else ""
        return f"let {reader} read {added}{tag}, too"
    declaration = _declaration(problem.path, publisher, subscriber)
    if declaration:
        return f"declare `{declaration}` in {reader}"
    sent = describe(publisher.message.schema, problem.publisher_pointer)
    read = describe(subscriber.message.schema, problem.subscriber_pointer)
    if read.startswith(f"{sent}, "):
        return f"lift the limit in {reader} ({read.removeprefix(f'{sent}, ')})"
    return f"let {reader} read {f'all that {publisher.service} can publish' if sent == read else sent}"


def _unforbidden(problem: Problem, subscriber: Side) -> str:
    pointer, _, keyword = problem.subscriber_pointer.rpartition("/")
    parent = problem.path.rpartition("/")[0]
    if allowed_keys(problem, subscriber):
        return f"let {subscriber.service} accept other keys at {parent or 'the top'}"
    model = describe(subscriber.message.schema, pointer) if parent else f"`{subscriber.message.model}`"
    setting = 'extra="forbid"' if is_python(subscriber) else f"{keyword}: false"
    return f"remove `{setting}` from {model if model.startswith('`') else parent} in {subscriber.service}"


def _added_values(problem: Problem, publisher: Side, subscriber: Side) -> str:
    """Return the values that the publisher lists and the subscriber does not; "" where one of them has no list."""
    if problem.code == codes.DISCRIMINATOR:
        name = field_name(problem.path)
        sent: list[typing.Any] | None = tags(publisher.message.schema, problem.publisher_pointer, name)
        read: list[typing.Any] | None = tags(subscriber.message.schema, problem.subscriber_pointer, name)
    else:
        sent = values(publisher.message.schema, problem.publisher_pointer)
        read = values(subscriber.message.schema, problem.subscriber_pointer)
    return " and ".join(json_text(value) for value in sent if value not in read) if sent and read else ""


def _declaration(path: str, publisher: Side, subscriber: Side) -> str | None:
    """Return how the subscriber would declare a field as the publisher does, as `amount: Decimal`.

    None where it does so already, where that cannot be said in a line, or says nothing to the subscriber: `T`, or a
    class of the publisher's.
    """
    sent, read = (_statement(path, side) for side in (publisher, subscriber))
    if sent is None or not is_python(subscriber):
        return None
    name = ast.unparse((read or sent).target)
    known = _KNOWN | set(_names(read.annotation) if read else ())
    annotation = _source(sent.annotation)
    if read is None or annotation != _source(read.annotation):
        return f"{name}: {annotation}" if known.issuperset(_names(sent.annotation)) else None
    rules, rules_read = (_rules(statement) for statement in (sent, read))
    if rules == rules_read or "alias" in f"{rules}{rules_read}" or not known.issuperset(_names(sent.annotation)):
        return None
    return f"{name}: {annotation}{rules}"


def _statement(path: str, side: Side) -> ast.AnnAssign | None:
    """Return the declaration of a field in a Python model, if it fits in a line."""
    places = side.message.places
    while path not in places and (path.endswith("/*") or field_name(path).isdecimal()):
        path = path.rpartition("/")[0]  # the items of a list are declared where the list is
    place = places.get(path) if path else None
    line = line_at(place) if place and place.file.endswith(".py") else None
    if place is None or line is None:
        return None
    try:
        statement = ast.parse(line[place.column - 1 :].strip()).body[0]
    except SyntaxError:
        return None
    return statement if isinstance(statement, ast.AnnAssign) else None


def _rules(statement: ast.AnnAssign) -> str:
    """Return ` = Field(...)` of a declaration; "" where there is none."""
    is_field = isinstance(statement.value, ast.Call) and _source(statement.value.func) == "Field"
    return f" = {_source(statement.value)}" if is_field and statement.value else ""


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the names that a type uses."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):  # a forward reference
        yield node.value
    elif isinstance(node, ast.Attribute):
        yield from _names(node.value)
    elif isinstance(node, ast.Call):  # as Field(pattern="^a"), whose texts are no names
        yield from _names(node.func)
    elif isinstance(node, ast.Subscript) and _source(node.value).endswith("Literal"):
        yield from _names(node.value)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _names(child)


def _source(node: ast.AST) -> str:
    return ast.unparse(node).replace("'", '"')


def _similar(path: str, publisher: Side, subscriber: Side) -> str | None:
    """Return the field that the publisher may have renamed to or from: one of a similar name that nobody reads."""
    if path in publisher.message.places:
        return None
    parent = path.rpartition("/")[0]
    candidates = [
        field_name(other)
        for other in publisher.message.places
        if other and other.rpartition("/")[0] == parent and other not in subscriber.message.places
    ]
    return next(iter(get_close_matches(field_name(path), candidates, n=1, cutoff=0.5)), None)
