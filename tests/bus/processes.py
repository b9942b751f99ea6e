"""Processes that a test starts and ends, forked off one that has imported everything: that takes milliseconds."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.bus.sqlite.actors", "tests.bus.nats.actors"])


@contextmanager
def running() -> Iterator[Callable[..., BaseProcess]]:
    """Start processes in the block; none of them outlives it."""
    started: list[BaseProcess] = []

    def start(target: Callable[..., None], *arguments: Any) -> BaseProcess:
        process = CONTEXT.Process(target=target, args=arguments, daemon=True)
        process.start()
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            kill(process)


def kill(process: BaseProcess) -> None:
    """End a process with SIGKILL."""
    process.kill()
    process.join()
