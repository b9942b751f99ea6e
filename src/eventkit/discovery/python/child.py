"""What runs in the process of one package: imports its modules and tells what its services publish and handle.

    python -P -m eventkit.discovery.python.child < REQUEST > ANSWER

The two are described in `protocol`. Whatever the modules print goes to standard error instead of the answer, also when
they write to the file descriptor.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import sys
from collections.abc import Container, Iterator
from contextlib import chdir
from importlib import import_module
from pathlib import Path
from types import ModuleType

from eventkit.contract.service import Service
from eventkit.discovery import codes
from eventkit.discovery.contract import Place
from eventkit.discovery.landscape import SourceProblem, shown
from eventkit.discovery.python.contracts import NoSchemaError, contract_of
from eventkit.discovery.python.failures import description_problem, first_place, import_problem, in_package
from eventkit.discovery.python.protocol import ANSWER, REQUEST, Answer, Request
from eventkit.discovery.python.source_files import SourceFiles


def answer(request: Request) -> Answer:
    """Import the modules and describe the services that they bind."""
    _leave_work_tree(request)
    sys.path.insert(0, str(request.root))
    services: dict[Service, None] = {}
    for name, variables in request.modules.items():
        try:
            with chdir("."):  # comes back, wherever the module goes: places are relative to this folder
                module = import_module(name)
        except BaseException as error:  # noqa: BLE001 - whatever a module does on import is a finding
            return Answer(problem=import_problem(error, name, request))
        bound = (getattr(module, variable, None) for variable in variables)
        services.update((service, None) for service in bound if isinstance(service, Service))
    problem = next(_strays(services, request), None) or next(_mixed_in(request), None)
    if problem is not None:
        return Answer(problem=problem)
    sources = SourceFiles()
    try:
        return Answer(tuple(contract_of(service, shown(request.folder), sources) for service in services))
    except NoSchemaError as error:
        mend = "use types that JSON has, or give the type a schema with pydantic's `WithJsonSchema`"
        return Answer(problem=SourceProblem(codes.NO_SCHEMA, error.reason, error.place or first_place(request), mend))
    except Exception as error:  # noqa: BLE001 - models say how they are described, in code of their own
        return Answer(problem=description_problem(error, request))


def _leave_work_tree(request: Request) -> None:
    """Let what would be imported from the work tree be imported from the revision to which the package belongs.

    The folders of the work tree get onto `sys.path` by `pip install --editable`, for example.
    """
    if request.revision is not None and request.work_tree is not None:
        for index, entry in enumerate(sys.path):
            folder = Path(os.path.realpath(entry))
            if folder.is_relative_to(request.work_tree):
                there = request.revision / folder.relative_to(request.work_tree)
                if there.is_dir():
                    sys.path[index] = str(there)


def _mixed_in(request: Request) -> Iterator[SourceProblem]:
    """Yield a problem for each module that was imported from the work tree though a revision is asked for."""
    if request.work_tree is None:
        return
    for name, module in list(sys.modules.items()):
        # From its dictionary: some modules answer with an error when they are asked.
        file = module.__dict__.get("__file__") if isinstance(module, ModuleType) else None
        if not isinstance(file, str) or name.partition(".")[0] in ("eventkit", "__main__"):
            continue
        path = Path(os.path.realpath(file))
        if in_package(path, request.work_tree) and not path.is_relative_to(os.path.realpath(sys.prefix)):
            yield SourceProblem(
                codes.NOT_FROM_REVISION,
                f"importing {', '.join(request.modules)} took {name} from the work tree and not from the revision",
                Place(shown(path), 1),
                "check the revision out with `git worktree add`, and verify it there in an environment of its own",
            )


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
                    place or first_place(request),
                    "bind the service at the top of a module of its own package, and import it from there",
                )


def _limit_memory() -> None:
    """Let a module that takes all memory get a MemoryError before it takes that of everything else on the machine."""
    if sys.platform == "linux":
        import resource

        half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
        limit, most = resource.getrlimit(resource.RLIMIT_DATA)
        if limit == resource.RLIM_INFINITY or limit > half:
            resource.setrlimit(resource.RLIMIT_DATA, (half, most))


def main() -> None:
    """Answer the request, and end the process whatever the modules have started."""
    request = REQUEST.validate_json(sys.stdin.buffer.read())
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    process = os.getpid()
    _limit_memory()
    # Ends the process at the time limit and says where it was, even when the interpreter itself is stuck.
    faulthandler.dump_traceback_later(request.timeout, exit=True, file=channel)
    found = answer(request)
    faulthandler.cancel_dump_traceback_later()
    if os.getpid() == process:  # a module may have forked: only one of the two answers
        channel.write(ANSWER.dump_json(found))
        channel.flush()
    os._exit(0)  # not a return: threads that a module started would keep the process alive


if __name__ == "__main__":
    main()
