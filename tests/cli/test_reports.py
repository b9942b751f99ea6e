"""`--format` and `--output`: where reports go, and what is said where they cannot go there."""

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tests.files import write_files

PUBLISHER = """
asyncapi: 3.0.0
info: {title: accounts, version: 1.0.0}
channels:
  users:
    address: user.deleted
    messages:
      UserDeleted:
        payload:
          type: object
          properties:
            user_id: {type: string}COMMENT
          required: [user_id]
operations:
  sendUserDeleted: {action: send, channel: {$ref: '#/channels/users'}}
"""
READER = PUBLISHER.replace("accounts", "orders").replace("string", "integer").replace("action: send", "action: receive")
BROKEN = {
    "accounts.asyncapi.yaml": PUBLISHER.replace("COMMENT", ""),
    "orders.asyncapi.yaml": READER.replace("COMMENT", ""),
}


@pytest.fixture
def broken(tmp_path, monkeypatch) -> Path:
    """A folder with two services that do not fit."""
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "CI_PROJECT_DIR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return write_files(tmp_path, BROKEN)


def test_a_file_gets_what_would_be_printed(eventkit, broken) -> None:
    printed = eventkit("verify", ".", "--format", "concise")
    run = eventkit("verify", ".", "--format", "concise", "--output", "report.txt")

    assert (run.status, run.out, run.err) == (1, "", "")
    assert (broken / "report.txt").read_text("utf-8") == printed.out
    assert printed.out.startswith("orders.asyncapi.yaml:12:13: EK102 orders rejects events that accounts can publish")


def test_further_formats_go_to_files_of_their_own(eventkit, broken) -> None:
    further = ("sarif:verify.sarif", "junit:verify.xml", "json:verify.json", "gitlab:quality.json")
    run = eventkit("verify", ".", "--format", "github", *(part for name in further for part in ("--output", name)))

    assert run.status == 1
    assert run.out.startswith("::error file=orders.asyncapi.yaml,line=12,")
    assert json.loads((broken / "verify.sarif").read_text("utf-8"))["version"] == "2.1.0"
    assert ElementTree.parse(broken / "verify.xml").getroot().tag == "testsuites"
    assert json.loads((broken / "verify.json").read_text("utf-8"))["summary"]["errors"] == 1
    assert len(json.loads((broken / "quality.json").read_text("utf-8"))) == 1


def test_a_file_has_no_colours(eventkit, broken, monkeypatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR")  # and not another environment, which rich would keep if this test imports it first
    eventkit("verify", ".", "--output", "report.txt")

    assert "\x1b" not in (broken / "report.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("outputs", "what"),
    [
        (["gone/report.json"], "the folder gone does not exist"),
        (["sarif:gone/report.json"], "the folder gone does not exist"),
        (["folder"], "--output needs the name of a file"),
        (["json:"], "--output needs the name of a file"),
        (["a.txt", "b.txt"], "--output FILE is given twice"),
        (["json:a", "sarif:a"], "--output names the same file twice"),
        (["sarfi:a.txt"], "there is no format 'sarfi'"),
    ],
)
def test_where_a_report_cannot_be_written_that_is_said_before_anything_is_checked(
    eventkit, broken, outputs, what
) -> None:
    (broken / "folder").mkdir()
    run = eventkit("verify", ".", *(part for output in outputs for part in ("--output", output)))

    assert run.status == 2
    assert run.out == ""
    assert run.err.startswith(f"error: {what}\n  where: ")
    assert not (broken / "a.txt").exists()


def test_the_schema_of_the_json_report_is_printed(eventkit, broken) -> None:
    run = eventkit("verify", "--json-schema")

    assert run.status == 0
    assert json.loads(run.out)["title"] == "Report of eventkit verify"


@pytest.mark.parametrize("format", ["text", "json"])
def test_whoever_stops_reading_is_no_error_and_the_status_stays(broken, format) -> None:
    # More than a pipe holds: what is written fails while the command still writes.
    for number in range(400):
        write_files(
            broken, {f"s{number}.asyncapi.yaml": BROKEN["orders.asyncapi.yaml"].replace("orders", f"s{number}")}
        )
    command = [sys.executable, "-c", "from eventkit.cli import main; main()", "verify", ".", "--format", format]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1) in b"{e"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize("arguments", [("verify", "."), ("diff", ".", ".")])
def test_that_nothing_was_found_stays_when_nobody_reads_it(broken, arguments) -> None:
    (broken / "orders.asyncapi.yaml").unlink()
    command = [Path(sys.executable).with_name("eventkit"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_report_to_a_closed_output_is_read_by_nobody(broken) -> None:
    command = f"{Path(sys.executable).with_name('eventkit')} verify . >&-"
    run = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, check=False)
    assert (run.returncode, run.stderr) == (1, b"")


def test_a_comment_silences_a_finding(eventkit, broken) -> None:
    comment = "  # eventkit: ignore[EK102] ids become numbers in March"
    write_files(broken, {"orders.asyncapi.yaml": READER.replace("COMMENT", comment)})
    run = eventkit("verify", ".")

    assert run.status == 0
    assert run.out.endswith(
        "incompatible\n\n2 services, 0 neighbours, 1 pair: 1 incompatible\nno findings, 1 silenced\n"
    )


@pytest.mark.parametrize(("days", "codes"), [(1, set()), (-2, {"EK102", "EK603"})])
def test_the_configuration_silences_a_finding_until_it_expires(eventkit, broken, days, codes) -> None:
    expires = date.today() + timedelta(days=days)  # noqa: DTZ011 - two days are more than any zone
    write_files(
        broken,
        {
            "eventkit.toml": f"""
                sources = ["."]

                [[ignore]]
                code = "EK102"
                subscriber = "orders"
                reason = "ids become numbers in March"
                expires = {expires}
            """
        },
    )
    run = eventkit("verify", "--format", "json")

    assert {finding["code"] for finding in json.loads(run.out)["findings"]} == codes
    assert run.status == (1 if codes else 0)


def test_an_unused_ignore_is_said_where_all_that_is_configured_is_checked(eventkit, broken) -> None:
    unused = '[[ignore]]\ncode = "EK104"\nreason = "old"\n'
    write_files(broken, {"eventkit.toml": f'sources = ["."]\n\n{unused}'})

    run = eventkit("verify", "--format", "concise")
    assert "eventkit.toml:3:1: EK601 the ignore silences nothing: no EK104 is found that this entry is about" in run.out
    assert "EK601" not in eventkit("verify", "orders.asyncapi.yaml", "--format", "concise").out


def test_of_a_document_without_line_breaks_only_what_is_around_the_place_is_shown(eventkit, broken) -> None:
    text = PUBLISHER.replace("COMMENT", "").replace("accounts", "minified")
    document = yaml.safe_load(text.replace("string", "boolean"))
    padded = {"x-before": "b" * 10_000, **document, "x-after": "a" * 10_000}
    (broken / "minified.json").write_text(json.dumps(padded), encoding="utf-8")
    run = eventkit("verify", "minified.json", "orders.asyncapi.yaml")

    lines = run.out.splitlines()
    at = next(number for number, line in enumerate(lines) if '"user_id": {"type": "boolean"}' in line)
    mark = lines[at + 1].index("-")
    assert lines[at][mark:].startswith('"user_id": {"type": "boolean"}')
    assert "| ..." in lines[at]
    assert lines[at].endswith("...")
    assert max(map(len, lines)) < 300
