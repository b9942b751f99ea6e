"""Each question is asked once, and every answer is that of a comparison of its own."""

import pytest

from eventkit.schema import compare
from eventkit.verify import comparer as module
from eventkit.verify.comparer import Comparer
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
