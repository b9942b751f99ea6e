"""What the actors of a campaign write down, outside of every bus and of every process that may be killed."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

CONFIRMED: Final = "confirmed"
BEGUN: Final = "begun"
ENDED: Final = "ended"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
REFUSED: Final = "refused"
LEFT: Final = "left"


class Line(NamedTuple):
    """One thing that happened to one event.

    Args:
        what: `CONFIRMED` when publishing returned, `REFUSED` when it raised, `BEGUN` when a handler was called,
            `ENDED`, `FAILED` or `CANCELLED` when it returned, raised, or was cancelled by the worker's end. `LEFT` when
            a process had nothing more to do, which is no event's.
        key: The event's key.
        number: Its place in the order of the key, from 0.
        pid: The process that saw it.
        at: When, by the machine's monotonic clock, which all processes share.
    """

    what: str
    key: str
    number: int
    pid: int
    at: float


class Ledger:
    """A file to which many processes append lines.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # One write of a short line to a file opened for appending is whole or not there, whenever a process is killed.
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._unread = 0

    def write(self, what: str, key: str, number: int) -> None:
        """Append a line."""
        line = Line(what, key, number, os.getpid(), time.monotonic())
        os.write(self._file, json.dumps(line).encode() + b"\n")

    def read(self) -> list[Line]:
        """Return all lines, in the order in which they were written."""
        return [Line(*json.loads(line)) for line in self.path.read_bytes().splitlines()]

    def news(self) -> list[Line]:
        """Return the lines that were written since the last call."""
        with self.path.open("rb") as file:
            file.seek(self._unread)
            found = file.read()
        found = found[: found.rfind(b"\n") + 1]
        self._unread += len(found)
        return [Line(*json.loads(line)) for line in found.splitlines()]


class Numbers:
    """Numbers from 0 on, of which most are there: so many events that it pays to keep no set of them."""

    def __init__(self) -> None:
        self._below = 0
        self._beyond: set[int] = set()

    def add(self, number: int) -> None:
        if number >= self._below:
            self._beyond.add(number)
        while self._below in self._beyond:
            self._beyond.remove(self._below)
            self._below += 1

    def __contains__(self, number: int) -> bool:
        return number < self._below or number in self._beyond

    def __len__(self) -> int:
        return self._below + len(self._beyond)

    def __iter__(self) -> Iterator[int]:
        yield from range(self._below)
        yield from sorted(self._beyond)

    def without(self, end: int) -> list[int]:
        """Return the numbers before `end` that are missing."""
        return [number for number in range(self._below, end) if number not in self._beyond]

    def minus(self, others: Numbers) -> list[int]:
        """Return the numbers that the others lack."""
        return [number for number in range(others._below, self._end) if number in self and number not in others]

    @property
    def _end(self) -> int:
        return max(self._beyond, default=self._below - 1) + 1


@dataclass
class Findings:
    """What a ledger says about the promises of a bus. Everything that is not empty is a broken one.

    Args:
        lost: Confirmed events that were neither handled nor became dead letters.
        dropped: Those of them that were handed to a handler, and did not come back when it did not return.
        invented: Events that were handled, and are none of those that were confirmed in the end.
        out_of_order: Events that were begun before one of their key that stands before them was through.
        effects: Events with more effects than one, or with none though they were handled.
        given_up: Dead letters whose handler failed less often than the policy says.
        crowded: Events that were begun while their process worked on as many as it may.
        confirmed: How many events were confirmed.
        handled: How many were handled.
        calls: How often a handler was called.
        dead: How many became dead letters.
        refused: How often publishing raised; then it was tried again.
    """

    lost: list[tuple[str, int]] = field(default_factory=list)
    dropped: list[tuple[str, int]] = field(default_factory=list)
    invented: list[tuple[str, int]] = field(default_factory=list)
    out_of_order: list[tuple[str, int]] = field(default_factory=list)
    effects: list[tuple[str, int]] = field(default_factory=list)
    given_up: list[tuple[str, int]] = field(default_factory=list)
    crowded: list[tuple[str, int]] = field(default_factory=list)
    confirmed: int = 0
    handled: int = 0
    calls: int = 0
    dead: int = 0
    refused: int = 0

    @property
    def broken(self) -> dict[str, list[object]]:
        """The promises that were broken, each with its first witnesses."""
        kept = {
            "I1 nothing lost": self.lost,
            "I1 nothing invented": self.invented,
            "I2 nothing acknowledged too early": self.dropped,
            "I3 one effect": self.effects,
            "I4 order per key": self.out_of_order,
            "I5 calls as the policy says": self.given_up,
            "I6 bounded in flight": self.crowded,
        }
        return {promise: list(witnesses[:5]) for promise, witnesses in kept.items() if witnesses}


class Judge:
    """Holds the promises of a bus against a ledger, while it is written.

    Args:
        concurrency: How many events one process may work on at once.
        attempts: How often a handler fails before its event is a dead letter.
    """

    def __init__(self, concurrency: int, attempts: int) -> None:
        self.calls = 0
        self.refused = 0
        self.left: dict[int, float] = {}
        """When processes had nothing more to do."""
        self._concurrency = concurrency
        self._attempts = attempts
        self._confirmed: defaultdict[str, Numbers] = defaultdict(Numbers)
        self._ended: defaultdict[str, Numbers] = defaultdict(Numbers)
        self._begun: defaultdict[str, Numbers] = defaultdict(Numbers)
        # As often as it is worked on: an event may be handed to the same process again while it still works on it.
        self._working: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
        self._cancelled: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
        self._failed: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._crowded: list[tuple[str, int]] = []
        # Events that were begun while others of their key were not through: those may have become dead letters.
        self._suspects: list[tuple[tuple[str, int], list[int]]] = []

    def hear(self, lines: Iterable[Line]) -> None:
        """Take note of lines."""
        for line in lines:
            event = line.key, line.number
            if line.what == CONFIRMED:
                self._confirmed[line.key].add(line.number)
            elif line.what == REFUSED:
                self.refused += 1
            elif line.what == LEFT:
                self.left[line.pid] = line.at
            elif line.what == BEGUN:
                self._begin(event, self._working[line.pid])
            else:
                self._working[line.pid].remove(event)
                if line.what == ENDED:
                    self._ended[line.key].add(line.number)
                elif line.what == FAILED:
                    self._failed[event] += 1
                else:
                    self._cancelled[line.pid].append(event)

    def _begin(self, event: tuple[str, int], working: list[tuple[str, int]]) -> None:
        self.calls += 1
        working.append(event)
        if len(working) > self._concurrency:
            self._crowded.append(event)
        key, number = event
        self._begun[key].add(number)
        if before := self._ended[key].without(number):
            self._suspects.append((event, before))

    @property
    def confirmed(self) -> int:
        """How many events were confirmed."""
        return sum(map(len, self._confirmed.values()))

    @property
    def handled(self) -> int:
        """How many events were handled."""
        return sum(map(len, self._ended.values()))

    @property
    def processes(self) -> Collection[int]:
        """Which processes have handled something."""
        return self._working.keys()

    def unfinished(self, pid: int) -> list[tuple[str, int]]:
        """Return the events that a process has begun, and has not brought to an end."""
        return self._working[pid] + self._cancelled[pid]

    @property
    def cancelled(self) -> int:
        """How often a handler was cancelled by the worker's end."""
        return sum(map(len, self._cancelled.values()))

    @property
    def failed(self) -> int:
        """How often a handler failed."""
        return sum(self._failed.values())

    def failures(self, event: tuple[str, int]) -> int:
        """Return how often the handler of an event has failed."""
        return self._failed.get(event, 0)

    def unhandled(self) -> set[tuple[str, int]]:
        """Return the events that were confirmed and not handled."""
        return {(key, number) for key, numbers in self._confirmed.items() for number in numbers.minus(self._ended[key])}

    def findings(self, dead: set[tuple[str, int]], effects: Mapping[tuple[str, int], int] | None) -> Findings:
        """Return what the ledger says so far.

        Args:
            dead: Key and number of the events that became dead letters.
            effects: How many effects each event had; None where they had none.
        """
        lost = sorted(self.unhandled() - dead)
        return Findings(
            lost=lost,
            dropped=[(key, number) for key, number in lost if number in self._begun[key]],
            invented=self._invented(),
            out_of_order=[
                event for event, before in self._suspects if any((event[0], number) not in dead for number in before)
            ],
            effects=[] if effects is None else sorted(self._wrong(effects)),
            given_up=sorted(event for event in dead if self.failures(event) < self._attempts),
            crowded=self._crowded,
            confirmed=self.confirmed,
            handled=self.handled,
            calls=self.calls,
            dead=len(dead),
            refused=self.refused,
        )

    def _invented(self) -> list[tuple[str, int]]:
        found = ((key, numbers.minus(self._confirmed[key])) for key, numbers in self._ended.items())
        return sorted((key, number) for key, numbers in found for number in numbers)

    def _wrong(self, effects: Mapping[tuple[str, int], int]) -> set[tuple[str, int]]:
        ended = {(key, number) for key, numbers in self._ended.items() for number in numbers}
        return {event for event in ended | effects.keys() if effects.get(event, 0) != 1}


def hurried(lines: Iterable[Line], least: Sequence[float]) -> list[tuple[str, int]]:
    """Return the events that were tried again before their time.

    Args:
        lines: A ledger in which no process was killed and no connection cut: what then comes again at once may.
        least: The shortest pause after the first failure, the second, and so on.
    """
    failures: defaultdict[tuple[str, int], int] = defaultdict(int)
    earliest: dict[tuple[str, int], float] = {}
    found = []
    for line in lines:
        event = line.key, line.number
        if line.what == FAILED:
            if failures[event] < len(least):
                earliest[event] = line.at + least[failures[event]]
            failures[event] += 1
        elif line.what == BEGUN and line.at < earliest.get(event, 0.0):
            found.append(event)
    return found
