"""`eventkit verify`: from folders on disk to a report and an exit status."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.documented import document_of
from tests.files import write_files
from tests.repository import commit

ROOT = Path(__file__).parents[2]
CASE = ROOT / "tests" / "verify" / "defects" / "ek102_decimal_read_as_int"
NEIGHBOUR = """
asyncapi: 3.0.0
info: {title: accounts, version: 1.0.0}
channels:
  users:
    address: user.deleted
    messages:
      UserDeleted: {payload: {type: object, properties: {user_id: {type: integer}}, required: [user_id]}}
operations:
  sendUserDeleted: {action: send, channel: {$ref: '#/channels/users'}}
"""
READER = """
from eventkit import Event, Service

service = Service("orders")

class UserDeleted(Event, type="user.deleted"):
    user_id: TYPE

@service.handler
async def handle_user_deleted(event: UserDeleted) -> None: ...
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Two services that fit; `break_` lets the publisher send something else."""
    for name in ("orders.py", "before/payments.py"):
        module = CASE / name
        folder = tmp_path / "services" / module.stem
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(module.read_text("utf-8").replace("  # EK102", ""), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def documented_shop(tmp_path, monkeypatch):
    """The documents of the two services that fit."""
    monkeypatch.chdir(tmp_path)
    modules = [CASE / "orders.py", CASE / "before" / "payments.py"]
    return write_files(
        tmp_path, {f"services/{module.stem}.yaml": document_of(module.read_text("utf-8")) for module in modules}
    )


def break_(shop: Path) -> None:
    shutil.copy(CASE / "after" / "payments.py", shop / "services" / "payments" / "__init__.py")


def test_services_that_fit_are_status_0(eventkit, shop, snapshot) -> None:
    run = eventkit("verify", "services")

    assert run.status == 0
    assert run.out == snapshot
    assert run.err == ""


def test_services_that_do_not_fit_are_status_1(eventkit, shop, snapshot) -> None:
    break_(shop)
    run = eventkit("verify", "services")

    assert run.status == 1
    assert run.out == snapshot


def test_as_json(eventkit, shop) -> None:
    break_(shop)
    run = eventkit("verify", "services", "--format", "json")
    report = json.loads(run.out)

    assert run.status == 1
    assert report["pairs"][0]["verdict"] == "incompatible"
    assert report["findings"][0]["locations"] == [
        {"file": "services/orders/__init__.py", "line": 10},
        {"file": "services/payments/__init__.py", "line": 12},
    ]


def test_a_source_that_cannot_be_read_is_status_2_and_the_rest_is_verified(eventkit, shop, snapshot) -> None:
    write_files(
        shop, {"services/broken/__init__.py": "from eventkit import Service\nservice = Service('Not a name')\n"}
    )
    run = eventkit("verify", "services")

    assert run.status == 2
    assert run.out == snapshot


def test_sources_and_neighbours_come_from_the_configuration(eventkit, tmp_path, monkeypatch) -> None:
    write_files(
        tmp_path,
        {
            "pyproject.toml": '[tool.eventkit]\nsources = ["services"]\nneighbours = ["schemas"]\n',
            "schemas/accounts.asyncapi.yaml": NEIGHBOUR,
            "services/orders/__init__.py": READER.replace("TYPE", "int"),
            "deep/down/.keep": "",
        },
    )
    monkeypatch.chdir(tmp_path / "deep" / "down")
    run = eventkit("verify")

    assert run.status == 0
    assert "1 service, 1 neighbour, 1 pair: 1 compatible\nno findings\n" in run.out


def test_a_document_is_quoted_like_code(eventkit, tmp_path, monkeypatch, snapshot) -> None:
    write_files(
        tmp_path,
        {"schemas/accounts.asyncapi.yaml": NEIGHBOUR, "orders/__init__.py": READER.replace("TYPE", "str")},
    )
    monkeypatch.chdir(tmp_path)
    run = eventkit("verify", "orders", "schemas/accounts.asyncapi.yaml")

    assert run.status == 1
    assert run.out == snapshot


def test_what_the_sources_are_compared_with_is_no_part_of_them(eventkit, shop) -> None:
    eventkit("export", ".", "--output", "deployed")
    shutil.rmtree(shop / "services" / "payments")  # it would still be there, as its document lies in the folder
    for question, codes in (
        (("--baseline", "deployed"), ["EK303"]),
        (("--deployed", "deployed", "--service", "orders"), []),
    ):
        run = eventkit("verify", ".", *question, "--format", "concise", "--severity", "info")
        assert [code for code in ("EK201", "EK205", "EK303", "EK5") if code in run.out] == codes

    assert "- service payments" in eventkit("diff", "deployed", ".").out
    # Where it is all that there is, it is meant.
    assert eventkit("verify", "deployed", "--baseline", "deployed").status == 0


def test_a_git_revision_is_verified_and_quoted_as_it_was(eventkit, shop, snapshot) -> None:
    break_(shop)
    commit(shop, tag="broken")
    shutil.rmtree(shop / "services")
    run = eventkit("verify", "git:broken:services")

    assert run.status == 1
    assert run.out == snapshot


def test_a_service_may_come_from_the_work_tree_and_its_neighbours_from_a_revision(eventkit, shop) -> None:
    break_(shop)
    commit(shop, {"eventkit.toml": "sources = ['services/orders']\nneighbours = ['git:HEAD:services/payments']\n"})
    run = eventkit("verify")

    assert run.status == 1
    assert "  ::: git:HEAD:services/payments/__init__.py:12:5\n" in run.out


def test_without_a_source_there_is_nothing_to_verify(eventkit, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = eventkit("verify")

    assert run.status == 2
    assert run.err.startswith("error: there is no source\n  mend: name a folder with services, ")


def test_a_source_that_does_not_exist_is_status_2(eventkit, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = eventkit("verify", "nowhere")

    assert run.status == 2
    assert "error[EK501]: nowhere does not exist\n" in run.out


def test_a_wrong_configuration_is_status_2(eventkit, tmp_path, monkeypatch) -> None:
    (tmp_path / "eventkit.toml").write_text("source = []\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    run = eventkit("verify", "services")

    assert run.status == 2
    assert run.err.startswith("error: the key 'source' is not known\n")


def test_infos_are_listed_on_request(eventkit, tmp_path, monkeypatch) -> None:
    write_files(tmp_path, {"accounts.asyncapi.yaml": NEIGHBOUR})
    monkeypatch.chdir(tmp_path)

    assert "no findings (1 of lower severity not listed: add --severity info)\n" in eventkit("verify", ".").out
    assert (
        "info[EK203]: accounts publishes user.deleted, which nobody handles\n"
        in eventkit("verify", ".", "--severity", "info").out
    )


def test_the_services_of_the_examples_fit(eventkit, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    run = eventkit("verify", "examples/services", "--format", "json")
    report = json.loads(run.out)

    assert run.status == 0
    assert report["findings"] == []
    assert report["summary"]["services"] == 3
    assert {pair["verdict"] for pair in report["pairs"]} == {"compatible"}
    assert {"order.created", "payment.completed", "user.deleted"} <= {pair["event"] for pair in report["pairs"]}


def test_help_says_where_sources_and_neighbours_are_configured(eventkit) -> None:
    words = " ".join(eventkit("verify", "--help").out.split())

    assert "`sources` in [tool.eventkit] of pyproject.toml, or in eventkit.toml" in words
    assert "`neighbours` in the same configuration" in words


def test_the_second_run_says_what_the_first_one_said(eventkit, documented_shop) -> None:
    write_files(
        documented_shop,
        {
            "users.asyncapi.yaml": NEIGHBOUR,
            "reader/__init__.py": READER.replace("TYPE", "str").replace("orders", "reader"),
        },
    )
    without = eventkit("verify", ".", "--no-cache")
    assert not (documented_shop / ".eventkit_cache").exists()

    runs = [eventkit("verify", ".") for _ in range(3)]

    assert (documented_shop / ".eventkit_cache").is_dir()
    assert "users.asyncapi.yaml:8" in without.out
    assert runs == [without] * 3


def test_a_cache_that_cannot_be_used_is_one_warning(eventkit, documented_shop) -> None:
    (documented_shop / "eventkit.toml").write_text('cache = "services/orders.yaml"', "utf-8")

    run = eventkit("verify", "services")

    assert run.status == 0
    assert run.err.startswith("warning: the cache in ")
    assert run.err.count("\n") == 1
