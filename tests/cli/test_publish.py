"""`eventkit publish`."""

import asyncio
import io
import json
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from eventkit import Envelope
from tests.cli.documented import document_of
from tests.files import write_files

SHOP = """
from decimal import Decimal
from typing import Literal
from eventkit import Event, Service

service = Service("shop")

class OrderCreated(Event, type="order.created", key="order_id"):
    order_id: str
    total: Decimal

class OrderCreated2(Event, type="order.created", version=2, key="number"):
    number: int
    currency: Literal["EUR", "USD"]

class Cleared(Event, type="basket.cleared"):
    basket: str

@service.publisher
async def publish_order_created(order_id: str) -> OrderCreated: ...

@service.publisher
async def publish_order_created_2(number: int) -> OrderCreated2: ...

@service.publisher
async def publish_cleared(basket: str) -> Cleared: ...
"""
STORE = """
from eventkit import Event, Service

service = Service("store")

class Cleared(Event, type="basket.cleared"):
    basket: str

@service.publisher
async def publish_cleared(basket: str) -> Cleared: ...
"""


@pytest.fixture
def project(operated):
    """A bus beside a project with the document of one service."""
    write_files(
        operated.file.parent, {"services/shop.yaml": document_of(SHOP), "eventkit.toml": "sources=['services']"}
    )
    return operated


@pytest.fixture
def coded_project(operated):
    """A bus beside a project with the code of one service."""
    write_files(operated.file.parent, {"services/shop/__init__.py": SHOP, "eventkit.toml": "sources=['services']"})
    return operated


def published(operated) -> list[Envelope]:
    """Return the events on the bus."""

    async def look(bus) -> list[Envelope]:
        seen = []
        since = datetime.now(UTC) - timedelta(hours=1)
        await bus.publish(Envelope(id="end", source="test", type="test.ended", data=b"{}"))
        async with aclosing(bus.follow(since=since)) as events, asyncio.timeout(60):
            async for event in events:
                if event.id == "end":
                    break
                seen.append(event)
        return seen

    return operated.use(look)


def test_it_is_published_as_its_publisher_would(eventkit, coded_project) -> None:
    url = coded_project.url
    run = eventkit("publish", url, "order.created", '{"order_id": "o-1", "total": "1.50"}', "--version", 1)

    [event] = published(coded_project)
    assert (run.status, run.err) == (0, "")
    assert run.out == f"published order.created v1 of shop as {event.id} to {url}\n"
    assert (event.source, event.key, event.subject, event.correlation) == ("shop", "o-1", "o-1", event.id)
    assert str(event.event_type) == "order.created v1"
    assert event.data == b'{"order_id": "o-1", "total": "1.50"}'
    assert datetime.now(UTC) - event.time < timedelta(minutes=5)


def test_the_newest_version_is_meant_and_a_key_that_is_no_text_is_its_json(eventkit, project) -> None:
    assert eventkit("publish", project.url, "order.created", '{"number": 7, "currency": "EUR"}').status == 0

    [event] = published(project)
    assert (str(event.event_type), event.key) == ("order.created v2", "7")


def test_a_key_can_be_given(eventkit, project) -> None:
    eventkit("publish", project.url, "order.created", '{"number": 7, "currency": "EUR"}', "--key", "o-1")

    assert published(project)[0].key == "o-1"


@pytest.mark.parametrize(
    ("event", "options"),
    [
        ('{"order_id": "o-1"}', ["--version", "1"]),
        ('{"order_id": "o-1", "total": 1.5, "more": true}', ["--version", "1"]),
        ('{"number": "seven", "currency": "GBP"}', []),
        ("[]", []),
        ('{"number": 7,', []),
        ('{"number": 7, "number": 8, "currency": "EUR"}', []),
        ("", []),
        ('{"number": 7, "currency": "EUR"}', ["--version", "3"]),
        ('{"number": 7, "currency": "EUR"}', ["--source", "store"]),
        ('{"number": 7, "currency": "EUR"}', ["--key", "a\nb"]),
    ],
)
def test_what_its_publisher_would_not_send_is_refused(eventkit, project, snapshot, event, options) -> None:
    run = eventkit("publish", project.url, "order.created", event, *options)

    assert (run.status, run.out) == (1, "")
    assert run.err == snapshot
    assert not project.file.exists()


def test_a_type_that_nobody_declares_is_refused(eventkit, project, snapshot) -> None:
    run = eventkit("publish", project.url, "order.craeted", "{}")

    assert run.status == 1
    assert run.err == snapshot


def test_of_several_publishers_one_must_be_named(eventkit, project) -> None:
    write_files(project.file.parent, {"services/store.yaml": document_of(STORE)})
    run = eventkit("publish", project.url, "basket.cleared", '{"basket": "b"}')

    assert run.status == 1
    assert run.err == (
        "error: basket.cleared is published by several services\n"
        "  mend: say for whom: --source shop or --source store\n"
    )
    assert eventkit("publish", project.url, "basket.cleared", '{"basket": "b"}', "--source", "store").status == 0
    assert published(project)[0].source == "store"


def test_the_event_may_stand_in_a_file(eventkit, project) -> None:
    write_files(project.file.parent, {"event.json": '{\n  "number": 7, "currency": "EUR"\n}\n'})

    assert eventkit("publish", project.url, "order.created", "@event.json").status == 0
    assert json.loads(published(project)[0].data) == {"number": 7, "currency": "EUR"}


def test_a_file_that_is_not_there_is_told(eventkit, project) -> None:
    run = eventkit("publish", project.url, "order.created", "@event.json")

    assert (run.status, run.err) == (2, "error: No such file or directory\n  where: event.json\n")


def test_the_event_may_come_from_standard_input(eventkit, project, monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"number": 7, "currency": "EUR"}\n')))

    assert eventkit("publish", project.url, "order.created", "-").status == 0
    assert published(project)[0].data == b'{"number": 7, "currency": "EUR"}'


class TestWithoutValidation:
    def test_no_contract_is_asked(self, eventkit, operated) -> None:
        run = eventkit("publish", operated.url, "order.created", '{"x": 1}', "--no-validate")

        [event] = published(operated)
        assert run.status == 0
        assert (str(event.event_type), event.source, event.key) == ("order.created v1", "eventkit-cli", None)

    def test_all_is_as_given(self, eventkit, operated) -> None:
        options = ["--no-validate", "--version", "3", "--source", "shop", "--key", "o-1"]
        eventkit("publish", operated.url, "order.created", '{"x": 1}', *options)

        [event] = published(operated)
        assert (str(event.event_type), event.source, event.key) == ("order.created v3", "shop", "o-1")

    def test_what_is_no_json_is_refused_nevertheless(self, eventkit, operated) -> None:
        assert eventkit("publish", operated.url, "order.created", "{", "--no-validate").status == 1
        assert not operated.file.exists()


@pytest.mark.parametrize("options", [[], ["--no-validate"]])
def test_how_large_an_event_may_be_is_told(eventkit, project, options) -> None:
    write_files(project.file.parent, {"event.json": f'{{"x": "{"x" * 1_048_576}"}}'})
    run = eventkit("publish", project.url, "order.created", "@event.json", *options)

    assert run.status == 1
    assert run.err == (
        "error: the event has 1,048,585 bytes, more than the limit of 1,048,576\n"
        "  mend: send less, or a reference to it\n"
    )
    assert not project.file.exists()


def test_without_a_project_there_is_no_contract_to_ask(eventkit, operated) -> None:
    run = eventkit("publish", operated.url, "order.created", "{}")

    assert (run.status, run.err.splitlines()[0]) == (2, "error: there is no source")
    assert run.err.endswith("in [tool.eventkit]; or give --no-validate\n")


@pytest.mark.parametrize("arguments", [[], ["order.created"], ["order.created", "{}", "{}"]])
def test_a_type_and_one_event_are_needed(eventkit, operated, arguments) -> None:
    run = eventkit("publish", operated.url, *arguments)

    assert run.status == 2
    assert "publishing needs a type and the event" in run.err


@pytest.mark.parametrize("options", [[], ["--no-validate"]])
@pytest.mark.parametrize("name", ["bad name", "order", "order.*", "Order.Created"])
def test_what_is_no_type_is_told(eventkit, project, options, name) -> None:
    run = eventkit("publish", project.url, name, "{}", *options)

    assert (run.status, run.out) == (2, "")
    assert run.err == (
        f"error: TYPE {name!r} is no event type\n  mend: write lower-case words joined by dots, as order.created\n"
    )
    assert published(project) == []
