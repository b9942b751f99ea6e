"""Processes that share the work of one command."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import Final, TypeVar

from eventkit.contract.errors import EventkitError
from eventkit.work.collector import collect_seldom

Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNKS_EACH: Final = 32
"""Pieces of work for one process: so many that none waits long for the last one."""


class Processes:
    """As many processes as there are processors, started when there is work for them.

    They are started anew (`spawn`) rather than forked, on all systems: this process may have threads. So each imports
    eventkit first, which is worth it from about a second of work on. The main module of a program that uses this must
    be importable without effect, as always with `multiprocessing`.

    Args:
        count: How many; by default as many as this process may use. 1 does all the work in this process.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = _usable() if count is None else count
        self._pool: ProcessPoolExecutor | None = None

    def map(
        self, function: Callable[[Sequence[Item]], list[Result]], items: Iterable[Item], count: int
    ) -> Iterator[Result]:
        """Yield the results for all items, in their order.

        Args:
            function: Returns the results for some of the items; a function of a module.
            items: What is to be done; the first of it is begun while the rest is still being made.
            count: How many items there are.

        Raises:
            EventkitError: One of the processes was killed.
        """
        if self.count < 2:
            for item in items:
                yield from function([item])
            return
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.count, get_context("spawn"), initializer=_begin)
        size = max(1, -(-count // (self.count * _CHUNKS_EACH)))
        rest = iter(items)
        try:
            for results in self._pool.map(function, iter(lambda: list(islice(rest, size)), [])):
                yield from results
        except BrokenProcessPool:
            raise EventkitError(
                "a process that did a part of the work was ended from outside, as happens where memory runs out",
                mend="give the command more memory, or fewer processors: `taskset -c 0 eventkit ...`",
            ) from None

    def close(self, *, cancel: bool = False) -> None:
        """End the processes; with `cancel`, what they have not begun is not done."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=cancel)
            self._pool = None


def _begin() -> None:
    collect_seldom()
    # It reaches all processes of a terminal; the one that was started ends the others, without a traceback of each.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _usable() -> int:
    """Return how many processors this process may use: in a container or under `taskset`, not all that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
