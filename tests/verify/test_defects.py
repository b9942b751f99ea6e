"""Seeded defects are found, with the right code, lines and counterexample; harmless changes are not."""

import json
import re
import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from eventkit.discovery.contract import Message
from eventkit.schema import MISSING
from eventkit.verify.finding import Finding, title
from eventkit.verify.rules import RULES
from eventkit.verify.verify import Past, verify
from tests.schema.oracles import python_accepts, rust_accepts
from tests.verify.cases import DEFECTS, HARMLESS, Stage, config_of, marked_lines, read_stage, report_of, stage_of

DECLARE = re.compile(r"declare `(\w+: .*?)` in \w+,")
IMPORTS = "; ".join(
    f"from {module} import *" for module in ("datetime", "decimal", "ipaddress", "typing", "uuid", "pydantic")
)


def name_of(case: Path) -> str:
    return case.name


def code_of(case: Path) -> str:
    return case.name.partition("_")[0].upper()


@pytest.mark.parametrize("case", [*DEFECTS, *HARMLESS], ids=name_of)
def test_before_the_change_nothing_is_found(case) -> None:
    assert_nothing_is_found(stage_of(case, "before"))


@pytest.mark.parametrize("case", HARMLESS, ids=name_of)
def test_after_a_harmless_change_nothing_is_found(case) -> None:
    assert_nothing_is_found(stage_of(case, "after"))


@pytest.mark.parametrize("case", [case for case in HARMLESS if case.name.startswith("evolution_")], ids=name_of)
def test_a_change_that_is_harmless_in_either_order_of_deployment_is_silent(case) -> None:
    past = Past(stage_of(case, "before").landscape, evolution=config_of(case).evolution)

    assert verify(stage_of(case, "after").landscape, past=past).findings == ()


@pytest.mark.parametrize("case", DEFECTS, ids=name_of)
def test_a_defect_is_found_at_the_lines_that_are_wrong(case) -> None:
    code, stage = code_of(case), stage_of(case, "after")
    before = stage_of(case, "before")
    report = report_of(case)
    found = [finding for finding in report.findings if finding.code == code]

    assert len(found) == 1
    (finding,) = found
    assert {(spot.place.file, spot.place.line) for spot in finding.spots} == marked_lines(case, code)
    assert finding.help
    # It is the only one. A renamed event is also one that nobody handles, which is said to those who ask for it.
    assert {other.code for other in report.findings} - {code} <= {"EK203"}
    assert report.status == (1 if RULES[code].severity == "error" else 0)
    assert_counterexample_shows(finding, stage, before)


def test_the_declaration_that_help_names_mends_the_pair(tmp_path) -> None:
    mended = []
    for case in DEFECTS:
        copied = tmp_path / case.name
        shutil.copytree(case, copied)
        for finding in verify(read_stage(copied, "after").landscape).findings:
            named = DECLARE.match(finding.help)
            if named:
                place = finding.spots[0].place
                file = Path(place.file)
                lines = file.read_text("utf-8").split("\n")
                lines[place.line - 1] = " " * (place.column - 1) + named[1]
                lines.insert(2, IMPORTS)
                file.write_text("\n".join(lines), "utf-8")
                assert_nothing_is_found(read_stage(copied, "after"))
                mended.append(case.name)

    assert len(mended) > 30


def assert_nothing_is_found(stage: Stage) -> None:
    report = verify(stage.landscape)

    assert report.findings == ()
    assert {pair.verdict for pair in report.pairs} == {"compatible"}
    assert report.status == 0


def assert_counterexample_shows(finding: Finding, stage: Stage, before: Stage) -> None:
    """Ask other validators, and where the subscriber is code, give the counterexample to it."""
    if finding.code.startswith("EK1") and finding.code != "EK199":
        assert accepts(schema_of(finding, stage, finding.publisher, "publishes"), finding.counterexample) == {True}
        assert False in accepts(schema_of(finding, stage, finding.subscriber, "handles"), finding.counterexample)
        for service in stage.services:
            if service.name == finding.subscriber:
                reader = next(reader for event, reader in service.readers().items() if event == finding.event)
                with pytest.raises(ValidationError) as error:
                    reader.read(json.dumps(finding.counterexample).encode())
                field = (finding.path or "").split("/")[1]
                # "*" stands for fields that nobody declares.
                assert field == "*" or field in {str(each["loc"][0]) for each in error.value.errors()}
    elif finding.code in ("EK301", "EK302"):
        sender, reader = (stage, before) if finding.code == "EK301" else (before, stage)
        assert accepts(schema_of(finding, sender, finding.publisher, "publishes"), finding.counterexample) == {True}
        read = schema_of(finding, reader, finding.subscriber, "handles")
        assert read is None or False in accepts(read, finding.counterexample)
    elif finding.code == "EK304":
        schemas = [schema_of(finding, one, finding.publisher, "publishes") for one in (before, stage)]
        assert {frozenset(accepts(schema, finding.counterexample)) for schema in schemas} == {
            frozenset({True}),
            frozenset({False}),
        }
    elif finding.code in ("EK202", "EK209") and finding.subscriber is None:
        assert accepts(schema_of(finding, stage, finding.publisher, "publishes"), finding.counterexample) == {True}
    elif finding.code == "EK204":
        retained = (message for contract in stage.landscape.retained for message in contract.publishes)
        sent = schema_of(finding, stage, finding.publisher, "publishes") or next(retained).schema
        assert accepts(sent, finding.counterexample) == {True}
    else:
        assert finding.counterexample is MISSING


def schema_of(finding: Finding, stage: Stage, service: str | None, role: str) -> dict | bool | None:
    """Return the schema of the finding's event; None where the service has it in other versions only."""
    (contract,) = (contract for contract in stage.landscape.services if contract.service == service)
    messages: tuple[Message, ...] = getattr(contract, role)
    return next((message.schema for message in messages if message.event == finding.event), None)


def accepts(schema: dict | bool | None, event: object) -> set[bool]:
    """Return what two other validators say."""
    dialect = "draft-07" if isinstance(schema, dict) and "draft-07" in schema.get("$schema", "") else "2020-12"
    return {judge(schema, event, dialect, formats=True) for judge in (python_accepts, rust_accepts)}


def test_there_are_at_least_sixty_of_both() -> None:
    assert len(DEFECTS) >= 60
    assert len(HARMLESS) >= 60


def test_titles_leave_out_version_1() -> None:
    case = next(case for case in DEFECTS if case.name == "ek204_version_not_read")
    report = verify(stage_of(case, "after").landscape)

    assert [title(pair.event) for pair in report.pairs] == ["payment.completed", "payment.completed v2"]
