"""Publishers and handlers are killed at random moments, again and again: nothing is lost, doubled or overtaken."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.bus.processes import kill, running
from tests.bus.sqlite import actors

KILLS = 240
LONGEST_LIFE = 0.1
LEASE = 0.5
PATIENCE = 60.0
"""Seconds without any progress after which there will be none."""


def await_an_event(place: actors.Place) -> None:
    """Wait until something is published, on a machine that is so slow that nothing was since the last kill."""
    size = place.published.stat().st_size if place.published.exists() else 0
    deadline = time.monotonic() + PATIENCE
    while not (place.published.exists() and place.published.stat().st_size > size):
        assert time.monotonic() < deadline, "nothing is published any more"
        time.sleep(0.001)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_was_published_is_handled_once_and_in_order_whoever_is_killed_when(tmp_path: Path) -> None:
    place = actors.Place(tmp_path, LEASE)
    actors.make_effects(place)
    roles = [(actors.publish, place, "red"), (actors.publish, place, "blue"), *2 * [(actors.handle, place)]]
    with running() as start:
        cast = [start(*role) for role in roles]
        for _ in range(KILLS):
            await_an_event(place)
            time.sleep(random.uniform(0, LONGEST_LIFE))
            victim = random.randrange(len(cast))
            kill(cast[victim])
            cast[victim] = start(*roles[victim])
        for publisher in cast[:2]:
            kill(publisher)
        published = [tuple(json.loads(line)) for line in place.published.read_text().splitlines()]
        count, deadline = -1, 0.0
        while not set(published) <= set(effects := actors.effects(place)):
            if len(effects) > count:  # on a busy machine much is left
                count, deadline = len(effects), time.monotonic() + PATIENCE
            elif time.monotonic() > deadline:
                break
            time.sleep(0.1)

    print(f"{KILLS} kills, {len(published)} events published, {len(effects)} handled")
    assert len(published) > KILLS, "too little happened between the kills for them to prove anything"
    assert set(published) - set(effects) == set(), "published, and never handled"
    assert len(effects) == len(set(effects)), "handled twice"
    for key in {key for key, _ in effects}:
        numbers = [number for each, number in effects if each == key]
        assert numbers == sorted(numbers), f"the events of {key} overtook each other"
    with closing(sqlite3.connect(tmp_path / "bus.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT * FROM dead_letters").fetchall() == []
