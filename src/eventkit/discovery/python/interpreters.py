"""The interpreters in which services are imported: whether one can be used, and what to do where it cannot.

A service is imported by the interpreter that is configured for the nearest folder around it, else by the one that runs
eventkit. One that is configured needs eventkit in its environment, without any extra.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from eventkit import __version__
from eventkit.discovery import codes
from eventkit.discovery.config import Interpreter
from eventkit.discovery.landscape import SourceProblem, shown
from eventkit.discovery.python.protocol import PROTOCOL

_OLDEST: Final = (3, 11)
_TIMEOUT: Final = 60.0
"""Seconds in which an interpreter has to tell what it is."""
# For any Python since 2.6: an old one has to be able to say how old it is.
_QUESTION: Final = """\
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import json
answer = {"python": list(sys.version_info[:2]), "protocol": None, "version": None}
try:
    import eventkit
    answer["version"] = getattr(eventkit, "__version__", None)
    from eventkit.discovery.python.protocol import PROTOCOL
    answer["protocol"] = PROTOCOL
except Exception:
    answer["error"] = repr(sys.exc_info()[1])
print("eventkit:" + json.dumps(answer))
"""


def interpreter_of(folder: Path, interpreters: Iterable[Interpreter]) -> Interpreter | None:
    """Return the interpreter that is configured for a folder or for the nearest one around it; None where none is."""
    around = (interpreter for interpreter in interpreters if folder.is_relative_to(interpreter.folder))
    return max(around, key=lambda interpreter: len(interpreter.folder.parts), default=None)


def check_interpreter(interpreter: Interpreter) -> SourceProblem | None:
    """Return the problem because of which an interpreter cannot be used; None where it can."""
    python = shown(interpreter.python)
    try:
        run = subprocess.run(
            [interpreter.python, "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _problem(interpreter, f"{python} did not start within {_TIMEOUT:g} seconds", "name a Python interpreter")
    except OSError as error:
        return _problem(
            interpreter,
            f"{python} cannot be started: {error.strerror}",
            f"make the environment, `python3 -m venv {shown(interpreter.python.parent.parent)}`, or correct the path",
        )
    told = [line for line in run.stdout.decode("utf-8", "replace").splitlines() if line.startswith("eventkit:")]
    if not told:
        return _problem(interpreter, f"{python} is no Python interpreter", "name one, as `.venv/bin/python`")
    answer = json.loads(told[-1].removeprefix("eventkit:"))
    version = tuple(answer["python"])
    install = f"{python} -m pip install eventkit-contracts=={__version__}"
    if version < _OLDEST:
        old, oldest = (".".join(map(str, numbers)) for numbers in (version, _OLDEST))
        return _problem(
            interpreter,
            f"{python} is Python {old}, and eventkit needs {oldest} or newer",
            "make the environment with a newer Python, or verify the service by its AsyncAPI document",
        )
    if answer["protocol"] is None and "No module named 'eventkit" in answer["error"]:
        what = f"eventkit is not installed in the environment of {python}"
        return _problem(interpreter, what, f"install it: {install}")
    if answer["protocol"] is None:
        what = f"eventkit cannot be imported in the environment of {python}: {answer['error']}"
        return _problem(interpreter, what, f"mend the environment: {install}")
    if answer["protocol"] != PROTOCOL:
        what = (
            f"eventkit {answer['version']} in the environment of {python} does not understand eventkit {__version__}, "
            "which runs this"
        )
        return _problem(interpreter, what, f"install the same version: {install}")
    return None


def is_own(interpreter: Interpreter | None) -> bool:
    """Tell whether an interpreter is the one that runs eventkit."""
    return interpreter is None or str(interpreter.python) == sys.executable


def _problem(interpreter: Interpreter, message: str, mend: str) -> SourceProblem:
    return SourceProblem(codes.NO_INTERPRETER, message, interpreter.place, mend)
