"""How long it takes until eventkit can be used: importing it, and asking its command for help.

Each figure is that of a whole new process, as a user meets it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from benchmarks.measure import Table, alternate, seconds

ROUNDS = 15
BIN = Path(sys.executable).parent
ONE_MODEL = "import pydantic\nclass Model(pydantic.BaseModel):\n    field: int"
IMPORTS = {
    "python -c pass": "pass",
    "import pydantic; pydantic.BaseModel": "import pydantic; pydantic.BaseModel",
    "import pydantic, and one model": ONE_MODEL,
    "import eventkit": "import eventkit",
    "import eventkit, and one event": (
        "import eventkit\nclass Event(eventkit.Event, type='order.created'):\n    field: int"
    ),
}


def process(*command: str) -> Callable[[], float]:
    return lambda: seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


def imports() -> Table:
    found = alternate({name: process(sys.executable, "-c", code) for name, code in IMPORTS.items()}, ROUNDS)
    empty, base, model, *_ = found.values()
    rows = [
        (name, f"{took * 1000:.0f} ms", _ratio(took - empty, base - empty), _ratio(took - empty, model - empty))
        for name, took in found.items()
    ]
    return Table(
        "Importing",
        ("process", "median", "ratio to pydantic.BaseModel", "ratio to one model"),
        rows,
        "Ratios without the time of an empty process. Defining a model at all makes pydantic import more of itself.",
    )


def help_texts() -> Table:
    commands = {"eventkit --help": process(str(BIN / "eventkit"), "--help")}
    if find_spec("faststream"):
        commands["faststream --help"] = process(str(BIN / "faststream"), "--help")
    found = alternate(commands, ROUNDS)
    own = found["eventkit --help"]
    rows = [(name, f"{took * 1000:.0f} ms", _ratio(own, took)) for name, took in found.items()]
    return Table("Asking the command for help", ("process", "median", "ratio of eventkit to it"), rows)


def run() -> list[Table]:
    return [imports(), help_texts()]


def _ratio(part: float, whole: float) -> str:
    return f"{part / whole:.2f}"
