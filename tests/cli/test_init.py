"""`eventkit init`: the configuration for what is there."""

import tomllib
from pathlib import Path

import pytest

from tests.files import write_files

SERVICE = "from eventkit import Service\nservice = Service('NAME')\n"
DOCUMENT = "asyncapi: 3.0.0\ninfo: {title: NAME, version: 1.0.0}\n"


def service(name: str) -> str:
    return SERVICE.replace("NAME", name)


def document(name: str) -> str:
    return DOCUMENT.replace("NAME", name)


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        ({"shop.py": service("shop")}, {"sources": ["."]}),
        ({"shop/__init__.py": service("shop")}, {"sources": ["shop"]}),
        (
            {
                "services/a/__init__.py": service("a"),
                "services/b/__init__.py": service("b"),
                "schemas/a.asyncapi.yaml": document("a"),
                "contracts/mail.asyncapi.yaml": document("mail"),
            },
            {"sources": ["services"], "neighbours": ["contracts"]},
        ),
        (
            {"shop/a/__init__.py": service("a"), "shop/external/x/b.yaml": document("b")},
            {"sources": ["shop"], "neighbours": ["shop/external/x"]},
        ),
        ({f"{n}/__init__.py": service(n) for n in "abcde"}, {"sources": ["."]}),
        ({f"{n}/__init__.py": service(n) for n in "ab"}, {"sources": ["a", "b"]}),
        ({"docs/asyncapi.yaml": document("mail"), "app/main.py": "import faststream"}, {"sources": ["docs"]}),
        ({"asyncapi.yaml": document("mail")}, {"sources": ["asyncapi.yaml"]}),
        ({"services/bad/__init__.py": service("bad") + "1 / 0\n"}, {"sources": ["services"]}),
    ],
)
def test_it_is_written_for_the_services_and_documents_that_are_there(eventkit, here, files, settings) -> None:
    write_files(here, files)
    run = eventkit("init")

    assert (run.status, run.err) == (0, "")
    assert tomllib.loads((here / "eventkit.toml").read_text("utf-8")) == settings
    assert "eventkit.toml got:\n" in run.out


def test_it_says_what_was_found_and_what_to_do_next(eventkit, here, snapshot) -> None:
    write_files(
        here,
        {
            "services/a/__init__.py": service("a"),
            "services/bad/__init__.py": service("bad") + "1 / 0\n",
            "contracts/mail.asyncapi.yaml": document("mail"),
        },
    )

    assert eventkit("init").out == snapshot


def test_what_was_written_verifies(eventkit, here) -> None:
    write_files(here, {"services/a/__init__.py": service("a"), "contracts/mail.yaml": document("mail")})
    eventkit("init")
    run = eventkit("verify")

    assert run.status == 0
    assert "1 service, 1 neighbour, 0 pairs\nno findings\n" in run.out


@pytest.mark.parametrize(
    "project",
    [
        "[project]\nname = 'shop'  # mine\n\n[tool.ruff]\nline-length = 120\n",
        "[project]\nname = 'shop'",
        "[project]\r\nname = 'shop'\r\n",
        "",
        "[tool]\nx = 1\n",
    ],
)
def test_the_rest_of_pyproject_is_not_touched(eventkit, here, project) -> None:
    write_files(here, {"shop/asyncapi.yaml": document("shop")})
    (here / "pyproject.toml").write_bytes(project.encode())
    run = eventkit("init")
    text = (here / "pyproject.toml").read_bytes().decode()

    assert run.status == 0
    assert text.startswith(project)
    assert tomllib.loads(text)["tool"]["eventkit"] == {"sources": ["shop"]}
    assert ("\r\n" in text) == ("\r\n" in project)
    assert text.count("\n") == text.count("\r\n") or "\r\n" not in project
    assert not (here / "eventkit.toml").exists()


def test_where_no_table_can_be_added_to_pyproject_a_file_of_its_own_is_written(eventkit, here) -> None:
    write_files(here, {"shop/asyncapi.yaml": document("shop"), "pyproject.toml": "tool = {ruff = {}}\n"})
    eventkit("init")

    assert (here / "pyproject.toml").read_text("utf-8") == "tool = {ruff = {}}\n"
    assert (here / "eventkit.toml").read_text("utf-8") == 'sources = ["shop"]\n'


def test_a_pyproject_that_cannot_be_read_is_an_error(eventkit, here) -> None:
    write_files(here, {"shop/asyncapi.yaml": document("shop"), "pyproject.toml": "[tool\n"})
    run = eventkit("init")

    assert run.status == 2
    assert run.err.startswith("error: not TOML: ")


def test_a_configuration_that_is_there_is_never_changed(eventkit, here) -> None:
    write_files(here, {"eventkit.toml": "sources = ['mine']\n", "shop/__init__.py": service("shop"), "deep/.keep": ""})
    run = eventkit("init")

    assert (run.status, run.out) == (0, "eventkit.toml configures eventkit already: nothing was written\n")
    assert (here / "eventkit.toml").read_text("utf-8") == "sources = ['mine']\n"


def test_run_again_it_changes_nothing(eventkit, here) -> None:
    write_files(here, {"pyproject.toml": "[project]\nname = 'shop'\n", "shop/asyncapi.yaml": document("shop")})
    eventkit("init")
    first = (here / "pyproject.toml").read_bytes()

    assert eventkit("init").out == "pyproject.toml configures eventkit already: nothing was written\n"
    assert (here / "pyproject.toml").read_bytes() == first


def test_a_dry_run_writes_nothing(eventkit, here) -> None:
    write_files(here, {"asyncapi.yaml": document("mail")})
    run = eventkit("init", "--dry-run")

    assert run.status == 0
    assert 'eventkit.toml would get:\n  sources = ["asyncapi.yaml"]\n' in run.out
    assert not (here / "eventkit.toml").exists()


def test_in_an_empty_folder_it_says_how_to_begin(eventkit, here) -> None:
    run = eventkit("init")

    assert run.status == 2
    assert run.err == (
        f"error: there is no service and no AsyncAPI document here\n  where: {here}\n"
        "  mend: write a service with `eventkit scaffold service NAME`, or copy the documents of your services into a "
        "folder, and run `eventkit init` again\n"
    )
    assert list(here.iterdir()) == []
