"""The results come in order, whoever does the work."""

import os
from collections.abc import Sequence

import pytest

from eventkit.contract.errors import EventkitError
from eventkit.work.processes import Processes


def squares(numbers: Sequence[int]) -> list[tuple[int, int]]:
    return [(number * number, os.getpid()) for number in numbers]


def fail(numbers: Sequence[int]) -> list[int]:
    raise ValueError(f"not {numbers[0]}")


def test_one_process_does_it_here() -> None:
    found = list(Processes(1).map(squares, range(5), 5))

    assert found == [(number * number, os.getpid()) for number in range(5)]


def test_several_processes_share_it() -> None:
    processes = Processes(2)
    found = list(processes.map(squares, (number for number in range(1_000)), 1_000))
    processes.close()

    assert [square for square, _ in found] == [number * number for number in range(1_000)]
    assert os.getpid() not in {process for _, process in found}


def end(numbers: Sequence[int]) -> list[int]:
    os._exit(9)


def test_a_process_that_is_killed_is_told() -> None:
    processes = Processes(2)
    with pytest.raises(EventkitError, match="was ended from outside"):
        list(processes.map(end, range(10), 10))
    processes.close(cancel=True)


def test_an_error_of_another_process_is_raised_here() -> None:
    processes = Processes(2)
    with pytest.raises(ValueError, match="not 0"):
        list(processes.map(fail, range(10), 10))
    processes.close(cancel=True)
