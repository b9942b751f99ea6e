"""The report for programs."""

import json

import pytest
from jsonschema import Draft202012Validator

from eventkit.discovery.landscape import Landscape
from eventkit.verify.finding import Report
from eventkit.verify.reporters import Format
from eventkit.verify.reporters.json_report import json_schema
from eventkit.verify.verify import verify
from tests.verify.landscapes import contract, message
from tests.verify.reporters.reports import DEFECT_REPORTS, full_report, odd_report, report_of, written

SCHEMA = json.loads(json_schema())


def json_of(report: Report) -> dict:
    return json.loads(written(report, Format.JSON))


def test_the_published_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("defect", DEFECT_REPORTS)
def test_a_report_has_exactly_the_keys_that_were_promised(defect) -> None:
    document = json_of(report_of(defect))

    Draft202012Validator(SCHEMA).validate(document)
    assert list(document) == ["version", "summary", "pairs", "findings", "silenced"]
    for pair in document["pairs"]:
        assert list(pair) == ["event", "publisher", "subscriber", "verdict", "counterexample", "has_counterexample"]
    for finding in document["findings"]:
        assert list(finding) == [
            "code", "severity", "message", "event", "publisher", "subscriber", "path", "locations",
            "counterexample", "has_counterexample", "help", "pairs",
        ]  # fmt: skip
        assert all(list(location) == ["file", "line"] for location in finding["locations"])


def test_an_event_that_is_null_is_told_from_none() -> None:
    a = contract("a", (message("x.null", {"type": "null"}), message("x.text", {"type": "string"})))
    b = contract("b", (), (message("x.null", {"type": "string"}), message("x.text", {"type": "string"})))
    document = json_of(verify(Landscape((a, b))))

    pairs = [(pair["counterexample"], pair["has_counterexample"]) for pair in document["pairs"]]
    assert pairs == [(None, True), (None, False)]
    assert [finding["has_counterexample"] for finding in document["findings"]] == [True]


def test_the_schema_describes_every_key_that_is_written() -> None:
    document = json_of(full_report())
    Draft202012Validator(SCHEMA).validate(document)
    Draft202012Validator(SCHEMA).validate(json_of(odd_report()))

    properties, finding = SCHEMA["properties"], SCHEMA["$defs"]["finding"]["properties"]
    silenced = properties["silenced"]["items"]["properties"]
    assert set(document) == set(properties)
    assert set(document["summary"]) == set(properties["summary"]["properties"])
    assert set(document["pairs"][0]) == set(properties["pairs"]["items"]["properties"])
    assert set(document["findings"][0]) == set(finding)
    assert set(document["silenced"][0]) == set(finding) | set(silenced)


def test_a_report_that_breaks_the_schema_is_refused_by_it() -> None:
    document = json_of(full_report())
    document["findings"][0]["severity"] = "fatal"

    assert not Draft202012Validator(SCHEMA).is_valid(document)


def test_a_defect_as_json(snapshot) -> None:
    assert json_of(report_of("ek102_item_of_a_list")) == snapshot


def test_a_group_names_all_pairs_and_places() -> None:
    (finding,) = [finding for finding in json_of(full_report())["findings"] if finding["code"] == "EK102"]

    assert [pair["subscriber"] for pair in finding["pairs"]] == [f"reader{n}" for n in range(7)]
    assert [location["file"] for location in finding["locations"]] == [
        "reader0.py", "the sender.py", *(f"reader{n}.py" for n in range(1, 7)),
    ]  # fmt: skip


def test_what_is_silenced_stands_apart_with_the_reason() -> None:
    document = json_of(full_report())

    assert [(found["event"], found["reason"], found["silenced_at"]) for found in document["silenced"]] == [
        ("x.paid", "it is old", {"file": "reader7.py", "line": 5}),
        ("x.quiet", "it is\nold | tired", {"file": "pyproject.toml", "line": 9}),
    ]
    assert document["summary"]["silenced"] == 2


def test_what_there_is_not_is_null() -> None:
    (finding,) = json_of(report_of("ek203_handler_removed"))["findings"]

    assert (finding["subscriber"], finding["path"], finding["counterexample"]) == (None, None, None)


def test_a_later_version_is_part_of_the_events_name() -> None:
    events = {pair["event"] for pair in json_of(report_of("ek204_version_not_read"))["pairs"]}

    assert events == {"payment.completed", "payment.completed v2"}
