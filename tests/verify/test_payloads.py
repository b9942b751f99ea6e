"""Events of which it is not known what they look like: nothing is proved of them, and all else is."""

from eventkit.discovery.asyncapi import read
from eventkit.discovery.landscape import Landscape
from eventkit.verify.rules import Severity
from eventkit.verify.verify import verify
from tests.verify.landscapes import contract, message

AVRO = "its payload is described as Avro"


def test_an_unknown_payload_is_found_in_services_and_not_in_neighbours() -> None:
    published, handled = message("x.y", unread=AVRO), message("x.z v2", unread=AVRO)
    landscape = Landscape((contract("a", (published,), (handled,)),), (contract("n", (message("x.z", unread=AVRO),)),))
    found = [finding for finding in verify(landscape).findings if finding.code == "EK511"]

    assert [(finding.message, finding.publisher, finding.subscriber) for finding in found] == [
        (f"it is not known what x.y looks like, which a publishes: {AVRO}", "a", None),
        (f"it is not known what x.z v2 looks like, which a handles: {AVRO}", None, "a"),
    ]
    assert {finding.severity for finding in found} == {Severity.WARNING}


def test_a_malformed_schema_is_found_though_nobody_reads_the_event() -> None:
    document = read(
        b"""
asyncapi: 3.0.0
info: {title: shop, version: 1.0.0}
channels:
  sold:
    address: item.sold
    messages:
      Sold:
        payload:
          properties:
            lines:
              items: {properties: {price: {type: decimal}}}
            note: {type: string}
operations:
  sell: {action: send, channel: {$ref: '#/channels/sold'}}
""",
        "shop.yaml",
    )
    (finding,) = (one for one in verify(Landscape((document,))).findings if one.code != "EK203")

    assert (finding.code, finding.severity, finding.path) == ("EK512", Severity.WARNING, "/lines/*/price")
    assert finding.message.startswith(
        "the schema of item.sold, which shop publishes, is not well formed at #/properties/lines/items/properties/price"
        '/type: "decimal" is not valid'
    )
    assert [(spot.place.line, spot.label) for spot in finding.spots] == [(12, "is not well formed")]


def test_a_pair_with_an_unknown_payload_is_not_decided_and_the_others_are() -> None:
    a = contract("a", (message("x.y", unread=AVRO), message("x.z")))
    b = contract("b", (), (message("x.y"), message("x.z")))
    report = verify(Landscape((a, b)))

    assert [(pair.event.name, pair.verdict) for pair in report.pairs] == [("x.y", "unknown"), ("x.z", "compatible")]
    (finding,) = (finding for finding in report.findings if finding.code == "EK199")
    assert finding.message.endswith(f"accepts what a publishes as x.y: the publisher's schema is not known: {AVRO}")
    assert finding.help == "describe the event by a JSON Schema in both documents"
    assert (report.status, report.complete) == (1, True)


def test_a_subscriber_with_an_unknown_payload_accepts_nothing_that_is_proved() -> None:
    landscape = Landscape((contract("a", (message("x.y"),)), contract("b", (), (message("x.y", unread=AVRO),))))

    assert [pair.verdict for pair in verify(landscape).pairs] == ["unknown"]


def test_whether_publishers_agree_is_not_known_where_one_says_nothing() -> None:
    landscape = Landscape((contract("a", (message("x.y"),)), contract("b", (message("x.y", unread=AVRO),))))
    (finding,) = (finding for finding in verify(landscape).findings if finding.code == "EK202")

    assert f"in one shape: b's schema is not known: {AVRO}" in finding.message
