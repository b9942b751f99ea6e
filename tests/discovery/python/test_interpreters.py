"""Services with an environment of their own: real virtual environments, and whatever else may stand in their place."""

import os
import shutil
import sysconfig
from pathlib import Path
from venv import EnvBuilder

import pytest

import eventkit
from eventkit.discovery import codes
from eventkit.discovery.config import load_config
from eventkit.discovery.contract import Place
from eventkit.discovery.discover import discover
from eventkit.discovery.landscape import Landscape
from eventkit.discovery.python.protocol import PROTOCOL

SERVICE = "import sys\nfrom eventkit import Event, Service\nservice = Service(NAME)\n"
LEGACY = SERVICE.replace("NAME", "'legacy' if '.venv-legacy' in sys.prefix else 'wrong'")
CONFIG = '[interpreters]\n"services/legacy" = "PYTHON"\n'


def make_environment(folder: Path, *, paths: list[str]) -> Path:
    """Make a virtual environment that finds packages in some folders, and return its interpreter."""
    EnvBuilder(symlinks=True).create(folder)
    packages = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(folder), "platbase": str(folder)}))
    (packages / "found.pth").write_text("\n".join(paths), "utf-8")
    return folder / "bin" / "python"


def installed() -> list[str]:
    """Return the folders in which this eventkit and pydantic are installed."""
    return [str(Path(eventkit.__file__).parents[1]), sysconfig.get_path("purelib")]


@pytest.fixture
def shop(write):
    """Two services, of which `legacy` is imported by the given interpreter; returns how they are discovered."""

    def run(python: str) -> Landscape:
        folder = write(
            {
                "services/legacy/__init__.py": LEGACY,
                "services/orders/__init__.py": SERVICE.replace("NAME", "'orders'"),
                "eventkit.toml": CONFIG.replace("PYTHON", python),
            }
        )
        return discover([folder / "services"], load_config(folder))

    return run


def test_a_service_is_imported_by_the_interpreter_of_its_folder(shop, tmp_path) -> None:
    make_environment(tmp_path / ".venv-legacy", paths=installed())
    landscape = shop(".venv-legacy/bin/python")

    assert [contract.service for contract in landscape.services] == ["legacy", "orders"]
    assert landscape.problems == ()


def test_the_nearest_folder_counts(write, tmp_path) -> None:
    make_environment(tmp_path / ".venv-legacy", paths=installed())
    folder = write(
        {
            "services/legacy/__init__.py": LEGACY,
            "eventkit.toml": '[interpreters]\nservices = "nowhere"\n"services/legacy" = ".venv-legacy/bin/python"\n',
        }
    )
    landscape = discover([folder], load_config(folder))

    assert [contract.service for contract in landscape.services] == ["legacy"]


def script(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    path.chmod(0o755)
    return path.name


@pytest.mark.parametrize(
    ("text", "message", "mend"),
    [
        (None, "python cannot be started: No such file or directory", "make the environment, `python3 -m venv "),
        ("no program", "python cannot be started: Exec format error", "make the environment, "),
        ("#!/bin/sh\necho '{}'", "python is no Python interpreter", "name one, as `.venv/bin/python`"),
        ("#!/bin/sh\nexit 3", "python is no Python interpreter", "name one, as `.venv/bin/python`"),
    ],
)
def test_what_is_no_interpreter_is_one_problem_where_it_is_configured_and_the_rest_is_read(
    shop, tmp_path, text, message, mend
) -> None:
    if text:
        script(tmp_path / "python", text)
    landscape = shop("python")

    assert [contract.service for contract in landscape.services] == ["orders"]
    (problem,) = landscape.problems
    assert (problem.code, problem.place) == (codes.NO_INTERPRETER, Place("eventkit.toml", 2))
    assert problem.message == message
    assert problem.mend.startswith(mend)


def test_an_environment_without_eventkit_is_told_how_to_get_it(shop, tmp_path) -> None:
    make_environment(tmp_path / ".venv-legacy", paths=[])
    (problem,) = shop(".venv-legacy/bin/python").problems

    assert problem.message == "eventkit is not installed in the environment of .venv-legacy/bin/python"
    assert problem.mend == (
        f"install it: .venv-legacy/bin/python -m pip install eventkit-contracts=={eventkit.__version__}"
    )


def test_the_other_distribution_called_eventkit_is_not_taken_for_this_one(shop, tmp_path) -> None:
    (tmp_path / "other" / "eventkit").mkdir(parents=True)
    (tmp_path / "other" / "eventkit" / "__init__.py").write_text("__version__ = '1.0.3'\n", "utf-8")
    make_environment(tmp_path / ".venv-legacy", paths=[str(tmp_path / "other")])
    (problem,) = shop(".venv-legacy/bin/python").problems

    assert problem.message == "eventkit is not installed in the environment of .venv-legacy/bin/python"


def test_an_eventkit_without_what_it_needs_is_told(shop, tmp_path) -> None:
    make_environment(tmp_path / ".venv-legacy", paths=installed()[:1])
    (problem,) = shop(".venv-legacy/bin/python").problems

    assert problem.code == codes.NO_INTERPRETER
    assert "pydantic" in problem.message
    assert problem.mend.startswith("mend the environment: ")


def test_an_eventkit_that_speaks_otherwise_is_told_to_be_brought_to_the_same_version(shop, tmp_path) -> None:
    copy = tmp_path / "newer"
    shutil.copytree(Path(eventkit.__file__).parent, copy / "eventkit", ignore=shutil.ignore_patterns("__pycache__"))
    for file, old, new in (
        ("__init__.py", f'__version__ = "{eventkit.__version__}"', '__version__ = "9.0.0"'),
        ("discovery/python/protocol.py", f"PROTOCOL: Final = {PROTOCOL}", "PROTOCOL: Final = 99"),
    ):
        text = (copy / "eventkit" / file).read_text("utf-8")
        assert old in text
        (copy / "eventkit" / file).write_text(text.replace(old, new), "utf-8")
    make_environment(tmp_path / ".venv-legacy", paths=[str(copy), installed()[1]])
    (problem,) = shop(".venv-legacy/bin/python").problems

    assert problem.message == (
        "eventkit 9.0.0 in the environment of .venv-legacy/bin/python does not understand "
        f"eventkit {eventkit.__version__}, which runs this"
    )
    assert problem.mend.startswith("install the same version: ")


def old_pythons() -> list[str]:
    """Return Pythons of this machine that are too old: a version manager may hold some."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = (str(path) for path in sorted(versions.glob("*/bin/python")))
    return [path for path in found if any(f"/{old}." in path for old in ("2.7", "3.6", "3.8", "3.10"))]


@pytest.mark.skipif(not old_pythons(), reason="there is no old Python on this machine")
def test_a_python_that_is_too_old_is_told(shop) -> None:
    for python in old_pythons():
        (problem,) = shop(python).problems
        assert problem.code == codes.NO_INTERPRETER
        assert problem.message.startswith(f"{python} is Python ")
        assert problem.message.endswith(", and eventkit needs 3.11 or newer")


def test_one_interpreter_of_two_services_is_one_problem(write) -> None:
    folder = write(
        {
            "services/a.py": SERVICE.replace("NAME", "'a'"),
            "services/b/__init__.py": SERVICE.replace("NAME", "'b'"),
            "eventkit.toml": '[interpreters]\nservices = "nowhere/bin/python"\n',
        }
    )
    landscape = discover([folder], load_config(folder))

    assert [problem.code for problem in landscape.problems] == [codes.NO_INTERPRETER]
