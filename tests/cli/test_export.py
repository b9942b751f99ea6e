"""`eventkit export`."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from eventkit.discovery.config import Config
from eventkit.discovery.discover import discover
from eventkit.docs.export import exported
from tests.cli.conftest import Run
from tests.files import write_files

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


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what an export of the service in code writes."""
    folder = tmp_path_factory.mktemp("project")
    landscape = discover([write_files(folder, {"shop/__init__.py": SHOP})], Config())
    exported(landscape.services, folder / "schemas", whole=True).write()
    return folder / "schemas"


@pytest.fixture
def after_an_export(project: Path, schemas: Path) -> None:
    """Write into the project what an export writes."""
    shutil.copytree(schemas, project / "schemas")


def test_code_is_written_as_documents_and_schemas(project: Path, eventkit: CLI) -> None:
    run = eventkit("export")

    assert (run.status, run.err) == (0, "")
    assert run.out == "   create  schemas/shop.asyncapi.yaml\n   create  schemas/events/order.created.v1.json\n"
    assert eventkit("export").out == "schemas: up to date\n"


def test_documents_name_the_version_that_was_asked_for(project: Path, eventkit: CLI) -> None:
    document = project / "schemas" / "shop.asyncapi.yaml"
    eventkit("export")
    assert "\nasyncapi: 3.0.0\n" in document.read_text()

    run = eventkit("export", "--spec-version", "3.1.0")
    assert (run.status, run.out) == (0, "   update  schemas/shop.asyncapi.yaml\n")
    assert "\nasyncapi: 3.1.0\n" in document.read_text()

    assert eventkit("export", "--spec-version", "3.1.0", "--check").status == 0
    run = eventkit("export", "--check")
    assert (run.status, "documents are expected as AsyncAPI 3.0.0" in run.err) == (1, True)
    assert eventkit("export", "--spec-version", "3.0.0", "--check").err == run.err
    eventkit("export")
    assert "run `eventkit export --spec-version 3.1.0`" in eventkit("export", "--spec-version", "3.1.0", "--check").err
    assert eventkit("verify", "schemas").status == 0
    assert eventkit("export", "--spec-version", "2.6.0").status == 2


def test_the_configuration_may_name_the_folder(project: Path, eventkit: CLI, monkeypatch) -> None:
    (project / "eventkit.toml").write_text('sources = ["services"]\nschemas = "contracts"\n')
    assert eventkit("export").out.startswith("   create  contracts/shop.asyncapi.yaml\n")

    monkeypatch.chdir(project / "services")
    assert eventkit("export", "--check").out == f"{project}/contracts: up to date\n"


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


@pytest.mark.usefixtures("after_an_export")
def test_a_service_that_is_gone_is_left_over_where_all_are_exported(project: Path, eventkit: CLI) -> None:
    (project / "services" / "shop" / "__init__.py").write_text(SHOP.replace('"shop"', '"store"'))

    run = eventkit("export", "--check")

    assert run.status == 1
    assert "left over  schemas/shop.asyncapi.yaml" in run.out


@pytest.mark.usefixtures("after_an_export")
def test_the_schema_of_a_renamed_event_is_left_over_and_goes_with_the_next_export(project: Path, eventkit: CLI) -> None:
    old = project / "schemas" / "events" / "order.created.v1.json"
    lines = [line for line in old.read_text().splitlines() if "$comment" not in line]  # as an older export wrote it
    old.write_text("\n".join(lines))
    (project / "services" / "shop" / "__init__.py").write_text(SHOP.replace('"order.created"', '"order.placed"'))

    check = eventkit("export", "--check")
    assert check.status == 1
    assert "left over  schemas/events/order.created.v1.json\n" in check.out
    assert "   remove  schemas/events/order.created.v1.json\n" in eventkit("export").out
    assert not old.exists()
    assert eventkit("export", "--check").status == 0


@pytest.mark.usefixtures("after_an_export")
def test_the_schema_of_a_retained_version_is_kept(project: Path, eventkit: CLI) -> None:
    (project / "services" / "shop" / "__init__.py").write_text(
        SHOP.replace('"order.created"', '"order.created", version=2')
    )
    (project / "eventkit.toml").write_text('sources = ["services"]\n[retained]\n"order.created" = [1]\n')
    eventkit("export")

    assert (project / "schemas" / "events" / "order.created.v1.json").exists()
    assert eventkit("export", "--check").status == 0
    (project / "eventkit.toml").write_text('sources = ["services"]\n')
    assert "left over  schemas/events/order.created.v1.json" in eventkit("export", "--check").out


@pytest.mark.usefixtures("after_an_export")
@pytest.mark.parametrize("name", ["events/order.lost.v1.json", "old.asyncapi.yaml"])
def test_a_file_of_somebody_else_that_belongs_to_no_service_is_named_and_left(
    project: Path, eventkit: CLI, name: str
) -> None:
    stray = project / "schemas" / name
    stray.write_text("{}")

    check, export = eventkit("export", "--check"), eventkit("export")

    assert (check.status, check.out) == (1, f"left over  schemas/{name}\n")
    assert check.err == (
        f"schemas/{name} was not written by `eventkit export`, and belongs to no service: remove or move it\n"
    )
    assert (export.status, export.out) == (0, f"    leave  schemas/{name}\n")
    assert stray.read_text() == "{}"


def test_documents_of_others_may_stand_beside_those_that_are_written(project: Path, eventkit: CLI) -> None:
    (project / "schemas" / "external").mkdir(parents=True)
    (project / "schemas" / "external" / "old.asyncapi.yaml").write_text(NEIGHBOUR)
    (project / "services" / "bank.yaml").rename(project / "schemas" / "bank.asyncapi.yaml")
    (project / "eventkit.toml").write_text('sources = ["services"]\nneighbours = ["schemas/bank.asyncapi.yaml"]\n')
    eventkit("export")

    assert eventkit("export", "--check").status == 0


@pytest.mark.parametrize(
    ("file", "text", "what"),
    [
        ("services/shop/__init__.py", SHOP + "raise RuntimeError('no')", "error: "),
        ("services/bank.yaml", "asyncapi: 1.2.0", "error: AsyncAPI '1.2.0' is not read"),
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
