"""What runs in the process of one package: imports its modules and tells what its services publish and handle.

    python -P -m eventkit.discovery.python.child REQUEST

`REQUEST` is JSON, and so is the answer, on standard output. Whatever the modules print goes to standard error instead,
also when they write to the file descriptor.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import sys
import traceback
from collections import deque
from collections.abc import Container, Iterator
from contextlib import chdir
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from eventkit.contract.errors import EventkitError
from eventkit.contract.service import Service
from eventkit.discovery import codes
from eventkit.discovery.contract import Contract, Place
from eventkit.discovery.landscape import SourceProblem, shown
from eventkit.discovery.python.contracts import NoSchemaError, contract_of
from eventkit.discovery.python.source_files import SourceFiles


@dataclass(frozen=True, slots=True)
class Request:
    """What the process is to do.

    Args:
        root: The folder that is put on `sys.path`.
        folder: The folder of the package, for its name.
        modules: Dotted names of the modules, each with the names that it binds to a service.
        timeout: Seconds after which the process ends.
    """

    root: Path
    folder: Path
    modules: dict[str, tuple[str, ...]]
    timeout: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found: contracts, or the one problem because of which there are none."""

    contracts: tuple[Contract, ...] = ()
    problem: SourceProblem | None = None


REQUEST: Final = TypeAdapter(Request)
ANSWER: Final = TypeAdapter(Answer)
_MAX_MESSAGE: Final = 300
_MEND_SYNTAX: Final = "correct it, or leave it out of the sources"
_MEND: Final = "let the module be importable without side effects, in the environment in which eventkit runs"


def answer(request: Request) -> Answer:
    """Import the modules and describe the services that they bind."""
    sys.path.insert(0, str(request.root))
    services: dict[Service, None] = {}
    for name, variables in request.modules.items():
        try:
            with chdir("."):  # comes back, wherever the module goes: places are relative to this folder
                module = import_module(name)
        except BaseException as error:  # noqa: BLE001 - whatever a module does on import is a finding
            return Answer(problem=_import_problem(error, name, request))
        bound = (getattr(module, variable, None) for variable in variables)
        services.update((service, None) for service in bound if isinstance(service, Service))
    stray = next(_strays(services, request), None)
    if stray is not None:
        return Answer(problem=stray)
    sources = SourceFiles()
    try:
        return Answer(tuple(contract_of(service, shown(request.folder), sources) for service in services))
    except NoSchemaError as error:
        mend = "use types that JSON has, or give the type a schema with pydantic's `WithJsonSchema`"
        return Answer(problem=SourceProblem(codes.NO_SCHEMA, error.reason, error.place or _first_place(request), mend))
    except EventkitError as error:
        place = _named_place(error) or _first_place(request)
        return Answer(problem=SourceProblem(codes.IMPORT_FAILED, error.what, place, error.mend or _MEND))


def in_package(file: Path, root: Path) -> bool:
    """Tell whether a file belongs to the code below a root, and not to what is installed there."""
    return file.is_relative_to(root) and "site-packages" not in file.parts


def _strays(services: Container[Service], request: Request) -> Iterator[SourceProblem]:
    """Yield a problem for each function of the modules that belongs to another service than those they bind."""
    # By type() and not by isinstance(), which asks the objects, and some of them answer with an error.
    others = (found for found in gc.get_objects() if issubclass(type(found), Service) and found not in services)
    for service in others:
        for declared in (*service.publishers, *service.handlers, *service.upcasters):
            if declared.function.__module__ in request.modules:
                place = SourceFiles().of_function(declared.function)
                yield SourceProblem(
                    codes.ANOTHER_SERVICE,
                    f"{declared.function.__qualname__} belongs to {service.name}, which is not bound in this package",
                    place or _first_place(request),
                    "bind the service at the top of a module of its own package, and import it from there",
                )


def _import_problem(error: BaseException, module: str, request: Request) -> SourceProblem:
    mend = _MEND
    if isinstance(error, SystemExit):
        what = f"{module} ends the process: SystemExit({error.code!r})"
    elif isinstance(error, EventkitError):
        what, mend = error.what, error.mend or mend
    elif isinstance(error, SyntaxError):  # `str(error)` names the file and the line again
        what, mend = f"importing {module} failed: {type(error).__name__}: {error.msg}", _MEND_SYNTAX
    else:
        first_line = str(error).strip().partition("\n")[0][:_MAX_MESSAGE]
        what = f"importing {module} failed: {type(error).__name__}{first_line and ': '}{first_line}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        mend = f"install {error.name.partition('.')[0]} in the environment in which eventkit runs"
    place = _named_place(error) or _innermost_place(error, request.root) or Place(shown(_file(request, module)), 1)
    return SourceProblem(codes.IMPORT_FAILED, what, place, mend)


def _named_place(error: BaseException) -> Place | None:
    """Return the place that the error itself names."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return Place(shown(Path(error.filename)), error.lineno, max(error.offset or 1, 1))
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


def _first_place(request: Request) -> Place:
    return Place(shown(_file(request, next(iter(request.modules)))), 1)


def _file(request: Request, module: str) -> Path:
    base = request.root.joinpath(*module.split("."))
    package = base / "__init__.py"
    return package if package.is_file() else base.with_suffix(".py")


def main() -> None:
    """Answer the request on the command line, and end the process whatever the modules have started."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request = REQUEST.validate_json(sys.argv[1])
    del sys.argv[1:]
    # Ends the process at the time limit and says where it was, even when the interpreter itself is stuck.
    faulthandler.dump_traceback_later(request.timeout, exit=True, file=channel)
    found = answer(request)
    faulthandler.cancel_dump_traceback_later()
    channel.write(ANSWER.dump_json(found))
    channel.flush()
    os._exit(0)  # not a return: threads that a module started would keep the process alive


if __name__ == "__main__":
    main()
