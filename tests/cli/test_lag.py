"""`eventkit lag`."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from eventkit.bus.protocol import Lag
from eventkit.cli.lag import age, unhandled
from tests.cli.operated import envelope


@pytest.fixture
def busy(operated):
    """A bus with two services: one has two dead letters and three events to handle, the other has not begun."""
    operated.join("payment_service")
    operated.publish(*(envelope(name) for name in "abcde"))
    operated.give_up("payment_service", 2)
    operated.join("audit_service", "order.created", "invoice.sent")
    operated.write("UPDATE events SET at = ?", time.time() - 3 * 3600 - 10)
    return operated


def test_what_is_not_handled_is_shown_for_each_service_and_stream(eventkit, busy, snapshot) -> None:
    run = eventkit("lag", busy.url)

    assert (run.status, run.err) == (0, "")
    assert run.out == snapshot


def test_json_says_the_same(eventkit, busy) -> None:
    found = json.loads(eventkit("lag", busy.url, "--format", "json").out)

    assert [
        (each["group"], each["domain"], each["waiting"], each["out"], each["retrying"], each["dead"]) for each in found
    ] == [
        ("audit_service", "invoice", 0, 0, 0, 0),
        ("audit_service", "order", 5, 0, 0, 0),
        ("payment_service", "order", 3, 0, 0, 2),
    ]
    assert found[0]["oldest"] is None
    assert found[1]["oldest"].endswith("+00:00")


@pytest.mark.parametrize(("most", "status"), [(5, 0), (4, 1), (0, 1)])
def test_a_stream_with_more_than_allowed_is_told_by_the_exit_status(eventkit, busy, most, status) -> None:
    assert eventkit("lag", busy.url, "--max", most).status == status


def test_a_bus_without_services_is_empty(eventkit, operated) -> None:
    operated.publish(envelope("a"))

    assert eventkit("lag", operated.url).out == "no service handles events of this bus\n"


def test_a_bus_that_is_not_there_is_not_made(eventkit, operated) -> None:
    run = eventkit("lag", operated.url)

    assert (run.status, run.out) == (2, "")
    assert run.err == (
        f"error: the file does not exist\n  where: {operated.file}\n  mend: name the file that the services use\n"
    )
    assert not operated.file.exists()


@pytest.mark.parametrize("setting", ["create=false", "create=true", "lease=5&create=false", "create=true&lease=5"])
def test_the_url_may_say_whether_the_services_make_the_file(eventkit, operated, setting) -> None:
    missing = eventkit("lag", f"{operated.url}?{setting}")
    assert missing.err.startswith("error: the file does not exist\n")
    assert not operated.file.exists()

    operated.join("payment_service")
    assert "payment_service" in eventkit("lag", f"{operated.url}?{setting}").out


@pytest.mark.parametrize("command", [["lag"], ["dlq", "list"], ["tail", "--since", "1d", "--count", "1"]])
def test_looking_removes_nothing(eventkit, operated, command) -> None:
    operated.publish(envelope("a"))  # which no service needs
    eventkit(*command, f"{operated.url}?retention=0")

    with closing(sqlite3.connect(operated.file)) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (1,)


def test_watching_looks_again_until_ctrl_c_and_ends_with_the_last_status(busy) -> None:
    command = [Path(sys.executable).with_name("eventkit"), "lag", busy.url, "--watch", "--format", "json", "--max", "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert json.loads(process.stdout.readline())[1]["waiting"] == 5
            busy.publish(envelope("f"))
            while json.loads(process.stdout.readline())[1]["waiting"] != 6:
                pass
            process.send_signal(signal.SIGINT)
            assert process.wait() == 1
            assert process.stderr.read() == ""
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-1, "0 s"), (0, "0 s"), (59, "59 s"), (61, "1 m 1 s"), (3600, "1 h"), (3 * 86_400 + 4 * 3600 + 5, "3 d 4 h")],
)
def test_ages_have_two_units_at_the_most(seconds, shown) -> None:
    assert age(timedelta(seconds=seconds)) == shown


def test_what_a_broker_does_not_tell_is_not_counted() -> None:
    assert unhandled(Lag("payment_service", "order", 3, None, None, 7, None)) == 3
    assert unhandled(Lag("payment_service", "order", 3, 2, 1, 7, None)) == 6
