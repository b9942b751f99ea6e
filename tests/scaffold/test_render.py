"""The code of a new service: formatted, typed, and in the style of the reference services."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from eventkit import ConfigurationError
from eventkit.contract.event import EventType
from eventkit.discovery.contract import Contract, Message
from eventkit.scaffold.plan import Plan, Reader, reader_of
from eventkit.scaffold.render import render
from tests.scaffold.test_reader_fields import Sent

REPOSITORY = Path(__file__).parents[2]
ORDERS = Contract("order_service", publishes=(Message(EventType("order.created", 2), Sent.sent_schema(), "Sent"),))

PLANS = {
    "everything": Plan.of(
        "shipping_service",
        publishes=["shipment.created", "parcel.lost", "shipment.delivered"],
        handles=["payment.completed", "wallet.insufficient_funds"],
        clients=["wallet", "account"],
    ),
    "publishes": Plan.of("shop", publishes=["return.requested"]),
    "handles": Plan.of("audit_service", handles=["data.deleted"]),
    "many long names": Plan.of(
        "subscription_renewal_service",
        publishes=[f"customer_subscription.renewal_{each}" for each in ("requested", "declined", "postponed", "paid")],
        handles=[f"organization.membership_{each}_changed" for each in ("status", "owner", "plan")],
        clients=["organization_membership", "customer_notification"],
    ),
    "the names that the code itself uses": Plan.of(
        "app",
        publishes=[
            f"{name}.changed" for name in ("data", "entity", "event", "kept", "service", "session", "status", "system")
        ],
        clients=["app", "client", "answer"],
    ),
}


def lay_out(folder: Path, plan: Plan) -> None:
    for path, content in render(plan).items():
        file = folder / plan.service.name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the services of all plans."""
    folder = tmp_path_factory.mktemp("services")
    for plan in PLANS.values():
        lay_out(folder, plan)
    reader = reader_of(Plan.of("x", handles=["order.created"]).handles[0], [ORDERS])
    asked = Plan.of("reader_service", handles=["order.created"])
    lay_out(folder, Plan(asked.service, (), asked.handles, (), (reader,)))
    return folder


def run(services: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=services, capture_output=True, text=True, check=False, timeout=240
    )
    return f"{done.stdout}{done.stderr}" if done.returncode else ""


def test_the_whole_of_a_service(snapshot: SnapshotAssertion) -> None:
    files = render(PLANS["everything"])
    assert "\n".join(f"=== {path}\n{content}" for path, content in files.items()) == snapshot


def test_ruff_has_nothing_to_say(services: Path) -> None:
    config = services / "ruff.toml"
    config.write_text(
        f'extend = "{REPOSITORY / "pyproject.toml"}"\n[lint.per-file-ignores]\n"**/tests/**" = ["D", "S"]\n'
    )
    assert run(services, "ruff", "check", "--no-cache", "--output-format=concise", ".") == ""
    assert run(services, "ruff", "format", "--no-cache", "--diff", ".") == ""


@pytest.mark.slow
def test_mypy_has_nothing_to_say(services: Path) -> None:
    config = str(REPOSITORY / "pyproject.toml")
    assert run(services, "mypy", "--config-file", config, "--cache-dir", str(services / ".mypy_cache"), ".") == ""


@pytest.mark.slow
def test_their_own_tests_pass(services: Path) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-W", "error", "-o", "asyncio_default_fixture_loop_scope=function"]
    assert run(services, "pytest", *options, ".") == ""


def test_a_reader_model_begins_with_what_the_publisher_sends(services: Path, snapshot: SnapshotAssertion) -> None:
    assert (services / "reader_service/events/models.py").read_text() == snapshot


def test_the_newest_version_is_read() -> None:
    older = Contract("old", publishes=(Message(EventType("order.created", 1), {}, "Sent"),))
    [event] = Plan.of("x", handles=["order.created"]).handles
    assert reader_of(event, [older, ORDERS]).version == reader_of(event, [ORDERS, older]).version == 2
    assert reader_of(event, []) == Reader(event)


def test_names_from_documents_cannot_add_code() -> None:
    schema = {
        "properties": {"x\nimport os": {}, "y": {"type": "string", "description": '"\nimport os\n'}},
        "required": ["y"],
    }
    contract = Contract("a\nimport os", publishes=(Message(EventType("order.created"), schema, "Sent"),))
    asked = Plan.of("shop", handles=["order.created"])
    plan = Plan(asked.service, (), asked.handles, (), (reader_of(asked.handles[0], [contract]),))
    code = render(plan)["events/models.py"]
    assert "\nimport os" not in code
    compile(code, "models.py", "exec")


def test_values_are_stored_as_in_the_reference_services() -> None:
    reference = REPOSITORY / "examples/services/product_service/database.py"
    assert render(PLANS["publishes"])["database.py"] == reference.read_text()


WORD = st.from_regex(r"[a-z][a-z0-9]{0,8}(?:_[a-z0-9]{1,8})?", fullmatch=True)
TYPES = st.lists(st.lists(WORD, min_size=2, max_size=3).map(".".join), max_size=3)


@given(name=WORD, publishes=TYPES, handles=TYPES, clients=st.lists(WORD, max_size=3))
def test_names_that_are_accepted_give_code_that_compiles(
    name: str, publishes: list[str], handles: list[str], clients: list[str]
) -> None:
    try:
        plan = Plan.of(name, publishes=publishes, handles=handles, clients=clients)
    except ConfigurationError:
        reject()
    for path, content in render(plan).items():
        if path.endswith(".py"):
            compile(content, path, "exec")
