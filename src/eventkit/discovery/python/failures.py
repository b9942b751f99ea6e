"""What went wrong while a package was imported, as a problem with its place.

Whatever an exception of foreign code answers when it is asked for its message is taken as it comes, errors included.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from eventkit.contract.errors import EventkitError
from eventkit.discovery import codes
from eventkit.discovery.contract import Place
from eventkit.discovery.landscape import SourceProblem, shown
from eventkit.discovery.python.protocol import Request

_MAX_MESSAGE: Final = 300
_MEND: Final = "let the module be importable without side effects, in the environment in which it is imported"


def import_problem(error: BaseException, module: str, request: Request) -> SourceProblem:
    """Return the problem that a module could not be imported.

    Args:
        error: What it raised.
        module: Its dotted name.
        request: The package.
    """
    mend = _MEND
    if isinstance(error, SystemExit):
        what = f"{module} ends the process: SystemExit({one_line(_text(repr, error.code))})"
    elif isinstance(error, EventkitError):
        what, mend = error.what, error.mend or mend
    elif isinstance(error, SyntaxError):  # `str(error)` names the file and the line again
        what = f"importing {module} failed: {type(error).__name__}: {one_line(_text(str, error.msg))}"
        mend = "correct it, or leave it out of the sources"
    else:
        what = f"importing {module} failed: {_described(error)}"
    if isinstance(error, ModuleNotFoundError) and isinstance(error.name, str) and error.name:
        mend = f"install {error.name.partition('.')[0]} in the environment in which the service is imported"
    place = _named_place(error) or _innermost_place(error, request.root) or Place(shown(file_of(request, module)), 1)
    return SourceProblem(codes.IMPORT_FAILED, what, place, mend)


def description_problem(error: Exception, request: Request) -> SourceProblem:
    """Return the problem that the services of a package cannot be described, though they could be imported."""
    if isinstance(error, EventkitError):
        what, place, mend = error.what, _named_place(error), error.mend or _MEND
    else:
        what = f"the events of {', '.join(request.modules)} cannot be described: {_described(error)}"
        place = _innermost_place(error, request.root)
        mend = "correct it: eventkit asks every event model for its JSON Schema"
    return SourceProblem(codes.IMPORT_FAILED, what, place or first_place(request), mend)


def in_package(file: Path, root: Path) -> bool:
    """Tell whether a file belongs to the code below a root, and not to what is installed there."""
    return file.is_relative_to(root) and "site-packages" not in file.parts


def first_place(request: Request) -> Place:
    """Return the beginning of the package's first module."""
    return Place(shown(file_of(request, next(iter(request.modules)))), 1)


def file_of(request: Request, module: str) -> Path:
    """Return the file of a module of the package."""
    base = request.root.joinpath(*module.split("."))
    package = base / "__init__.py"
    return package if package.is_file() else base.with_suffix(".py")


def one_line(text: str) -> str:
    """Return what foreign code says as one line, not too long, and without what a terminal would obey."""
    # All of its lines: pydantic tells in the first one that a model is wrong, and in the others how.
    lines = text.strip()[: 10 * _MAX_MESSAGE].splitlines()
    line = " ".join(filter(None, map(str.strip, lines)))
    cut = line if len(line) <= _MAX_MESSAGE else f"{line[:_MAX_MESSAGE]}..."
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in cut)


def _described(error: BaseException) -> str:
    message = one_line(_text(str, error))
    return f"{type(error).__name__}{message and ': '}{message}"


def _text(to_text: Callable[[object], str], value: object) -> str:
    try:
        return to_text(value)
    except BaseException as error:  # noqa: BLE001 - the message of an error must not hide the error
        return f"(no message: it raises {type(error).__name__})"


def _named_place(error: BaseException) -> Place | None:
    """Return the place that the error itself names."""
    if isinstance(error, SyntaxError) and isinstance(error.filename, str) and isinstance(error.lineno, int):
        column = error.offset if isinstance(error.offset, int) else 1
        return Place(shown(Path(error.filename)), max(error.lineno, 1), max(column, 1))
    if isinstance(error, EventkitError) and error.where:
        file, _, line = error.where.rpartition(":")
        if line.isdecimal() and Path(file).is_file():
            return Place(shown(Path(file)), int(line))
    return None


def _innermost_place(error: BaseException, root: Path) -> Place | None:
    """Return the place in the package from which the error came."""
    frames = ((Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(error.__traceback__))
    innermost = deque((place for place in frames if in_package(place[0], root)), maxlen=1)
    return Place(shown(innermost[0][0]), innermost[0][1]) if innermost else None
