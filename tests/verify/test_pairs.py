"""Who is compared with whom; what the comparisons find is specified by the defects."""

import pytest

from eventkit.discovery.landscape import Landscape
from eventkit.schema import MISSING, compare
from eventkit.verify.comparer import Comparer
from eventkit.verify.pairs import check_pairs
from eventkit.verify.traffic import Traffic
from tests.verify.landscapes import contract, fields, message


def pairs_of(*contracts, neighbours=()):
    pairs, findings = check_pairs(Traffic.of(Landscape(contracts, neighbours)), Comparer())
    return [(str(pair.event), pair.publisher, pair.subscriber, pair.verdict) for pair in pairs], findings


def test_every_publisher_is_compared_with_every_subscriber_in_a_stable_order() -> None:
    pairs, findings = pairs_of(
        contract("z", (message("b.b"), message("a.a"))),
        contract("y", (message("a.a"),), (message("a.a"), message("b.b"))),
        contract("x", (), (message("a.a"),)),
    )

    assert pairs == [
        ("a.a v1", "y", "x", "compatible"),
        ("a.a v1", "y", "y", "compatible"),
        ("a.a v1", "z", "x", "compatible"),
        ("a.a v1", "z", "y", "compatible"),
        ("b.b v1", "z", "y", "compatible"),
    ]
    assert findings == []


def test_neighbours_are_compared_as_well() -> None:
    pairs, _ = pairs_of(
        contract("own", (message("a.a"),)), neighbours=(contract("other", (message("b.b"),), (message("a.a"),)),)
    )

    assert pairs == [("a.a v1", "own", "other", "compatible")]


def test_what_the_publisher_is_known_to_leave_out_is_no_problem() -> None:
    reader = {"type": "object", "properties": {"extra": {"type": "integer"}}}

    for closed, verdict in ((True, "compatible"), (False, "incompatible")):
        published = message("a.a", fields(id={"type": "string"}), closed=closed)
        assert pairs_of(contract("p", (published,)), contract("s", (), (message("a.a", reader),)))[0] == [
            ("a.a v1", "p", "s", verdict)
        ]


def test_each_version_is_compared_with_the_reader_of_that_version() -> None:
    one, two = fields(a={"type": "string"}), fields(b={"type": "string"})
    versions = (message("a.a", one), message("a.a v2", two))

    assert pairs_of(contract("p", versions), contract("s", (), versions))[0] == [
        ("a.a v1", "p", "s", "compatible"),
        ("a.a v2", "p", "s", "compatible"),
    ]


def test_a_version_that_is_published_and_not_read_breaks_the_pair() -> None:
    publisher = contract("p", (message("a.a v3", fields(b={"type": "string"})),))
    pairs, (finding,) = pairs_of(publisher, contract("s", (), (message("a.a"), message("a.a v2"))))

    assert pairs == [("a.a v3", "p", "s", "incompatible")]
    assert finding.code == "EK204"
    assert finding.message == "s does not read version 3 of a.a, which p publishes"
    assert [spot.label for spot in finding.spots] == ["reads version 1 and 2 only", "publishes version 3"]
    assert finding.counterexample.keys() == {"b"}


def test_an_older_version_that_is_only_read_is_no_finding() -> None:
    assert pairs_of(contract("p", (message("a.a v2"),)), contract("s", (), (message("a.a"), message("a.a v2")))) == (
        [("a.a v2", "p", "s", "compatible")],
        [],
    )


def test_a_pair_that_cannot_be_decided_is_a_finding_with_the_reason() -> None:
    pairs, (finding,) = pairs_of(
        contract("p", (message("a.a", {"$ref": "https://example.com/"}),)), contract("s", (), (message("a.a"),))
    )

    assert pairs == [("a.a v1", "p", "s", "unknown")]
    assert finding.code == "EK199"
    assert "https://example.com/" in finding.message
    assert finding.counterexample is MISSING


def test_the_help_names_the_version_after_the_newest_one() -> None:
    string, integer = fields(a={"type": "string"}), fields(a={"type": "integer"})
    publisher = contract("p", (message("a.a", string), message("a.a v2", string)))
    _, (finding,) = pairs_of(publisher, contract("s", (), (message("a.a", integer), message("a.a v2", string))))

    assert finding.help == "let s read a string, or publish a version 3 of a.a"


def test_every_problem_of_a_pair_is_a_finding_with_an_event_that_shows_it() -> None:
    integer = {"type": "integer"}
    sent = fields(a={"type": ["string", "integer"]}, b={"type": ["null", "integer"]}, d=integer)
    read = {**fields(a=integer, b=integer, c=integer), "additionalProperties": False}
    _, findings = pairs_of(
        contract("p", (message("a.a", sent, closed=True),)), contract("s", (), (message("a.a", read),))
    )
    events = {(finding.code, finding.path): finding.counterexample for finding in findings}

    assert set(events) == {("EK101", "/c"), ("EK102", "/a"), ("EK103", "/b"), ("EK109", "/d")}
    assert isinstance(events["EK102", "/a"]["a"], str)
    assert events["EK103", "/b"]["b"] is None
    assert all(compare({"const": event}, sent).verdict == "compatible" for event in events.values())
    assert all(compare({"const": event}, read).verdict == "incompatible" for event in events.values())


@pytest.mark.parametrize("keyword", ["properties", "$ref"])
def test_each_problem_in_one_nested_model_shows_an_event_of_its_own(keyword) -> None:
    card = {**fields(kind={"const": "card"}, number={"type": "integer"}, owner={"type": "string"})}
    cash = {**fields(kind={"const": "cash"}, coins={"type": "integer", "minimum": 5})}
    read = fields(paid={"oneOf": [card, cash]})
    if keyword == "$ref":
        read = {"$ref": "#/$defs/Paid", "$defs": {"Paid": read}}
    sent_card = fields(kind={"const": "card"}, number={"type": "string"})
    sent_cash = fields(kind={"const": "cash"}, coins={"type": "integer"})
    sent = fields(paid={"oneOf": [sent_card, sent_cash]})
    landscape = Landscape(
        (contract("p", (message("a.a", sent, closed=True),)), contract("s", (), (message("a.a", read),)))
    )
    _, findings = check_pairs(Traffic.of(landscape), Comparer())
    events = {(finding.code, finding.path): finding.counterexample["paid"] for finding in findings}

    assert set(events) == {("EK102", "/paid/number"), ("EK101", "/paid/owner"), ("EK104", "/paid/coins")}
    assert events["EK102", "/paid/number"]["kind"] == "card"
    assert events["EK101", "/paid/owner"]["kind"] == "card"
    assert events["EK104", "/paid/coins"]["kind"] == "cash"
    assert all(compare({"const": finding.counterexample}, read).verdict == "incompatible" for finding in findings)


def test_where_no_problem_can_be_shown_alone_the_event_of_the_pair_is_shown() -> None:
    read = {"not": {"anyOf": [fields(a={"type": "string"}), fields(b={"type": "string"})]}}
    sent = fields(a={"type": "string"}, b={"type": "string"})
    landscape = Landscape((contract("p", (message("a.a", sent),)), contract("s", (), (message("a.a", read),))))
    (pair,), findings = check_pairs(Traffic.of(landscape), Comparer())

    assert [finding.counterexample for finding in findings] == [pair.counterexample] * len(findings)


def test_names_with_parameters_and_wildcards_are_paired_with_every_name_that_they_can_be() -> None:
    a = contract("a", (message("o.eu.created"), message("o.{region}.paid")))
    b = contract("b", (), (message("o.{place}.created"), message("o.eu.paid"), message("o.us.paid"), message("p.*")))
    c = contract("c", (), (message("o.#"),))
    pairs, findings = check_pairs(Traffic.of(Landscape((a, b, c))), Comparer())

    # Named as the one side names it that leaves nothing open.
    assert [(pair.event.name, pair.publisher, pair.subscriber) for pair in pairs] == [
        ("o.eu.created", "a", "b"),
        ("o.eu.created", "a", "c"),
        ("o.eu.paid", "a", "b"),
        ("o.us.paid", "a", "b"),
        ("o.{region}.paid", "a", "c"),
    ]
    assert findings == []


def test_a_service_that_handles_an_event_under_two_names_has_to_accept_it_under_both() -> None:
    strict = message("order.*", fields(amount={"type": "integer"}))
    a, b = contract("a", (message("order.created"),)), contract("b", (), (message("order.created"), strict))
    pairs, findings = check_pairs(Traffic.of(Landscape((a, b))), Comparer())

    # One pair, as it is one event from one service to another.
    assert [(pair.event.name, pair.verdict) for pair in pairs] == [("order.created", "incompatible")]
    assert {finding.code for finding in findings} == {"EK101"}


@pytest.mark.parametrize(
    ("read", "code"),
    [(fields(a={"type": "integer"}), "EK102"), ({"$ref": "#/$defs/A", "$defs": {"A": {"type": 3}}}, "EK199")],
)
def test_a_finding_names_the_event_as_its_pair_does(read: dict[str, object], code: str) -> None:
    sent = fields(a={"type": "string"})
    a = contract("a", (message("o.{region}.created", sent), message("o.{region}.paid v2")))
    b = contract("b", (), (message("o.eu.created", read), message("o.eu.paid")))
    pairs, findings = check_pairs(Traffic.of(Landscape((a, b))), Comparer())

    assert [str(pair.event) for pair in pairs] == ["o.eu.created v1", "o.eu.paid v2"]
    assert [(finding.code, finding.event) for finding in findings] == [
        (code, pairs[0].event),
        ("EK204", pairs[1].event),
    ]
    # What is to be published anew is what is published.
    assert code != "EK102" or findings[0].help.endswith("publish a version 2 of o.{region}.created")


def test_a_version_is_looked_for_under_each_name() -> None:
    a, b = contract("a", (message("o.{x}.y v2"),)), contract("b", (), (message("o.eu.y"),))
    (pair,), (finding,) = check_pairs(Traffic.of(Landscape((a, b))), Comparer())

    assert (str(pair.event), pair.verdict, finding.code) == ("o.eu.y v2", "incompatible", "EK204")


@pytest.mark.parametrize(
    ("read", "help"),
    [
        ({"a": {"type": "strin"}}, "correct the schema"),
        ({"a": {"pattern": "(?<=c)d"}}, "say the same in simpler words in one of the two models"),
    ],
)
def test_the_help_for_what_is_undecided_is_to_correct_it_or_to_say_it_more_simply(read, help) -> None:
    publisher, subscriber = message("a.a", fields(a={"type": "string"})), message("a.a", fields(**read))
    _, (finding,) = pairs_of(contract("p", (publisher,)), contract("s", (), (subscriber,)))

    assert (finding.code, finding.help) == ("EK199", help)
