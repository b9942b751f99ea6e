"""`eventkit scaffold service`."""

import subprocess
import sys
from pathlib import Path

import pytest

NAMES = ("--publishes", "shipment.created,shipment.lost", "--handles", "order.created", "--clients", "account")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_new_service_is_written_and_told_file_by_file(eventkit, here, snapshot) -> None:
    run = eventkit("scaffold", "service", "shipping_service", *NAMES)

    assert (run.status, run.err) == (0, "")
    assert run.out == snapshot
    told = {line.split()[1] for line in run.out.splitlines() if line.startswith("   create")}
    assert told == {str(path) for path in content(here) if not path.endswith(".json")}


def test_a_dry_run_tells_the_same_and_writes_nothing(eventkit, here) -> None:
    dry = eventkit("scaffold", "service", "shipping_service", *NAMES, "--dry-run")

    assert list(here.iterdir()) == []
    assert dry == eventkit("scaffold", "service", "shipping_service", *NAMES)


def test_names_may_be_given_one_by_one(eventkit, here) -> None:
    eventkit("scaffold", "service", "shop", "--publishes", "a.b, a.c", "--publishes", "a.d")

    assert 'type="a.d"' in (here / "shop/events/models.py").read_text()


def test_a_second_run_changes_nothing(eventkit, here) -> None:
    eventkit("scaffold", "service", "shipping_service", *NAMES)
    before = content(here)
    run = eventkit("scaffold", "service", "shipping_service", *NAMES)

    assert run.status == 0
    assert {line.split()[0] for line in run.out.splitlines()} == {"identical"}
    assert content(here) == before


def test_more_can_be_added_where_nobody_edited(eventkit, here, snapshot) -> None:
    eventkit("scaffold", "service", "shipping_service", *NAMES)
    run = eventkit("scaffold", "service", "shipping_service", "--handles", "user.deleted", "--clients", "wallet")

    assert run.status == 0
    assert run.out == snapshot
    handlers = (here / "shipping_service/events/handlers.py").read_text()
    assert "handle_order_created" in handlers
    assert "handle_user_deleted" in handlers


def own_tests(here: Path, service: str) -> str:
    """Run the tests of a service; return what they say where they fail."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", service]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False, timeout=240)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.slow
def test_the_next_steps_work_at_once_where_a_publisher_is_unknown(eventkit, here) -> None:
    run = eventkit("scaffold", "service", "shipping_service", *NAMES)

    assert "python -m pytest shipping_service\n  eventkit verify shipping_service\n" in run.out
    assert own_tests(here, "shipping_service") == ""
    verified = eventkit("verify", "shipping_service")
    assert verified.status == 0
    assert "warning[EK205]: shipping_service handles order.created" in verified.out


@pytest.mark.slow
def test_more_can_be_added_to_what_was_edited_and_all_of_it_runs(eventkit, here) -> None:
    eventkit("scaffold", "service", "shipping_service", *NAMES)
    models, logic = here / "shipping_service/events/models.py", here / "shipping_service/shipping_service.py"
    todo = "    # Declare here the fields that are used, each with its type and a description.\n"
    models.write_text(models.read_text().replace(todo, "    order_id: str = 'none'  # mine\n"))
    logic.write_text(logic.read_text().replace("# Change the data here, and publish what follows.", "print(event)"))
    edited = models.read_text()
    run = eventkit("scaffold", "service", "shipping_service", "--handles", "user.deleted", "--clients", "wallet")

    assert run.status == 0
    extended = {line.split()[1] for line in run.out.splitlines() if line.startswith("   extend")}
    assert extended == {"shipping_service/events/models.py", "shipping_service/shipping_service.py"}
    assert models.read_text().startswith(edited)
    assert "print(event)" in logic.read_text()
    assert own_tests(here, "shipping_service") == ""


@pytest.mark.slow
def test_what_cannot_be_added_is_shown_and_the_service_stays_as_it_runs(eventkit, here, snapshot) -> None:
    eventkit("scaffold", "service", "shipping_service", *NAMES)
    main, models = here / "shipping_service/main.py", here / "shipping_service/events/models.py"
    main.write_text(main.read_text().replace("engine = sql", "print('mine')\n    engine = sql"))
    models.write_text(models.read_text() + "\n# mine\n")
    before = {path: text for path, text in content(here).items() if path.endswith(".py")}
    run = eventkit("scaffold", "service", "shipping_service", "--handles", "user.deleted", "--clients", "wallet")

    assert run.status == 1
    assert run.out == snapshot
    assert {path: text for path, text in content(here).items() if path.endswith(".py")} == before
    assert own_tests(here, "shipping_service") == ""


def test_reader_models_begin_with_what_a_service_beside_it_publishes(eventkit, here) -> None:
    eventkit("scaffold", "service", "shipping_service", "--publishes", "shipment.created")
    run = eventkit("scaffold", "service", "order_service", "--handles", "shipment.created")

    assert "Nobody in the landscape" not in run.out
    assert (
        'shipment_id: str = Field(description="The shipment.")' in (here / "order_service/events/models.py").read_text()
    )
    assert eventkit("verify", ".").status == 0


def test_reader_models_begin_with_what_the_landscape_publishes(eventkit, here) -> None:
    eventkit("scaffold", "service", "shipping_service", "--publishes", "shipment.created", "--dir", "services")
    (here / "eventkit.toml").write_text('sources = ["services"]')
    run = eventkit("scaffold", "service", "order_service", "--handles", "shipment.created", "--dir", "new")

    assert "shipment_id" in (here / "new/order_service/events/models.py").read_text()
    assert run.out.endswith("\n  python -m pytest new/order_service\n  eventkit verify services new/order_service\n")


def test_it_imports_at_once(eventkit, here) -> None:
    eventkit("scaffold", "service", "shipping_service", *NAMES)
    subprocess.run([sys.executable, "-W", "error", "-c", "import shipping_service.main"], cwd=here, check=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["../shop", "--publishes", "a.b"], "error: '../shop' is no name for a service"),
        (["shop"], "error: shop would neither publish nor handle an event"),
        (["shop", "--clients", "account"], "error: shop would neither publish nor handle an event"),
        (["shop", "--publishes", "a.b,"], "error: one event has an empty name"),
        (["shop", "--publishes", ","], "error: one event has an empty name"),
        (["shop", "--publishes", "a.b", "--clients", ","], "error: one client has an empty name"),
        (["shop", "--publishes", "a.b,a.b"], "error: the event a.b is given twice"),
        (["shop", "--publishes", "a.b", "--clients", "a/b"], "error: 'a/b' is no name for a client"),
        (["shop", "--publishes", "a.b", "--dir", "file"], "error: this is no folder\n  where: file"),
        (["taken", "--publishes", "a.b"], "error: the folder is there, and was not made by `eventkit scaffold`"),
    ],
)
def test_wrong_usage_is_told_and_nothing_is_written(eventkit, here, arguments, message) -> None:
    (here / "file").write_text("")
    (here / "taken").mkdir()
    (here / "taken/thesis.tex").write_text("")
    before = content(here)
    run = eventkit("scaffold", "service", *arguments)

    assert run.status == 2
    assert run.err.startswith(message)
    assert content(here) == before


def test_names_must_go_together_with_those_of_earlier_runs(eventkit) -> None:
    eventkit("scaffold", "service", "shop", "--publishes", "a.b")
    run = eventkit("scaffold", "service", "shop", "--handles", "a.b")

    assert run.status == 2
    assert run.err.startswith("error: a.b would be both published and handled by shop")


def test_a_folder_that_cannot_be_written_is_told(eventkit, here) -> None:
    (here / "services").write_text("")
    run = eventkit("scaffold", "service", "shop", "--publishes", "a.b", "--dir", "services/of/us")

    assert run.status == 2
    assert run.err.startswith("error: Not a directory")
