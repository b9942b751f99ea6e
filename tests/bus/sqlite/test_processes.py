"""Several processes on one file: they share the work, take over from each other, and end in order."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from eventkit import Envelope, connect
from tests.bus.processes import kill, running
from tests.bus.sqlite import actors
from tests.bus.sqlite.actors import Counted, Place

PATIENCE = 30.0
LONG = 60.0  # a lease that no test sees the end of
SHORT = 0.5


def publish(place: Place, count: int) -> None:
    async def publish() -> None:
        async with connect(place.bus) as bus:
            for number in range(count):
                await bus.publish(Envelope.of(Counted(key=f"key-{number}", number=number), source="test"))

    asyncio.run(publish())


def log(place: Place, what: str) -> list[tuple[int, int]]:
    """The number and the process of each handler call that began or ended."""
    lines = place.log.read_text().splitlines() if place.log.exists() else []
    return [(int(number), int(pid)) for word, number, pid in map(str.split, lines) if word == what]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def pid(process: BaseProcess) -> int:
    assert process.pid is not None
    return process.pid


def test_instances_share_the_events_of_their_group(tmp_path: Path) -> None:
    place = Place(tmp_path, LONG)
    with running() as start:
        instances = [start(actors.handle_slowly, place, 0.02) for _ in range(3)]
        wait_until(lambda: len(log(place, "ready")) == 3)
        publish(place, 60)
        wait_until(lambda: len(log(place, "end")) == 60)
    assert sorted(number for number, _ in log(place, "begin")) == list(range(60))
    assert {each for _, each in log(place, "end")} == {pid(each) for each in instances}


def test_another_instance_takes_over_what_a_killed_one_had(tmp_path: Path) -> None:
    place = Place(tmp_path, SHORT)
    publish(place, 2)
    with running() as start:
        killed = start(actors.handle_slowly, place, PATIENCE)
        wait_until(lambda: len(log(place, "begin")) == 2)
        kill(killed)
        other = start(actors.handle_slowly, place, 0.0)
        wait_until(lambda: len(log(place, "end")) == 2)
        assert sorted(log(place, "end")) == [(0, pid(other)), (1, pid(other))]


def test_sigterm_lets_handlers_finish_and_leaves_the_rest_to_others(tmp_path: Path) -> None:
    place = Place(tmp_path, LONG)
    publish(place, 10)
    with running() as start:
        stopped = start(actors.handle_slowly, place, 0.3)
        wait_until(lambda: len(log(place, "begin")) == 2)
        os.kill(pid(stopped), signal.SIGTERM)
        stopped.join(PATIENCE)
        assert stopped.exitcode == 0
        finished = log(place, "end")
        assert sorted(finished) == sorted(log(place, "begin"))
        assert len(finished) < 10

        other = start(actors.handle_slowly, place, 0.0)
        wait_until(lambda: len(log(place, "end")) == 10)
    assert sorted(number for number, _ in log(place, "begin")) == list(range(10)), "each once"
    assert {each for _, each in log(place, "end")[len(finished) :]} == {pid(other)}
