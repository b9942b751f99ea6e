"""The report for programs."""

import io
import json

from eventkit.verify.reporters.json_report import write_json
from eventkit.verify.verify import verify
from tests.verify.cases import DEFECTS, stage_of

CASES = {case.name: case for case in DEFECTS}


def json_of(case: str) -> dict:
    stream = io.StringIO()
    write_json(verify(stage_of(CASES[case], "after").landscape), stream)
    return json.loads(stream.getvalue())


def test_a_report_has_exactly_the_keys_that_were_promised() -> None:
    for case in CASES:
        document = json_of(case)

        assert list(document) == ["summary", "pairs", "findings"]
        for pair in document["pairs"]:
            assert list(pair) == ["event", "publisher", "subscriber", "verdict", "counterexample"]
        for finding in document["findings"]:
            assert list(finding) == [
                "code", "severity", "message", "event", "publisher", "subscriber", "path", "locations",
                "counterexample", "help",
            ]  # fmt: skip
            assert all(list(location) == ["file", "line"] for location in finding["locations"])


def test_a_defect_as_json(snapshot) -> None:
    assert json_of("ek102_item_of_a_list") == snapshot


def test_what_there_is_not_is_null() -> None:
    (finding,) = json_of("ek203_handler_removed")["findings"]

    assert (finding["subscriber"], finding["path"], finding["counterexample"]) == (None, None, None)


def test_a_later_version_is_part_of_the_events_name() -> None:
    events = {pair["event"] for pair in json_of("ek204_version_not_read")["pairs"]}

    assert events == {"payment.completed", "payment.completed v2"}
