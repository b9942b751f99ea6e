"""Events that nobody publishes or handles, and publishers that disagree."""

from eventkit.discovery.landscape import Landscape
from eventkit.schema import MISSING
from eventkit.verify.comparer import Comparer
from eventkit.verify.rules import Severity
from eventkit.verify.topology import never_handled, never_published, publishers_disagree
from eventkit.verify.traffic import Traffic
from tests.verify.landscapes import contract, fields, message

AMOUNT = fields(amount={"type": "integer"})
TOTAL = fields(total={"type": "integer"})


def test_an_event_that_nobody_publishes_is_found_once_for_each_service_that_handles_it() -> None:
    a = contract("a", (), (message("x.y"), message("x.y v2")))
    b = contract("b", (), (message("x.y"),))
    found = list(never_published((a, b), Traffic.of(Landscape((a, b)))))

    assert [(finding.subscriber, str(finding.event)) for finding in found] == [("a", "x.y v2"), ("b", "x.y v1")]
    assert found[0].message == "a handles x.y, which nobody publishes"


def test_an_event_that_is_published_in_another_version_is_published() -> None:
    a = contract("a", (message("x.y v2"),), (message("x.y"),))

    assert list(never_published((a,), Traffic.of(Landscape((a,))))) == []


def test_a_similar_name_is_suggested_with_its_publisher() -> None:
    a = contract("a", (message("payment.complete"),), (message("payment.completed"), message("payment.voided")))
    similar, none = never_published((a,), Traffic.of(Landscape((a,))))

    assert similar.help == "handle `payment.complete`, which a publishes"
    assert none.help.startswith("correct the type name, or add the contract of its publisher to `neighbours`")
    assert similar.code == none.code == "EK201"


def test_an_event_of_a_domain_of_which_nothing_is_published_misses_a_contract() -> None:
    a = contract("a", (message("payment.completed"),), (message("user.deleted"),))
    (found,) = never_published((a,), Traffic.of(Landscape((a,))))

    assert (found.code, found.severity) == ("EK205", Severity.WARNING)
    assert found.help.startswith("add the contract of its publisher to `neighbours`")


def test_nobody_asks_neighbours_who_else_they_talk_to() -> None:
    neighbour = contract("other", (message("a.a"),), (message("b.b"),))
    landscape = Landscape((), (neighbour,))

    assert list(never_published(landscape.services, Traffic.of(landscape))) == []
    assert list(never_handled(landscape.services, Traffic.of(landscape))) == []


def test_an_event_that_nobody_handles_is_found() -> None:
    a = contract("a", (message("x.y"), message("x.z")), (message("x.z"),))
    (found,) = never_handled((a,), Traffic.of(Landscape((a,))))

    assert found.message == "a publishes x.y, which nobody handles"


def test_publishers_of_one_shape_agree_however_it_is_written() -> None:
    written = {**AMOUNT, "title": "Written in another way", "properties": {"amount": {"type": ["integer"]}}}
    landscape = Landscape((contract("a", (message("x.y", AMOUNT),)), contract("b", (message("x.y", written),))))

    assert list(publishers_disagree(Traffic.of(landscape), Comparer())) == []


def test_publishers_of_different_versions_need_not_agree() -> None:
    landscape = Landscape((contract("a", (message("x.y", AMOUNT),)), contract("b", (message("x.y v2", TOTAL),))))

    assert list(publishers_disagree(Traffic.of(landscape), Comparer())) == []


def test_publishers_that_disagree_are_told_where() -> None:
    landscape = Landscape((contract("a", (message("x.y", AMOUNT),)), contract("b", (message("x.y", TOTAL),))))
    (found,) = publishers_disagree(Traffic.of(landscape), Comparer())

    assert found.message == "a and b publish x.y in different shapes"
    assert found.detail == "at /total, a publishes no `total` and b publishes `total`"
    assert found.counterexample is not MISSING


def test_publishers_of_which_one_sends_less_than_the_other_disagree() -> None:
    some, all_ = fields(a={"enum": ["x"]}), fields(a={"enum": ["x", "y"]})
    landscape = Landscape((contract("a", (message("x.y", some),)), contract("b", (message("x.y", all_),))))
    (found,) = publishers_disagree(Traffic.of(landscape), Comparer())

    assert found.message == "b and a publish x.y in different shapes"
    assert found.detail == 'at /a, b publishes "x" or "y" and a publishes "x"'
    assert found.counterexample == {"a": "y"}


def test_publishers_that_cannot_be_compared_do_not_pass() -> None:
    unknown = message("x.y", {"$ref": "https://example.com/"})
    landscape = Landscape((contract("a", (message("x.y", AMOUNT),)), contract("b", (unknown,))))
    (found,) = publishers_disagree(Traffic.of(landscape), Comparer())

    assert found.message == (
        "it is not known whether a and b publish x.y in one shape: with a as the publisher and b as the subscriber, "
        "the subscriber's schema refers to 'https://example.com/', which is not part of it"
    )


def test_a_name_with_a_parameter_is_published_by_whoever_can_mean_it() -> None:
    a = contract("a", (message("order.eu.created"), message("order.{region}.paid")))
    b = contract("b", (), (message("order.{place}.created"), message("order.{at|de}.paid"), message("order.{x}.sent")))
    traffic = Traffic.of(Landscape((a, b)))

    assert [(finding.code, finding.event.name) for finding in never_published((b,), traffic)] == [
        ("EK201", "order.{x}.sent")
    ]
    assert list(never_handled((a,), traffic)) == []


def test_a_wildcard_that_matches_nothing_is_found() -> None:
    a = contract("a", (message("order.eu.created"),))
    b = contract("b", (), (message("order.*"), message("order.#"), message("*.*.created")))
    traffic = Traffic.of(Landscape((a, b)))
    (found,) = never_published((b,), traffic)

    assert (found.code, found.severity) == ("EK207", Severity.WARNING)
    assert found.message == "b handles order.*, a wildcard that no published event matches"
    assert found.help.startswith("correct the wildcard, or add the contract")


def test_an_event_that_a_wildcard_matches_is_handled() -> None:
    a = contract("a", (message("order.created"), message("payment.completed")))
    b = contract("b", (), (message("order.>"),))
    traffic = Traffic.of(Landscape((a, b)))

    assert [finding.event.name for finding in never_handled((a,), traffic)] == ["payment.completed"]


def test_publishers_of_names_that_can_be_the_same_have_to_agree() -> None:
    pattern, literal = message("order.{region}.created", AMOUNT), message("order.eu.created", TOTAL)
    landscape = Landscape(
        (contract("a", (pattern,)), contract("b", (literal,)), contract("c", (message("order.created", TOTAL),)))
    )
    (found,) = publishers_disagree(Traffic.of(landscape), Comparer())

    assert found.message == "b and a publish order.eu.created in different shapes"


def test_publishers_of_names_with_different_parameters_have_to_agree_once() -> None:
    landscape = Landscape(
        (contract("a", (message("o.{region}", AMOUNT),)), contract("b", (message("o.{place}", TOTAL),)))
    )

    assert len(list(publishers_disagree(Traffic.of(landscape), Comparer()))) == 1
