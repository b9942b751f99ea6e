"""`eventkit tail`."""

import asyncio
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eventkit import connect
from tests.cli.documented import document_of
from tests.cli.operated import envelope
from tests.files import write_files

SHOP = """
from decimal import Decimal
from eventkit import Event, Service

service = Service("shop")

class OrderCreated(Event, type="order.created", key="order_id"):
    order_id: str
    total: Decimal

@service.publisher
async def publish_order_created(order_id: str) -> OrderCreated: ...
"""
MAILER = """
from typing import Annotated
from pydantic import Field
from eventkit import Event, Service

service = Service("mailer")

class OrderToConfirm(Event, type="order.created"):
    order_id: Annotated[str, Field(max_length=5)]

@service.handler
async def handle_order_created(event: OrderToConfirm) -> None: ...
"""


@pytest.fixture
def told(operated):
    """A bus on which five events were published, one of them no event, an hour ago, and one just now."""
    operated.publish(
        envelope("a", key="o-1"),
        envelope("b", data={"order_id": "o-2", "total": 12.5}),
        envelope("c", "invoice.item.added", key="o-1", data={"text": "\x9b2J é"}),
        envelope("d", data={"order_id": "o-1000", "total": "1.50"}, dataschema="urn:eventkit:order.created:v1"),
    )
    operated.write("INSERT INTO events (at, type, headers, body) VALUES (0, 'order.created', '{}', x'7bff')")
    operated.write("UPDATE events SET at = unixepoch() - 3600")
    operated.publish(envelope("e", dataschema="urn:eventkit:order.created:v2"))
    return operated


@pytest.fixture
def project(told):
    """The same, beside a project with the documents of a publisher and a reader."""
    write_files(
        told.file.parent,
        {
            "services/shop.yaml": document_of(SHOP),
            "services/mailer.yaml": document_of(MAILER),
            "eventkit.toml": "sources=['services']",
        },
    )
    return told


@pytest.fixture
def coded_project(told):
    """The same, beside a project with the code of both."""
    write_files(
        told.file.parent,
        {
            "services/shop/__init__.py": SHOP,
            "services/mailer/__init__.py": MAILER,
            "eventkit.toml": "sources=['services']",
        },
    )
    return told


def test_events_are_shown_one_a_line(eventkit, told, snapshot) -> None:
    run = eventkit("tail", told.url, "--since", "2h", "--count", "6")

    assert (run.status, run.err) == (0, "")
    assert run.out == snapshot


def test_what_contracts_object_to_is_marked(eventkit, coded_project, snapshot) -> None:
    run = eventkit("tail", coded_project.url, "--since", "2h", "--count", "6")

    assert (run.status, run.err) == (0, "")
    assert run.out == snapshot


def test_json_is_an_object_a_line(eventkit, project, snapshot) -> None:
    lines = eventkit("tail", project.url, "--since", "2h", "--count", "6", "--format", "json").out.splitlines()

    assert [json.loads(line) for line in lines] == snapshot


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--type", "invoice.item.added", "--count", "1"], ["c"]),
        (["--type", "order.*", "--count", "4"], ["a", "b", "d", None]),
        (["--type", "invoice.>", "--type", "order.created", "--count", "3"], ["a", "b", "c"]),
        (["--key", "o-1", "--count", "2"], ["a", "c"]),
        (["--source", "shop", "--count", "1"], ["a"]),
    ],
)
def test_events_are_chosen_by_type_key_and_source(eventkit, told, options, ids) -> None:
    lines = eventkit("tail", told.url, "--since", "2h", "--format", "json", *options).out.splitlines()

    assert [json.loads(line).get("id") for line in lines] == ids


def test_a_time_from_which_on_may_be_given(eventkit, told) -> None:
    since = (datetime.now(UTC) - timedelta(minutes=30)).isoformat()

    assert json.loads(eventkit("tail", told.url, "--since", since, "--count", "1", "--format", "json").out)["id"] == "e"


@pytest.mark.parametrize("since", ["10", "m", "10 m", "10y", "yesterday", "999999999d"])
def test_a_time_that_is_none_is_told(eventkit, told, since) -> None:
    run = eventkit("tail", told.url, "--since", since)

    assert run.status == 2
    assert run.err == (
        f"error: --since {since!r} is no time\n  mend: write 30s, 10m, 2h, 1d, or 2026-01-31T12:00:00+01:00\n"
    )


def test_a_bus_that_keeps_nothing_of_the_time_before_is_warned_of(eventkit, operated, rabbitmq_server) -> None:
    url = f"{rabbitmq_server.url}?prefix=tail-"

    async def publish() -> None:
        async with connect(url) as bus:
            await bus.publish(envelope("a"))

    asyncio.run(publish())
    run = eventkit("tail", url, "--since", "10m", "--count", "1", "--format", "json")

    assert json.loads(run.out)["id"] == "a"
    assert run.err == "warning: this bus keeps no event that a service has got; --since shows the others\n"


def test_a_bus_that_is_not_there_is_not_made(eventkit, operated) -> None:
    assert eventkit("tail", operated.url).status == 2
    assert not operated.file.exists()


class TestAtWork:
    """As a process that is watched; nothing waits for a time to pass."""

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [Path(sys.executable).with_name("eventkit"), "tail", *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_new_events_are_shown_until_ctrl_c(self, told) -> None:
        with self.start(told.url, "--since", "10m") as process:
            try:
                assert " order.created v2 " in process.stdout.readline()
                told.publish(envelope("f", "order.paid"))
                assert " order.paid v1 " in process.stdout.readline()
                process.send_signal(signal.SIGINT)
                assert (process.wait(), process.stdout.read(), process.stderr.read()) == (0, "", "")
            finally:
                process.kill()

    def test_whoever_stops_reading_is_not_told_so(self, told) -> None:
        with self.start(told.url, "--since", "10m") as process:
            try:
                process.stdout.readline()
                process.stdout.close()
                told.publish(envelope("f"))
                assert (process.wait(), process.stderr.read()) == (0, "")
            finally:
                process.kill()


@pytest.mark.parametrize(
    "name",
    ["bad name", "order", "Order.Created", "order.", ".created", "order.>.created", "*", "", "order/*", "ordér.a"],
)
@pytest.mark.parametrize("beside", ["told", "project"])
def test_what_is_no_type_is_told_and_not_followed(eventkit, request, beside, name) -> None:
    run = eventkit("tail", request.getfixturevalue(beside).url, "--type", "order.*", "--type", name)

    assert (run.status, run.out) == (2, "")
    assert run.err == (
        f"error: --type {name!r} is no event type\n  mend: write lower-case words joined by dots, as order.created;"
        " * stands for a word, and > for all that follow\n"
    )


@pytest.mark.parametrize("names", [["order.*", "invoice.item.added"], ["order.created", "invoice.>"]])
def test_a_type_that_no_contract_knows_is_warned_of_and_followed(eventkit, project, names) -> None:
    options = [word for name in names for word in ("--type", name)]
    run = eventkit("tail", project.url, "--since", "2h", "--count", "3", "--format", "json", *options)

    assert run.status == 0
    assert run.err == f"warning: no contract of the project knows {names[1]}; it is followed all the same\n"
    assert [json.loads(line)["id"] for line in run.out.splitlines()] == ["a", "b", "c"]


def test_a_type_that_only_a_reader_declares_is_known(eventkit, project) -> None:
    (project.file.parent / "services/shop.yaml").unlink()

    assert eventkit("tail", project.url, "--since", "2h", "--count", "1", "--type", "order.created").err == ""
