"""The bar that a terminal shows while a command takes long."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Final

from eventkit.discovery.progress import Observer, unobserved

_PATIENCE: Final = 1.0
"""Seconds before anything is shown: what is done by then needs no bar."""


@contextmanager
def progress() -> Iterator[Observer]:
    """Yield an observer that shows a bar on standard error; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield unobserved
        return
    from rich.console import Console
    from rich.progress import Progress

    # It leaves nothing behind: the report is what is to be read.
    bar = Progress(console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False)
    task = bar.add_task("finding files", total=None)
    timer = Timer(_PATIENCE, bar.start)
    timer.daemon = True
    timer.start()

    def observe(doing: str, done: int, total: int) -> None:
        bar.update(task, description=doing, completed=done, total=total)

    try:
        yield observe
    finally:
        timer.cancel()
        timer.join()  # one that is just starting the bar
        bar.stop()
