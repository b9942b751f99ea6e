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
from eventkit.verify.verify import verify
from tests.schema.oracles import python_accepts, rust_accepts
from tests.verify.cases import DEFECTS, HARMLESS, Stage, marked_lines, stage_of

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


@pytest.mark.parametrize("case", DEFECTS, ids=name_of)
def test_a_defect_is_found_at_the_lines_that_are_wrong(case) -> None:
    code, stage = code_of(case), stage_of(case, "after")
    report = verify(stage.landscape)
    found = [finding for finding in report.findings if finding.code == code]

    assert len(found) == 1
    (finding,) = found
    assert {(spot.place.file, spot.place.line) for spot in finding.spots} == marked_lines(case, code)
    assert finding.help
    # It is the only one. A renamed event is also one that nobody handles, which is said to those who ask for it.
    assert {other.code for other in report.findings} - {code} <= {"EK203"}
    assert report.status == (1 if RULES[code].severity == "error" else 0)
    assert_counterexample_shows(finding, stage)


def test_the_declaration_that_help_names_mends_the_pair(tmp_path) -> None:
    mended = []
    for case in DEFECTS:
        copied = tmp_path / case.name
        shutil.copytree(case, copied)
        for finding in verify(stage_of(copied, "after").landscape).findings:
            named = DECLARE.match(finding.help)
            if named:
                place = finding.spots[0].place
                file = Path(place.file)
                lines = file.read_text("utf-8").split("\n")
                lines[place.line - 1] = " " * (place.column - 1) + named[1]
                lines.insert(2, IMPORTS)
                file.write_text("\n".join(lines), "utf-8")
                assert_nothing_is_found(stage_of(copied, "after"))
                mended.append(case.name)

    assert len(mended) > 30


def assert_nothing_is_found(stage: Stage) -> None:
    report = verify(stage.landscape)

    assert report.findings == ()
    assert {pair.verdict for pair in report.pairs} == {"compatible"}
    assert report.status == 0


def assert_counterexample_shows(finding: Finding, stage: Stage) -> None:
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
    elif finding.code in ("EK202", "EK204"):
        assert accepts(schema_of(finding, stage, finding.publisher, "publishes"), finding.counterexample) == {True}
    else:
        assert finding.counterexample is MISSING


def schema_of(finding: Finding, stage: Stage, service: str | None, role: str) -> dict | bool:
    (contract,) = (contract for contract in stage.landscape.services if contract.service == service)
    messages: tuple[Message, ...] = getattr(contract, role)
    return next(message.schema for message in messages if message.event == finding.event)


def accepts(schema: dict | bool, event: object) -> set[bool]:
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
