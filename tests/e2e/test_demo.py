"""`make demo`, as it is seen by who runs it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROOT = Path(__file__).parents[2]

STORY = """
  1  order.created           order    -> payment
  1  payment.intent.created  payment  -> nobody so far
  1  payment.completed       payment  -> order, product
  1  order.completed         order    -> notification, storage
  2  order.created           order    -> payment
  2  payment.intent.created  payment  -> nobody so far
  2  payment.failed          payment  -> notification, order
  2  order.updated           order    -> nobody so far
  3  order.created           order    -> payment
  3  payment.intent.created  payment  -> nobody so far
  3  payment.completed       payment  -> order, product
  3  order.completed         order    -> notification, storage
  3  order.canceled          order    -> notification
  3  payment.refunded        payment  -> order
  3  order.refunded          order    -> notification
"""


@pytest.fixture
def demo(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1", "COLUMNS": "100"}
    command = [sys.executable, "-m", "examples.demo"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        yield process
        process.kill()


def test_it_tells_its_story_and_cleans_up(demo, tmp_path):
    output, errors = demo.communicate(timeout=120)

    assert (demo.returncode, errors) == (0, "")
    assert STORY in output
    assert "28 pairs: 28 compatible" in output
    assert "28 pairs: 26 compatible, 2 incompatible" in output
    assert re.findall(r"error\[(EK\d+)\]", output) == ["EK102", "EK101"]
    assert re.search(r"total_amount: int\b.*\n.*\^+ reads an integer", output)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_stopped_leaves_nothing_behind(demo, tmp_path, number):
    for line in demo.stdout:
        if line.startswith("2. "):
            break

    demo.send_signal(number)
    _, errors = demo.communicate(timeout=60)

    assert demo.returncode == 130
    assert errors == "stopped: all processes have ended, and the temporary folder is gone\n"
    assert list(tmp_path.iterdir()) == []
    assert processes_in(tmp_path) == []


def processes_in(folder: Path) -> list[str]:
    """Return the processes that work in a folder, as far as the system tells."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.joinpath("cwd").readlink().is_relative_to(folder):
                found.append(process.joinpath("cmdline").read_text())
        except OSError:
            continue  # it has ended, or is somebody else's
    return found
