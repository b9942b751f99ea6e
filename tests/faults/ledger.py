"""What the actors of a campaign write down, outside of every bus and of every process that may be killed."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

CONFIRMED: Final = "confirmed"
BEGUN: Final = "begun"
ENDED: Final = "ended"
FAILED: Final = "failed"


class Line(NamedTuple):
    """One thing that happened to one event.

    Args:
        what: `CONFIRMED` when publishing returned, `BEGUN` when a handler was called, `ENDED` or `FAILED` when it
            returned or raised.
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

    def write(self, what: str, key: str, number: int) -> None:
        """Append a line."""
        line = Line(what, key, number, os.getpid(), time.monotonic())
        os.write(self._file, json.dumps(line).encode() + b"\n")

    def read(self) -> list[Line]:
        """Return all lines, in the order in which they were written."""
        return [Line(*json.loads(line)) for line in self.path.read_text().splitlines()]


@dataclass
class Findings:
    """What a ledger says about the promises of a bus. Everything that is not empty is a broken one.

    Args:
        lost: Confirmed events that were neither handled nor became dead letters.
        out_of_order: Events that were begun before one of their key that stands before them was through.
        effects: Events with more effects than one, or with none though they were handled.
        crowded: Events that were begun while their process worked on as many as it may.
        confirmed: How many events were confirmed.
        handled: How many were handled.
        calls: How often a handler was called.
        dead: How many became dead letters.
    """

    lost: list[tuple[str, int]] = field(default_factory=list)
    out_of_order: list[tuple[str, int]] = field(default_factory=list)
    effects: list[tuple[str, int]] = field(default_factory=list)
    crowded: list[tuple[str, int]] = field(default_factory=list)
    confirmed: int = 0
    handled: int = 0
    calls: int = 0
    dead: int = 0

    @property
    def broken(self) -> dict[str, list[object]]:
        """The promises that were broken, each with its first witnesses."""
        kept = {
            "I1 nothing lost": self.lost,
            "I3 one effect": self.effects,
            "I4 order per key": self.out_of_order,
            "I6 bounded in flight": self.crowded,
        }
        return {promise: list(witnesses[:5]) for promise, witnesses in kept.items() if witnesses}


def judge(
    lines: list[Line], dead: set[tuple[str, int]], effects: dict[tuple[str, int], int], *, concurrency: int
) -> Findings:
    """Hold the promises of a bus against a ledger.

    Args:
        lines: The ledger.
        dead: Key and number of the events that became dead letters.
        effects: How many effects each event had.
        concurrency: How many events one process may work on at once.
    """
    findings = Findings(dead=len(dead))
    through: dict[str, set[int]] = defaultdict(set)
    working: dict[int, set[tuple[str, int]]] = defaultdict(set)
    confirmed: set[tuple[str, int]] = set()
    ended: set[tuple[str, int]] = set()
    dead_numbers: dict[str, set[int]] = defaultdict(set)
    for key, number in dead:
        dead_numbers[key].add(number)
    for line in lines:
        event = line.key, line.number
        if line.what == CONFIRMED:
            confirmed.add(event)
        elif line.what == BEGUN:
            findings.calls += 1
            working[line.pid].add(event)
            if len(working[line.pid]) > concurrency:
                findings.crowded.append(event)
            before = set(range(line.number)) - through[line.key] - dead_numbers[line.key]
            if before:
                findings.out_of_order.append(event)
        elif line.what == FAILED:
            working[line.pid].discard(event)
        elif line.what == ENDED:
            working[line.pid].discard(event)
            through[line.key].add(line.number)
            ended.add(event)
    findings.confirmed, findings.handled = len(confirmed), len(ended)
    findings.lost = sorted(confirmed - ended - dead)
    findings.effects = sorted(
        event for event in ended | effects.keys() if effects.get(event, 0) != 1 and (event in ended or event in effects)
    )
    return findings
