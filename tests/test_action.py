"""The GitHub Action and the pre-commit hooks of this repository: their commands, run as GitHub and pre-commit do."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from eventkit.cli import main
from eventkit.cli.app import COMMANDS
from tests.files import write_files

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
DOCUMENT = "asyncapi: 3.0.0\ninfo: {title: mail, version: 1.0.0}\n"


class Runner:
    """Runs the scripts of the action with given inputs, as a GitHub runner would."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        self.folder = folder
        self.inputs = {name: row["default"] for name, row in ACTION["inputs"].items()} | inputs
        self.files = {name: folder.parent / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        (step,) = (step for step in ACTION["runs"]["steps"] if step["name"] == name)
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        variables = {key: self._value(value) for key, value in step["env"].items()}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        files = {key: str(file) for key, file in self.files.items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env={"PATH": path, "HOME": str(self.folder), "GITHUB_ACTIONS": "true", **files, **variables},
            cwd=self.folder / self._value(step["working-directory"]),
            capture_output=True,
            text=True,
            check=False,
        )

    def _value(self, text: str) -> str:
        known = {f"inputs.{name}": value for name, value in self.inputs.items()} | {"github.action_path": str(ROOT)}
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known[found[1]], text)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return write_files(folder, {"contracts/mail.asyncapi.yaml": DOCUMENT, "eventkit.toml": 'sources = ["contracts"]\n'})


def test_the_action_verifies_what_is_configured(project) -> None:
    runner = Runner(project)
    run = runner.run("Verify contracts")

    assert (run.returncode, run.stderr) == (0, "")
    assert runner.files["GITHUB_OUTPUT"].read_text() == "status=0\n"


def test_the_action_fails_with_the_status_of_eventkit_and_annotates(project) -> None:
    runner = Runner(project, sources="nowhere contracts", sarif="report.sarif")
    run = runner.run("Verify contracts")

    assert run.returncode == 2
    assert "::error " in run.stdout
    assert runner.files["GITHUB_OUTPUT"].read_text() == "status=2\n"
    assert (project / "report.sarif").is_file()
    assert runner.files["GITHUB_STEP_SUMMARY"].read_text("utf-8")


def test_an_input_cannot_add_a_command(project) -> None:
    runner = Runner(project, sources="$(touch hacked) ; touch hacked `touch hacked`", args="& touch hacked")
    run = runner.run("Verify contracts")

    assert run.returncode == 2
    assert not (project / "hacked").exists()


def test_the_action_installs_itself_or_a_version_and_what_services_need(project) -> None:
    # Only what pip is asked for: an installation would need a network.
    (step,) = (step for step in ACTION["runs"]["steps"] if step["name"] == "Install eventkit")
    assert step["run"].count("pip install") == 1
    shown = step["run"].replace("python -m pip", "printf '%s\\n'")
    for inputs, requirements in (
        ({}, [f"{ROOT}[cli]"]),
        ({"version": "0.1.0", "requirements": "-r a*.txt"}, ["eventkit-contracts[cli]==0.1.0", "-r", "a*.txt"]),
    ):
        runner = Runner(project, **inputs)
        variables = {key: runner._value(value) for key, value in step["env"].items()}
        run = subprocess.run(["bash", "-ec", shown], env=variables, capture_output=True, text=True, check=True)
        assert run.stdout.split() == ["install", "--disable-pip-version-check", "--quiet", *requirements]


def test_the_hooks_are_commands_that_exist(monkeypatch, capsys) -> None:
    for hook in HOOKS:
        program, command, *options = shlex.split(hook["entry"])
        monkeypatch.setattr("sys.argv", [program, command, "--help"])
        with pytest.raises(SystemExit) as exit_:
            main()
        shown = capsys.readouterr().out
        assert not exit_.value.code
        assert Path(sys.executable).with_name(program).is_file()
        assert command in COMMANDS
        assert all(option in shown for option in options)
        assert hook["pass_filenames"] is False


def test_the_documented_hooks_of_the_environment_at_hand_ask_for_nothing_to_be_installed() -> None:
    page = (ROOT / "docs/pipelines.md").read_text("utf-8")
    text = page.split("```yaml\n# .pre-commit-config.yaml\n")[1].split("```")[0]
    (repository,) = yaml.safe_load(text)["repos"]
    declared = {hook["id"]: hook for hook in HOOKS}

    for hook in repository["hooks"]:
        # pre-commit refuses a hook of `language: system` with dependencies, those of the manifest included.
        assert {**declared[hook["id"]], **hook}["language"] == "system"
        assert {**declared[hook["id"]], **hook}["additional_dependencies"] == []
