"""`eventkit export`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run

CLI = Callable[..., Run]

SHOP = '''
from eventkit import Event, Service

service = Service("shop", version="1.0.0")

class OrderCreated(Event, type="order.created"):
    """A customer placed an order."""
    order_id: str

@service.publisher
async def publish_order_created(order_id: str) -> OrderCreated:
    return OrderCreated(order_id=order_id)
'''

NEIGHBOUR = "asyncapi: 3.0.0\ninfo: {title: bank, version: 1.0.0}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one service in code and one in a document, configured, as the working folder."""
    (tmp_path / "services" / "shop").mkdir(parents=True)
    (tmp_path / "services" / "shop" / "__init__.py").write_text(SHOP)
    (tmp_path / "services" / "bank.yaml").write_text(NEIGHBOUR)
    (tmp_path / "eventkit.toml").write_text('sources = ["services"]\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_code_is_written_as_documents_and_schemas(project: Path, eventkit: CLI) -> None:
    run = eventkit("export")

    assert (run.status, run.err) == (0, "")
    assert run.out == "   create  schemas/shop.asyncapi.yaml\n   create  schemas/events/order.created.v1.json\n"
    assert eventkit("export").out == "schemas: up to date\n"


def test_check_writes_nothing_and_names_what_is_not_up_to_date(project: Path, eventkit: CLI) -> None:
    run = eventkit("export", "--check", "--output", "contracts")

    assert run.status == 1
    assert run.out == "  missing  contracts/shop.asyncapi.yaml\n  missing  contracts/events/order.created.v1.json\n"
    assert "run `eventkit export`" in run.err
    assert not (project / "contracts").exists()


def test_check_finds_nothing_after_an_export(project: Path, eventkit: CLI) -> None:
    eventkit("export")

    assert eventkit("export", "--check").status == 0
    assert eventkit("export", "services", "--check").status == 0


def test_a_service_that_is_gone_is_left_over_where_all_are_exported(project: Path, eventkit: CLI) -> None:
    eventkit("export")
    (project / "services" / "shop" / "__init__.py").write_text(SHOP.replace('"shop"', '"store"'))

    run = eventkit("export", "--check")

    assert run.status == 1
    assert "left over  schemas/shop.asyncapi.yaml" in run.out


@pytest.mark.parametrize(
    ("file", "text", "what"),
    [
        ("services/shop/__init__.py", SHOP + "raise RuntimeError('no')", "error: "),
        ("services/bank.yaml", "asyncapi: 2.6.0", "error: AsyncAPI '2.6.0' is not read"),
        ("eventkit.toml", "", "error: there is no source"),
        ("schemas/shop.asyncapi.yaml", "mine", "was not written by `eventkit export`"),
    ],
)
def test_nothing_is_written_where_not_all_can_be_read_and_written(
    project: Path, eventkit: CLI, file: str, text: str, what: str
) -> None:
    (project / file).parent.mkdir(exist_ok=True)
    (project / file).write_text(text)

    run = eventkit("export")

    assert run.status == 2
    assert what in run.err
    assert not (project / "schemas" / "events").exists()
