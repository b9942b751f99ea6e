"""The programs in docs/: the Python of each page is one program, which runs. And the settings of each bus."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from eventkit import connect
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
    environment = {**os.environ, "AUDIT_PORT": "0"}  # a free one, not the one of the page
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_its_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_page_of_rules_is_the_table_of_rules() -> None:
    assert write_rules.PAGE.read_text("utf-8") == write_rules.page(), "run `make rules`"


# A page, the heading of its settings, and a URL of the bus.
BUSES = [
    ("buses.md", "memory://", "memory://"),
    ("buses.md", "sqlite:///path", "sqlite:///events.db"),
    ("buses/nats.md", "Settings", "nats://localhost"),
    ("buses/redis.md", "Settings", "redis://localhost"),
    ("buses/rabbitmq.md", "Settings", "amqp://localhost"),
    ("buses/kafka.md", "Settings", "kafka://localhost"),
]


@pytest.mark.parametrize(("page", "heading", "url"), BUSES, ids=[url for _, _, url in BUSES])
def test_the_settings_of_a_bus_are_those_that_its_page_lists(page: str, heading: str, url: str) -> None:
    section = (DOCS / page).read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    listed: dict[str, str] = {}
    for names, default in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.*?) ?\|", section, re.MULTILINE):
        listed |= dict.fromkeys(re.findall(r"`(\w+)`", names), default.strip())
    parameters = inspect.signature(type(connect(url)).__init__).parameters.values()
    settings = {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}

    assert sorted(listed) == sorted(settings)
    for name, default in settings.items():
        if isinstance(default, bool):
            assert listed[name] == str(default).lower()
        elif isinstance(default, int | float) and default:
            assert float(listed[name].split()[0].replace(",", "")) == default
        elif default:
            assert listed[name].strip("`") == default
