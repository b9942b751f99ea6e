"""Completion in a real shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eventkit.cli.app import COMMANDS
from eventkit.verify.reporters import Format
from eventkit.verify.rules import RULES

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


@pytest.fixture
def bash(tmp_path):
    """Run lines in a bash whose home is empty, and return the words that they print."""

    def run(script: str) -> list[str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "--norc", "-euc", script],
            env={"PATH": path, "HOME": str(tmp_path)},
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stderr == ""
        return done.stdout.split()

    return run


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> Path:
    """A file with what `--show-completion` shows."""
    # It asks which shell started it. A bash that has nothing else to do would make room for it, and not be that one.
    command = ["bash", "--norc", "-euc", f"{Path(sys.executable).with_name('eventkit')} --show-completion; true"]
    path = tmp_path_factory.mktemp("completion") / "completion.bash"
    path.write_bytes(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return path


def completing(*words: str) -> str:
    """Return what bash does at the tab key after some words."""
    quoted = " ".join(f"'{word}'" for word in words)
    return f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _eventkit_completion eventkit; echo ${{COMPREPLY[*]}}"


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        (("",), list(COMMANDS)),
        (("ver",), ["verify"]),
        (("--deb",), ["--debug"]),
        (("explain", "EK10"), [code for code in RULES if code.startswith("EK10")]),
        (("explain", "ek50"), [code.lower() for code in RULES if code.startswith("EK50")]),
        (("verify", "--format", ""), [format.value for format in Format]),
        (("verify", "--sever"), ["--severity"]),
    ],
)
def test_commands_options_codes_and_formats_are_completed(bash, shown, words, completions) -> None:
    assert bash(f"source {shown}; {completing('eventkit', *words)}") == completions


def test_completion_can_be_installed(bash, tmp_path) -> None:
    bash("eventkit --install-completion; true")

    assert bash(f"set +u; source ~/.bashrc; {completing('eventkit', 'expl')}") == ["explain"]


def test_completing_a_command_imports_none() -> None:
    program = "import sys; from eventkit.cli import main\ntry: main()\nfinally: print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "COMP_WORDS": "eventkit ", "COMP_CWORD": "1", "_EVENTKIT_COMPLETE": "complete_bash"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert {row.module for row in COMMANDS.values()}.isdisjoint(run.stdout.split())
    assert set(COMMANDS) <= set(run.stdout.split())
