"""Modes: which changes of an event each of them allows."""

import pytest

from eventkit.discovery.evolution import Evolution, Mode
from eventkit.discovery.landscape import Landscape
from eventkit.verify.modes import reader_schema
from eventkit.verify.verify import Past, verify
from tests.verify.landscapes import contract, fields, message

OLD = fields(id={"type": "string"}, kind={"enum": ["a", "b"]})
PLAIN = {"type": "string"}
DEFAULT = {"type": "string", "default": ""}


def codes(old, new, mode: Mode, history=(), **message_args) -> list[str]:
    def of(schema) -> Landscape:
        return Landscape((contract("p", (message("x.y", schema, closed=True, **message_args),)),))

    past = Past(of(old), tuple(map(of, history)), Evolution(mode=mode))
    return [finding.code for finding in verify(of(new), past=past).findings if finding.severity == "error"]


@pytest.mark.parametrize(
    ("new", "backward", "forward"),
    [
        (fields(**OLD["properties"], note=PLAIN), False, True),
        (fields(**OLD["properties"], note=DEFAULT), True, True),
        (fields(id=PLAIN), True, False),
        (fields(id=PLAIN, kind={"enum": ["a", "b", "c"]}), True, False),
        (fields(id=PLAIN, kind={"enum": ["a"]}), False, True),
        (fields(id=PLAIN, kind={"type": "integer"}), False, False),
        (OLD, True, True),
    ],
)
def test_a_mode_allows_what_its_readers_can_read(new, backward, forward) -> None:
    assert codes(OLD, new, Mode.NONE) == []
    assert codes(OLD, new, Mode.BACKWARD) == ([] if backward else ["EK304"])
    assert codes(OLD, new, Mode.FORWARD) == ([] if forward else ["EK304"])
    # A field that breaks readers in both directions is one finding.
    assert codes(OLD, new, Mode.FULL) == ([] if backward and forward else ["EK304"])


def test_a_transitive_mode_looks_at_the_whole_history() -> None:
    # Each step adds a field with a default or drops one: only from the first to the last is a promise broken.
    first, second, third = fields(id=PLAIN, note=PLAIN), fields(id=PLAIN), fields(id=PLAIN, note={"type": "integer"})

    assert codes(second, third, Mode.FORWARD) == []
    assert codes(second, third, Mode.FORWARD_TRANSITIVE, history=(first,)) == ["EK304"]


def test_the_first_pattern_that_matches_an_event_counts() -> None:
    evolution = Evolution(Mode.NONE, events={"order.created": Mode.NONE, "order.*": Mode.FULL, "*": Mode.FORWARD})

    assert [evolution.mode_of(name) for name in ("order.created", "order.paid", "user.deleted")] == [
        Mode.NONE,
        Mode.FULL,
        Mode.FORWARD,
    ]


def test_what_cannot_be_decided_does_not_pass() -> None:
    assert codes(fields(id={"type": "string", "pattern": "(?<=a)b"}), fields(id=PLAIN), Mode.FORWARD) == ["EK305"]


def test_who_reads_with_a_schema_fills_in_its_defaults_at_any_depth() -> None:
    item = fields(a=PLAIN, b=DEFAULT)
    schema = {**fields(items={"type": "array", "items": {"$ref": "#/$defs/Item"}}), "$defs": {"Item": item}}
    read = reader_schema(schema)

    assert read["required"] == ["items"]
    assert read["$defs"]["Item"]["required"] == ["a"]
    assert reader_schema(True) is True
