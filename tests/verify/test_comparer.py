"""Each question is asked once, and every answer is that of a comparison of its own."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventkit.schema import compare
from eventkit.verify import comparer as module
from eventkit.verify.comparer import Comparer
from eventkit.work import Cache, Processes, Work
from tests.verify.landscapes import fields, message

SENT = fields(id={"type": "string"}, amount={"type": "integer"})
READ = fields(amount={"type": "number"})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, object, bool]]:
    """Note what is really compared."""
    asked: list[tuple[object, object, bool]] = []

    def noted(publisher, subscriber, *, closed_publisher):
        asked.append((publisher, subscriber, closed_publisher))
        return compare(publisher, subscriber, closed_publisher=closed_publisher)

    monkeypatch.setattr(module, "compare", noted)
    return asked


def test_schemas_that_are_written_alike_are_compared_once(asked) -> None:
    comparer = Comparer()

    first = comparer.compare(message("a.a", SENT), message("a.a", READ))
    again = comparer.compare(message("b.b", dict(SENT)), message("c.c", dict(READ)))
    with_schema = comparer.compare_with(message("a.a", SENT), dict(READ))

    assert asked == [(SENT, READ, False)]
    assert first == again == with_schema == compare(SENT, READ)


def test_what_may_change_the_answer_is_compared_anew(asked) -> None:
    comparer = Comparer()
    turned = {**SENT, "properties": dict(reversed(SENT["properties"].items()))}

    comparer.compare(message("a.a", SENT), message("a.a", READ))
    comparer.compare(message("a.a", READ), message("a.a", SENT))
    comparer.compare(message("a.a", SENT, closed=True), message("a.a", READ))
    comparer.compare(message("a.a", turned), message("a.a", READ))
    comparer.compare_with(message("a.a", SENT), False)

    assert len(asked) == 5


FIELD = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer", "minimum": 3},
        {"type": "number"},
        {"enum": ["a", "é", 1, None]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "string", "pattern": "(?<!a)b"},  # cannot be decided
        fields(amount={"type": "number"}),
    ]
)
MESSAGE = st.builds(
    lambda parts, closed: message("a.a", json.loads(json.dumps(fields(**parts))), closed=closed),
    st.dictionaries(st.sampled_from("xyz"), FIELD, max_size=3),
    st.booleans(),
)


@given(st.lists(st.tuples(MESSAGE, MESSAGE), max_size=6))
def test_the_answer_is_the_same_from_here_from_other_hands_and_from_the_cache(pairs) -> None:
    expected = [compare(sent.schema, read.schema, closed_publisher=sent.closed) for sent, read in pairs]
    with TemporaryDirectory() as folder:
        for worth_sharing in (0, 1_000, 1_000):
            with Work(Cache(Path(folder), "a")) as work, pytest.MonkeyPatch.context() as patch:
                patch.setattr(module, "_WORTH_SHARING", worth_sharing)
                comparer = Comparer(work)
                comparer.prepare(pairs)
                assert [comparer.compare(sent, read) for sent, read in pairs] == expected


def test_how_far_other_processes_have_come_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WORTH_SHARING", 0)
    sent = [message("a.a", fields(**{name: {"type": "integer"}})) for name in "xyz"]
    told: list[tuple[str, int, int]] = []
    with Work(processes=Processes(2)) as work:
        pairs = [(publisher, message("a.a", read)) for publisher in sent for read in (SENT, READ)]
        Comparer(work).prepare(pairs, lambda *progress: told.append(progress))

    assert told == [("comparing schemas", done, 6) for done in (0, 2, 4)]


def test_what_is_kept_is_not_compared_again(asked, tmp_path: Path) -> None:
    for _ in range(2):
        with Work(Cache(tmp_path, "a")) as work:
            comparer = Comparer(work)
            comparer.prepare([(message("a.a", SENT), message("a.a", READ))])
            comparer.compare(message("a.a", SENT), message("a.a", READ))
            comparer.compare_with(message("a.a", SENT), False)

    assert len(asked) == 2


@pytest.mark.parametrize("damaged", [b"", b"[]", b"nonsense", b'["compatible", 1, 2, 3]'])
def test_an_answer_that_cannot_be_read_is_found_anew(tmp_path: Path, damaged: bytes) -> None:
    sent, read = message("a.a", SENT), message("a.a", READ)
    with Work(Cache(tmp_path, "a")) as work:
        work.cache.put("comparison", sent.digest + read.digest + b"\0", damaged)

    with Work(Cache(tmp_path, "a")) as work:
        assert Comparer(work).compare(sent, read) == compare(SENT, READ)


def test_other_processes_help_with_many(monkeypatch: pytest.MonkeyPatch, asked) -> None:
    monkeypatch.setattr(module, "_WORTH_SHARING", 10)
    pairs = [
        (message("a.a", fields(id={"type": "integer", "minimum": number})), message("a.a", fields(id={"minimum": 5})))
        for number in range(20)
    ]

    with Work(processes=Processes(2)) as work:
        comparer = Comparer(work)
        comparer.prepare(pairs)
        found = [comparer.compare(sent, read) for sent, read in pairs]

    assert asked == []
    assert found == [compare(sent.schema, read.schema) for sent, read in pairs]
