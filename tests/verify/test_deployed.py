"""May a service be deployed amid what is deployed?"""

import pytest

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.landscape import Landscape
from eventkit.verify.comparer import Comparer
from eventkit.verify.deployed import amid_deployed, with_order
from eventkit.verify.verify import Past, verify
from tests.verify.landscapes import contract, fields, message

TEXT, NUMBER = fields(a={"type": "string"}), fields(a={"type": "integer"})
READER = contract("reader", (), (message("x.y", TEXT),))
SENDER = contract("sender", (message("x.y", TEXT),))
BROKEN = (contract("p", (message("z.z", TEXT),)), contract("q", (), (message("z.z", NUMBER),)))


def report_of(landscape: Landscape, snapshot: Landscape, service: str | None):
    return verify(amid_deployed(landscape, snapshot, service), past=Past(snapshot), service=service)


def test_others_are_as_deployed_whatever_the_sources_say_of_them() -> None:
    landscape = Landscape(
        (contract("sender", (message("x.y", NUMBER),)), contract("reader", (), (message("x.y", NUMBER),)))
    )
    report = report_of(landscape, Landscape((READER, SENDER)), "sender")

    assert [(pair.publisher, pair.subscriber, pair.verdict) for pair in report.pairs] == [
        ("sender", "reader", "incompatible")
    ]
    assert (report.status, report.service) == (1, "sender")


def test_pairs_of_others_are_not_asked_about() -> None:
    report = report_of(Landscape((SENDER,)), Landscape((*BROKEN, READER)), "sender")

    assert [(pair.publisher, pair.subscriber) for pair in report.pairs] == [("sender", "reader")]
    assert (report.status, report.findings) == (0, ())


def test_a_service_that_no_longer_publishes_what_is_handled_may_not_be_deployed() -> None:
    report = report_of(Landscape((contract("sender"),)), Landscape((READER, SENDER)), "sender")

    assert [finding.code for finding in report.findings] == ["EK303"]


def test_a_service_has_to_read_its_own_old_events() -> None:
    def own(schema):
        return contract("own", (message("x.y", schema),), (message("x.y", schema),))

    report = report_of(Landscape((own(NUMBER),)), Landscape((own(TEXT),)), "own")

    assert {finding.code for finding in report.findings} >= {"EK301", "EK302"}


def test_neighbours_take_part_where_the_snapshot_does_not_know_them() -> None:
    landscape = Landscape((SENDER,), (READER, contract("other")))
    amid = amid_deployed(landscape, Landscape((contract("other", (), (message("a.a"),)),)), None)

    assert [(each.service, len(each.handles)) for each in amid.neighbours] == [("other", 1), ("reader", 1)]


@pytest.mark.parametrize(
    ("landscape", "service", "what", "mend"),
    [
        (Landscape((SENDER, READER)), "sendr", "no source holds a service 'sendr'", "did you mean 'sender'"),
        (Landscape((SENDER, READER)), None, "it is not said which service", "one of: sender, reader"),
        (Landscape((SENDER,), (READER,)), "reader", "reader is a neighbour", "--service"),
        (Landscape(), "sender", "no source holds", "they hold no service"),
    ],
)
def test_a_service_that_is_not_there_is_an_error_that_names_those_that_are(landscape, service, what, mend) -> None:
    with pytest.raises(ConfigurationError) as error:
        amid_deployed(landscape, Landscape(), service)

    assert what in error.value.what
    assert mend in error.value.mend


EITHER = fields(a={"type": ["string", "integer"]})


@pytest.mark.parametrize(
    ("reader", "first"),
    [
        ((message("x.y", EITHER),), True),
        ((message("x.y", NUMBER),), False),  # which may not be deployed first itself
        ((message("x.y", TEXT),), False),
    ],
)
def test_another_service_is_to_be_deployed_first_where_that_helps(reader, first) -> None:
    sources = Landscape((contract("sender", (message("x.y", NUMBER),)), contract("reader", (), reader)))
    snapshot = Landscape((READER, SENDER))
    (finding,) = with_order(report_of(sources, snapshot, "sender"), sources, snapshot, Comparer()).findings

    assert finding.help.startswith("deploy reader first, which fits in the sources, or let ") is first


@pytest.mark.parametrize("keeps_the_old_one", [True, False])
def test_a_reader_of_a_new_version_goes_first_if_it_reads_the_old_one_too(keeps_the_old_one) -> None:
    new = message("x.y v2", NUMBER)
    sources = Landscape(
        (
            contract("sender", (new,)),
            contract("reader", (), (message("x.y", TEXT), new) if keeps_the_old_one else (new,)),
        )
    )
    snapshot = Landscape((READER, SENDER))
    report = with_order(report_of(sources, snapshot, "sender"), sources, snapshot, Comparer())

    assert [one.help.startswith("deploy reader first") for one in report.findings] == [keeps_the_old_one]


def test_a_handler_that_is_gone_from_the_sources_is_to_be_deployed_and_not_removed() -> None:
    handlers = [contract(name, (), (message("x.y", TEXT),)) for name in ("first", "second", "third")]
    sources = Landscape((contract("sender"), handlers[0], contract("second"), contract("third")))
    snapshot = Landscape((SENDER, *handlers))
    report = with_order(report_of(sources, snapshot, "sender"), sources, snapshot, Comparer())

    assert [(finding.code, finding.advice) for finding in report.findings] == [
        ("EK303", "let sender publish it again, or remove the handler from first"),
        ("EK303", "deploy second first, which no longer handles it in the sources (likewise for third)"),
    ]
    assert report.counts.total() == 2
