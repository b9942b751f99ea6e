"""Starts a process for each package, and copes with all that can happen in one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread, Timer
from typing import IO, Final

from pydantic import ValidationError

from eventkit.discovery import codes
from eventkit.discovery.config import Interpreter
from eventkit.discovery.contract import Place
from eventkit.discovery.git import Checkout
from eventkit.discovery.landscape import SourceProblem, shown
from eventkit.discovery.progress import Observer, unobserved
from eventkit.discovery.python.failures import in_package, one_line
from eventkit.discovery.python.interpreters import check_interpreter, interpreter_of, is_own
from eventkit.discovery.python.packages import Package
from eventkit.discovery.python.protocol import ANSWER, REQUEST, Answer, Request

_GRACE: Final = 5.0
"""Seconds between the time limit, at which the process ends itself, and the moment when it is killed."""
_KEPT: Final = 4096
"""Bytes that are kept of what a process printed."""
_STACK_LINE: Final = re.compile(rb'^  File "(.+)", line (\d+) in ', re.MULTILINE)

Process = subprocess.Popen[bytes]


def import_packages(
    packages: Sequence[Package],
    timeout: float,
    interpreters: Sequence[Interpreter] = (),
    checkouts: Sequence[Checkout] = (),
    observe: Observer = unobserved,
) -> list[Answer]:
    """Import each package in a process of its own, as many at a time as there are processors.

    Args:
        packages: The packages.
        timeout: Seconds that each of them may take.
        interpreters: Which interpreters import the packages in which folders; all others, the one that runs this.
        checkouts: The git revisions to which packages may belong.
        observe: Told how far it has come.

    Returns:
        What was found, in the order of the packages. An interpreter that cannot be used is one problem, at the first
        of its packages.
    """
    running: set[Process] = set()
    requests = [_request(package, timeout, checkouts) for package in packages]
    chosen = [interpreter_of(_home(request), interpreters) for request in requests]
    used = list(dict.fromkeys(interpreter for interpreter in chosen if interpreter and not is_own(interpreter)))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        broken = dict(zip(used, pool.map(check_interpreter, used), strict=True))

        def run(request: Request, interpreter: Interpreter | None) -> Answer:
            if interpreter is not None and broken.get(interpreter) is not None:
                return Answer()
            return _run(request, str(interpreter.python) if interpreter else sys.executable, running)

        try:
            answers: list[Answer] = []
            for answer in pool.map(run, requests, chosen):
                observe("importing services", len(answers), len(packages))
                answers.append(answer)
        except BaseException:  # Ctrl-C, which does not reach the processes: each has a session of its own
            for process in list(running):
                _kill(process)
            raise
    for interpreter, problem in broken.items():
        if problem is not None:
            answers[chosen.index(interpreter)] = Answer(problem=problem)
    return answers


def _request(package: Package, timeout: float, checkouts: Sequence[Checkout]) -> Request:
    checkout = next((each for each in checkouts if package.root.is_relative_to(each.folder)), None)
    return Request(
        root=package.root,
        folder=package.folder,
        modules=dict(package.modules),
        timeout=timeout,
        revision=checkout and checkout.folder,
        work_tree=checkout and checkout.work_tree,
    )


def _home(request: Request) -> Path:
    """Return where the package stands in the work tree, to which interpreters are configured."""
    if request.revision is not None and request.work_tree is not None:
        return request.work_tree / request.folder.relative_to(request.revision)
    return request.folder


def _run(request: Request, python: str, running: set[Process]) -> Answer:
    # The answer is a file and no pipe: a pipe ends when the last process closes it that the modules have left behind.
    with TemporaryFile() as question, TemporaryFile() as answer:
        question.write(REQUEST.dump_json(request))
        question.seek(0)
        process = subprocess.Popen(
            [python, "-P", "-m", "eventkit.discovery.python.child"],
            bufsize=0,
            stdin=question,
            stdout=answer,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        running.add(process)
        watchdog = Timer(request.timeout + _GRACE, _kill, [process])
        watchdog.start()
        with process:
            printed = bytearray()
            drain = Thread(target=_keep_end, args=(process.stderr, printed), daemon=True)
            drain.start()
            process.wait()
            too_slow = not watchdog.is_alive()
            watchdog.cancel()
            _kill(process)  # what the modules have started in their turn, and left behind
            drain.join(timeout=1.0)
        running.discard(process)
        answer.seek(0)
        output = answer.read()
    if too_slow or output.startswith(b"Timeout ("):
        return Answer(problem=_too_slow(request, output))
    try:
        return ANSWER.validate_json(output)
    except ValidationError:
        return Answer(problem=_crashed(request, process.returncode, bytes(printed)))


def _keep_end(stream: IO[bytes], kept: bytearray) -> None:
    """Read all that a process prints, so that it never waits, and keep the end."""
    with suppress(OSError, ValueError):  # closed while it was read
        while chunk := stream.read(65536):
            kept += chunk
            del kept[:-_KEPT]


def _kill(process: Process) -> None:
    """End a process and all that it has started."""
    if os.name == "nt":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _too_slow(request: Request, stack: bytes) -> SourceProblem:
    """Name the place in the package where the process was when its time ended."""
    places = ((Path(os.fsdecode(file)), int(line)) for file, line in _STACK_LINE.findall(stack))
    file, line = next((place for place in places if in_package(place[0], request.root)), (request.folder, 1))
    return SourceProblem(
        codes.IMPORT_TOO_SLOW,
        f"importing {', '.join(request.modules)} took longer than {request.timeout:g} seconds",
        Place(shown(file), line),
        "move what waits into a function that the service calls when it starts, or raise `import_timeout`",
    )


def _crashed(request: Request, status: int, printed: bytes) -> SourceProblem:
    how = f"signal {-status}" if status < 0 else f"exit status {status}"
    lines = printed.decode("utf-8", "replace").strip().splitlines()
    last_words = f"; the last line that was printed: {one_line(lines[-1])}" if lines else ""
    return SourceProblem(
        codes.IMPORT_FAILED,
        f"importing {', '.join(request.modules)} ended the process with {how}{last_words}",
        Place(shown(request.folder), 1),
        "let the modules be importable without side effects",
    )
