"""The programs in docs/: the Python of each page is one program, which runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import write_rules

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(page for page in DOCS.glob("*.md") if "```python" in page.read_text())
RUN_TESTS = (
    "\nfor name, test in list(globals().items()):\n    if name.startswith('test_'):\n        asyncio.run(test())\n"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_program_runs(page: Path, tmp_path: Path) -> None:
    program = "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
    (tmp_path / "program.py").write_text(program + (RUN_TESTS if "async def test_" in program else ""))
    command = [sys.executable, "-W", "error", "program.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_its_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_page_of_rules_is_the_table_of_rules() -> None:
    assert write_rules.PAGE.read_text("utf-8") == write_rules.page(), "run `make rules`"
