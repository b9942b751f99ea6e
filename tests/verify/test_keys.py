"""EK306: whose order a changed key breaks; what it looks like is specified by the defects."""

import pytest

from eventkit.discovery.evolution import Evolution, Mode
from eventkit.discovery.landscape import Landscape
from eventkit.verify.diff import diff
from eventkit.verify.verify import Past, verify
from tests.verify.landscapes import contract, fields, message

BOTH = fields(a={"type": "string"}, b={"type": "string"})
READER = contract("reader", (), (message("x.y", BOTH),))


def sender(key: str | None, name: str = "sender", **more: object) -> Landscape:
    return Landscape((contract(name, (message("x.y", BOTH, key=key, **more),)),))


def with_reader(landscape: Landscape) -> Landscape:
    return Landscape((*landscape.services, READER))


def found(before: Landscape, after: Landscape, mode: Mode = Mode.NONE, service: str | None = None) -> list[str]:
    report = verify(after, past=Past(before, evolution=Evolution(mode=mode)), service=service)
    return [finding.message for finding in report.findings if finding.code == "EK306"]


def test_a_changed_key_breaks_those_who_handle_the_event() -> None:
    assert found(with_reader(sender("a")), with_reader(sender("b"))) == [
        "sender orders x.y by `b` with this change; as deployed, the order is by `a`"
    ]
    assert found(sender("a"), sender("b")) == []


def test_where_subscribers_are_not_known_it_breaks_them_too() -> None:
    assert len(found(sender("a"), sender("b"), Mode.BACKWARD)) == 1


def test_a_subscriber_that_is_deployed_or_that_comes_with_the_change_counts() -> None:
    assert len(found(with_reader(sender("a")), sender("b"))) == 1
    assert len(found(sender("a"), with_reader(sender("b")))) == 1


def test_another_service_that_takes_the_event_over_has_to_keep_its_order() -> None:
    assert found(with_reader(sender("a")), with_reader(sender(None, "successor"))) == [
        "successor does not order x.y with this change; as deployed, the order is by `a`"
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (sender("a"), sender("a")),
        (sender(None), sender("a")),
        (sender("a", closed=True), sender(None)),  # a document from elsewhere, which need not say it
    ],
)
def test_an_order_that_is_kept_or_won_or_not_known_breaks_nobody(old, new) -> None:
    assert found(with_reader(old), with_reader(new)) == []


def test_only_the_service_that_is_deployed_is_asked_about() -> None:
    before, after = with_reader(sender("a")), with_reader(sender("b"))

    assert found(before, after, service="reader") == []
    assert len(found(before, after, service="sender")) == 1


def test_a_diff_says_whom_it_breaks() -> None:
    changes = diff(with_reader(sender("a")), with_reader(sender("b")), Evolution())

    assert [finding.code for finding in changes.broken] == ["EK306"]
    assert changes.status == 1
