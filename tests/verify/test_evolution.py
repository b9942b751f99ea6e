"""Which old and new sides meet while a change is deployed; what they look like is specified by the defects."""

import pytest

from eventkit.discovery.evolution import Evolution, Order
from eventkit.discovery.landscape import Landscape
from eventkit.verify.comparer import Comparer
from eventkit.verify.diff import diff
from eventkit.verify.verify import Past, verify
from tests.verify.landscapes import contract, fields, message

PAID = fields(status={"enum": ["paid"]})
MORE = fields(status={"enum": ["paid", "held"]})
TEXT = fields(status={"type": "string"})
HARD = fields(status={"type": "string", "pattern": "(?<=a)b"})


def landscape(publisher=None, subscriber=None, *others) -> Landscape:
    """Return a landscape in which p publishes and s handles `x.y`, each with a schema; None is a service without it."""
    p = contract("p", (message("x.y", publisher),) if publisher else ())
    s = contract("s", (), (message("x.y", subscriber),) if subscriber else ())
    return Landscape((p, s, *others))


def found(before: Landscape, after: Landscape, order: Order = Order.ANY) -> list[tuple[str, str]]:
    report = verify(after, past=Past(before, evolution=Evolution(order=order)))
    return [(finding.code, finding.help) for finding in report.findings if finding.severity == "error"]


def test_what_did_not_change_is_not_found() -> None:
    assert found(landscape(MORE, MORE), landscape(MORE, MORE)) == []


def test_a_subscriber_that_reads_both_shapes_is_to_be_deployed_first() -> None:
    assert found(landscape(PAID, PAID), landscape(MORE, MORE)) == [
        ("EK301", "deploy s before p, as a change of its own: with this change it reads both shapes")
    ]


def test_that_is_no_finding_where_subscribers_are_deployed_first() -> None:
    assert found(landscape(PAID, PAID), landscape(MORE, MORE), Order.SUBSCRIBERS_FIRST) == []


def test_a_change_that_is_safe_in_no_order_is_found_on_both_sides() -> None:
    text, number = fields(a={"type": "string"}), fields(a={"type": "integer"})
    (new, help), (old, _) = found(landscape(text, text), landscape(number, number))

    assert (new, old) == ("EK301", "EK302")
    assert help == "no order of deployment is safe: first let s read both shapes, then change p"


def test_a_subscriber_that_reads_the_new_version_alone_cannot_be_deployed_first() -> None:
    before = landscape(PAID, PAID)
    p = contract("p", (message("x.y v2", MORE),))
    (new, help), (old, _) = found(before, Landscape((p, contract("s", (), (message("x.y v2", MORE),)))))

    assert (new, old) == ("EK301", "EK302")
    assert help == "no order of deployment is safe: first let s read both shapes, then change p"
    both = contract("s", (), (message("x.y", PAID), message("x.y v2", MORE)))
    assert found(before, Landscape((p, both))) == [
        ("EK301", "deploy s before p, as a change of its own: with this change it reads both shapes")
    ]


def test_old_events_are_rejected_in_every_order() -> None:
    assert [code for code, _ in found(landscape(MORE, MORE), landscape(PAID, PAID), Order.SUBSCRIBERS_FIRST)] == [
        "EK302"
    ]


def test_a_new_subscriber_gets_old_events_as_well() -> None:
    assert [code for code, _ in found(landscape(MORE), landscape(PAID, PAID))] == ["EK302"]


def test_what_does_not_fit_in_the_landscape_itself_is_told_once() -> None:
    assert [code for code, _ in found(landscape(PAID, PAID), landscape(MORE, PAID))] == ["EK105"]


def test_what_did_not_fit_before_is_not_blamed_on_the_change() -> None:
    assert found(landscape(MORE, PAID), landscape(fields(status={"enum": ["paid", "held", "void"]}), TEXT)) == []


def test_a_deployed_subscriber_that_is_not_among_the_sources_is_told_so() -> None:
    after = Landscape((contract("p", (message("x.y", MORE),)),))

    assert found(landscape(PAID, PAID), after) == [
        ("EK301", "keep what p sends until s, which is not among the sources, reads the new shape")
    ]


def test_a_subscriber_that_ceases_to_handle_the_event_is_to_be_deployed_first() -> None:
    assert found(landscape(PAID, PAID), landscape(MORE)) == [
        ("EK301", "deploy s, which no longer handles the event, before p, as a change of its own")
    ]


@pytest.mark.parametrize(("before", "after"), [((HARD, HARD), (TEXT, TEXT)), ((TEXT, TEXT), (HARD, HARD))])
def test_what_cannot_be_decided_does_not_pass(before, after) -> None:
    assert [code for code, _ in found(landscape(*before), landscape(*after))] == ["EK305"]


def test_an_event_that_nobody_handles_any_more_may_go() -> None:
    assert found(landscape(PAID, PAID), landscape()) == []


def test_an_event_that_is_still_handled_may_not_go_and_is_not_also_one_that_was_never_published() -> None:
    assert found(landscape(PAID, PAID), landscape(None, PAID)) == [
        ("EK303", "let p publish it again, or remove the handler from s")
    ]


def test_a_deployed_handler_outside_of_the_sources_keeps_an_event_alive() -> None:
    after = Landscape((contract("p"),))
    ((code, help),) = found(landscape(PAID, PAID), after)

    assert code == "EK303"
    assert "remove the handler from s, which is not among the sources, and deploy that first" in help


def test_an_event_that_another_service_publishes_now_is_still_published() -> None:
    assert found(landscape(PAID, PAID), landscape(None, PAID, contract("q", (message("x.y", PAID),)))) == []


def test_a_version_that_is_retained_has_to_be_read_and_is_not_gone() -> None:
    retained = (contract("p", (message("x.y", PAID),)),)
    after = Landscape((contract("p"), contract("s", (), (message("x.y", PAID),))), retained=retained)

    assert found(landscape(PAID, PAID), after) == []
    assert [(pair.publisher, pair.verdict) for pair in verify(after).pairs] == [("p", "compatible")]


class Noting(Comparer):
    """Notes what is compared, and what it was told beforehand."""

    def __init__(self) -> None:
        super().__init__()
        self.prepared, self.asked = set(), set()

    def prepare(self, pairs, observe) -> None:
        pairs = list(pairs)
        self.prepared |= {(sent.digest, read.digest) for sent, read in pairs}
        super().prepare(pairs, observe)

    def compare(self, publisher, subscriber):
        self.asked.add((publisher.digest, subscriber.digest))
        return super().compare(publisher, subscriber)


@pytest.mark.parametrize("how", ["verify", "diff"])
def test_what_meets_on_the_way_is_compared_with_all_the_rest_at_once(how) -> None:
    comparer, before, after = Noting(), landscape(PAID, PAID), landscape(MORE, MORE)
    if how == "verify":
        verify(after, comparer, past=Past(before))
    else:
        diff(before, after, Evolution(), comparer)

    assert len(comparer.asked) >= 3
    # What was sent before and what was read before fit unless something is found.
    assert len(comparer.asked - comparer.prepared) <= (1 if how == "verify" else 0)
