"""What the commands share that look after a bus."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from eventkit.cli.operators import printable, table


@pytest.mark.parametrize("command", [["lag"], ["tail"], ["dlq", "list"], ["dlq", "show"], ["publish", "a.b", "{}"]])
def test_a_bus_must_be_named(eventkit, operated, command) -> None:
    run = eventkit(*command)

    assert run.status == 2
    assert run.err.startswith("error: no bus is named\n")
    assert "  mend: give its URL first, as sqlite:///events.db, or set EVENTKIT_BUS_URL\n" in run.err


def test_the_environment_may_name_it(eventkit, operated, monkeypatch) -> None:
    operated.join("payment_service")
    monkeypatch.setenv("EVENTKIT_BUS_URL", operated.url)

    assert "payment_service" in eventkit("lag").out
    assert eventkit("dlq", "show", "1").err == "there is no dead letter 1\n"


def test_what_is_given_counts_more_than_the_environment(eventkit, operated, monkeypatch) -> None:
    operated.join("payment_service")
    monkeypatch.setenv("EVENTKIT_BUS_URL", "sqlite:///other.db")

    assert "payment_service" in eventkit("lag", operated.url).out


@pytest.mark.parametrize(
    "command", [["lag"], ["tail"], ["dlq", "list"], ["dlq", "drop", "1"], ["publish", "a.b", "{}"]]
)
def test_errors_show_no_password(eventkit, operated, monkeypatch, command) -> None:
    monkeypatch.setenv("EVENTKIT_BUS_URL", "nowhere://anna:sesame@localhost/?token=sesame")
    run = eventkit(*command, *(["--no-validate"] if command[0] == "publish" else []))

    assert run.status == 2
    assert "no bus is called nowhere://" in run.err
    assert "sesame" not in run.err


@pytest.mark.parametrize("scheme", ["nats", "redis", "amqp", "kafka"])
def test_a_broker_that_is_not_there_is_one_error_and_no_lines_of_its_client(tmp_path, scheme) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"{scheme}://127.0.0.1:{taken.getsockname()[1]}"
        command = [Path(sys.executable).with_name("eventkit"), "lag", url]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert run.returncode == 2
    assert [line.split()[0] for line in run.stderr.splitlines()] == ["error:", "where:", "mend:"]


def test_a_terminal_obeys_nothing_that_comes_from_elsewhere() -> None:
    assert printable("a\x1b[2J\nb\x9b\u202ec é") == "a\\u001b[2J\\u000ab\\u009b\\u202ec é"


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(("A", "N", "ERROR"), [("long", "1", ""), ("b", "1,000", "x")], right=[1]) == (
        "A         N  ERROR\nlong      1\nb     1,000  x\n"
    )
