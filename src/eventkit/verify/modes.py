"""EK304, EK305: what an event without a new version may become, where its subscribers are not known.

The words are those of schema registries. *Backward*: who reads with the new schema can read the old events; fields of
the new schema that have a default may be missing in them, as a reader fills those in. *Forward*: whoever relies on what
the old schema promises can read the new events.

Source: Confluent Schema Registry, "Schema Evolution and Compatibility"; Apache Avro 1.12, "Schema Resolution", for
defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from eventkit.discovery.asyncapi.keywords import map_subschemas
from eventkit.discovery.evolution import Evolution
from eventkit.schema import codes
from eventkit.schema.comparison import Problem
from eventkit.verify.comparer import Comparer
from eventkit.verify.finding import Finding, title
from eventkit.verify.rules.evolution import CHANGED_WITHOUT_VERSION, UNDECIDED_CHANGE
from eventkit.verify.traffic import Side, Time, Traffic
from eventkit.verify.words import describe, field_name


def check_modes(
    past: Sequence[Traffic], current: Traffic, evolution: Evolution, comparer: Comparer
) -> Iterator[Finding]:
    """Yield EK304 or EK305 for each event that changed in a way that its mode does not allow.

    Args:
        past: The traffic of the baseline, then of the history.
        current: The traffic with the change.
        evolution: The modes.
        comparer: What compares.
    """
    for name, publishers in current.published.items():
        mode = evolution.mode_of(name)
        for new in publishers:
            if new.time is Time.RETAINED:
                continue
            seen: set[str | None] = set()
            for old in _older(new, past if mode.transitive else past[:1]):
                found = _forward(old, new, comparer) if mode.forward else []
                found += _backward(old, new, comparer) if mode.backward else []
                for finding in found:
                    # A field that changed is one finding, whichever readers it breaks and how often it did before.
                    if finding.path not in seen:
                        seen.add(finding.path)
                        yield replace(finding, help=f"{finding.help} (the mode is {mode})")


def _older(new: Side, past: Sequence[Traffic]) -> Iterator[Side]:
    """Yield what was published as the same event: by the same service, or by any where it did not publish it."""
    for traffic in past:
        event = new.message.event
        before = [side for side in traffic.published.get(event.name, ()) if side.message.event == event]
        same = [side for side in before if side.service == new.service]
        yield from (side for side in same or before if side.message.digest != new.message.digest)


def _forward(old: Side, new: Side, comparer: Comparer) -> list[Finding]:
    message = f"readers of {title(new.message.event)} as it was do not accept what {new.service} now publishes"
    return _broken(new, old, message, comparer, new_sends=True)


def _backward(old: Side, new: Side, comparer: Comparer) -> list[Finding]:
    reader = replace(new, message=replace(new.message, schema=reader_schema(new.message.schema), closed=False))
    message = f"readers of {title(new.message.event)} as it is now do not accept what {old.service} has published"
    return _broken(old, reader, message, comparer, new_sends=False)


def _broken(sender: Side, reader: Side, message: str, comparer: Comparer, *, new_sends: bool) -> list[Finding]:
    """Return what is wrong where one side is the event as it was, and the other one the event as it is."""
    new, old = (sender, reader) if new_sends else (reader, sender)
    compared = comparer.compare(sender.message, reader.message)
    if compared.verdict == "unknown":
        return [_undecided(old, new, compared.reason or "")]
    found = []
    for problem in compared.problems:
        sent, relied_on = _labels(problem, sender, reader)
        label, older_label = (sent, relied_on) if new_sends else (relied_on, sent)
        finding = _finding(message, problem, (new, label), (old, older_label), new_sends=new_sends)
        found.append(replace(finding, counterexample=compared.counterexample))
    return found


def reader_schema(schema: dict[str, Any] | bool) -> dict[str, Any] | bool:
    """Return what reads with a schema of sent events: as the schema, but a field that has a default may be missing."""
    if isinstance(schema, bool):
        return schema
    read = map_subschemas(schema, lambda child, _: reader_schema(child))
    properties = schema.get("properties")
    if isinstance(properties, dict) and isinstance(schema.get("required"), list):
        read["required"] = [name for name in schema["required"] if not _has_default(properties.get(name))]
    return read


def _has_default(schema: Any) -> bool:
    return isinstance(schema, dict) and "default" in schema


def _labels(problem: Problem, sender: Side, reader: Side) -> tuple[str, str]:
    """Return what the one side publishes at a field and what the other one does."""
    name = field_name(problem.path)
    if problem.code == codes.REQUIRED:
        known = problem.path in sender.message.places
        return f"does not always publish `{name}`" if known else f"publishes no `{name}`", f"publishes `{name}`"
    if problem.code == codes.EXTRA_FIELD:
        return f"publishes `{name}`", "allows no field that is not declared"
    return (
        f"publishes {describe(sender.message.schema, problem.publisher_pointer)}",
        f"publishes {describe(reader.message.schema, problem.subscriber_pointer)}",
    )


def _finding(
    message: str, problem: Problem, new: tuple[Side, str], old: tuple[Side, str], *, new_sends: bool
) -> Finding:
    (side, label), (older, older_label) = new, old
    event = side.message.event
    name = field_name(problem.path) or event.name
    # A field that readers miss in old events is one that was not always there: it has no past to be kept.
    added = problem.code == codes.REQUIRED and not new_sends
    edit = f"give `{name}` a default" if added else f"keep `{name}` as it was"
    return Finding(
        code=CHANGED_WITHOUT_VERSION,
        message=message,
        detail=f"at {problem.path or 'the event'}, {side.service} {label}; as it was, it {older_label}",
        event=event,
        publisher=side.service,
        path=problem.path,
        spots=(*side.spots(label, problem.path), *older.spots(older_label, problem.path)),
        help=f"publish it as version {event.version + 1}, or {edit}",
    )


def _undecided(old: Side, new: Side, reason: str) -> Finding:
    event = new.message.event
    return Finding(
        code=UNDECIDED_CHANGE,
        message=f"it is not known whether {title(event)} changed as its mode allows: {reason}",
        event=event,
        publisher=new.service,
        spots=(*new.spots(f"publishes {title(event)}"), *old.spots(f"publishes {title(event)}")),
        help="say the same in simpler words, or publish it as a new version",
    )
