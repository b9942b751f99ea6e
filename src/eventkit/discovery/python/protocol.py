"""What the process of eventkit and that of a package say to each other: one request, one answer, both JSON.

The two may run in different environments, with different versions of Python, pydantic and eventkit. Keys that one of
them does not know are passed over; whatever changes the meaning of the others raises `PROTOCOL`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from eventkit.discovery.contract import Contract
from eventkit.discovery.landscape import SourceProblem

PROTOCOL: Final = 1
"""Processes understand each other when this number is the same in both."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the process is to do.

    Args:
        root: The folder that is put on `sys.path`.
        folder: The folder of the package, for its name.
        modules: Dotted names of the modules, each with the names that it binds to a service.
        timeout: Seconds after which the process ends.
        revision: The folder that holds the git revision to which the package belongs; None for the work tree.
        work_tree: The work tree, from which nothing of a revision may be imported; None where there is none.
    """

    root: Path
    folder: Path
    modules: dict[str, tuple[str, ...]]
    timeout: float
    revision: Path | None = None
    work_tree: Path | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found: contracts, or the one problem because of which there are none."""

    contracts: tuple[Contract, ...] = ()
    problem: SourceProblem | None = None


REQUEST: Final = TypeAdapter(Request)
ANSWER: Final = TypeAdapter(Answer)
