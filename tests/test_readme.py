"""The README's first example, as a reader would try it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()
EXAMPLE = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
RUN, VERIFY = re.findall(r"```console\n\$ [^\n]*\n(.*?)```", README, re.DOTALL)


EVENTKIT = str(Path(sys.executable).parent / "eventkit")


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "120"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(EXAMPLE)
    return tmp_path


def test_it_runs_and_prints_what_the_readme_shows(folder):
    assert run(folder, sys.executable, "shop.py").stdout == RUN


def test_it_is_verified(folder):
    assert run(folder, EVENTKIT, "verify", ".").returncode == 0


def test_with_the_field_renamed_it_breaks_as_the_readme_shows(folder):
    (folder / "shop.py").write_text(EXAMPLE.replace("    email: str\n", "    mail: str\n", 1))
    verify = run(folder, EVENTKIT, "verify", ".")
    assert verify.returncode == 1
    assert VERIFY in verify.stdout
