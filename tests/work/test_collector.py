"""Cycles of objects are looked for seldom, and still found."""

import gc
import os
import weakref
from collections.abc import Iterator, Sequence

import pytest

from eventkit.work import Work
from eventkit.work.processes import Processes

USUAL = (700, 10, 10)


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*USUAL)  # whatever other tests did
    yield
    gc.set_threshold(*before)


class Loop:
    def __init__(self) -> None:
        self.itself = self


def test_it_looks_seldom_while_there_is_much_work() -> None:
    with Work():
        assert gc.get_threshold()[0] > 10 * USUAL[0]


def test_a_cycle_is_found_nevertheless() -> None:
    with Work():
        loop = weakref.ref(Loop())
        kept = [[] for _ in range(2 * gc.get_threshold()[0])]

    assert kept
    assert loop() is None


def threshold(items: Sequence[int]) -> list[tuple[int, int]]:
    return [(os.getpid(), gc.get_threshold()[0]) for _ in items]


def test_the_processes_that_help_look_as_seldom() -> None:
    processes = Processes(2)
    ((process, there),) = processes.map(threshold, [1], 1)
    processes.close()

    assert process != os.getpid()
    assert there > 10 * USUAL[0]
