"""Where a campaign plays: a backend with its server and a network in front of it, and the actors that run on it."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from eventkit import connect
from eventkit.bus.protocol import DeadLetter
from tests.faults.actors import GROUP, Part, effects_of, prepare
from tests.faults.ledger import BEGUN, CONFIRMED, ENDED, Findings, Line, judge
from tests.servers.proxy import Proxy
from tests.servers.server import Server

LEASE: Final = 3.0
"""Seconds; short, so that a campaign meets its end often."""
SETTLES_WITHIN: Final = 90.0
STANDS_STILL: Final = 30.0
STEP: Final = 0.05


@dataclass(frozen=True)
class Backend:
    """A bus that can be put on the stage.

    Args:
        name: What it is called.
        kind: Its server; none for a bus without one.
        url: The bus's URL, from the server's (empty where there is none) and the folder.
    """

    name: str
    kind: type[Server] | None
    url: Callable[[str, Path], str]


@dataclass
class Measures:
    """What a scenario measured beside the promises.

    Args:
        resumed: Seconds from the end of each fault to the next event that was handled.
        drained: Seconds that each process took to end after SIGTERM.
        memory: The largest resident size of a handling process, in megabytes.
    """

    resumed: list[float] = field(default_factory=list)
    drained: list[float] = field(default_factory=list)
    memory: float = 0.0


class Stage:
    """One scenario on one backend; use it with `with`.

    Args:
        backend: The backend.
        folder: For all that is written.
        seed: Of what is random.
        part: What all actors have in common.
    """

    def __init__(self, backend: Backend, folder: Path, seed: int, part: Part) -> None:
        self.backend = backend
        self.folder = folder
        self.chance = random.Random(seed)
        self.measures = Measures()
        self.handlers: list[subprocess.Popen[bytes]] = []
        self._part = part
        self._stack = ExitStack()
        self._publisher: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)  # not one in which another campaign left its ledger
        self._log = self._stack.enter_context((self.folder / "actors.log").open("ab"))
        self.server: Server | None = None
        self.proxy: Proxy | None = None
        here = there = ""
        if self.backend.kind is not None:
            self.server = self._stack.enter_context(self.backend.kind(self.folder / "server"))
            self.proxy = self._stack.enter_context(Proxy(self.server.port))
            here, there = self.server.url, self.proxy.url(self.server.url)
        settings = f"lease={LEASE:g}"
        self.direct = _with(self.backend.url(here, self.folder), settings)
        self.part = replace(
            self._part, url=_with(self.backend.url(there, self.folder), settings), folder=str(self.folder)
        )
        self.ledger = self.part.ledger
        asyncio.run(prepare(self.part))
        return self

    def __exit__(self, *_: object) -> None:
        for actor in (*self.handlers, self._publisher):
            if actor is not None:
                actor.kill()
                actor.wait()
        self._stack.close()

    # -- actors

    def publish(self, **changes: object) -> None:
        """Start to publish."""
        self._publisher = self._play("publish", changes)

    def publish_to_the_end(self) -> None:
        """Have the publisher stop, and wait until what it has begun is confirmed."""
        assert self._publisher is not None
        self._publisher.send_signal(signal.SIGTERM)
        assert self._publisher.wait(SETTLES_WITHIN) == 0, f"the publisher failed; see {self._log.name}"

    def settle_when_published(self) -> Findings:
        """Wait until the publisher has published all it was to publish, then as `settle`."""
        assert self._publisher is not None
        assert self._publisher.wait(SETTLES_WITHIN) == 0, f"the publisher failed; see {self._log.name}"
        return self.settle()

    def handle(self, count: int = 1, **changes: object) -> None:
        """Start processes that handle."""
        self.handlers += [self._play("handle", changes) for _ in range(count)]

    def kill_a_handler(self) -> None:
        """End one of them at once."""
        victim = self.handlers.pop(self.chance.randrange(len(self.handlers)))
        victim.kill()
        victim.wait()

    def stop_a_handler(self) -> None:
        """Ask the oldest of them to end, and measure how long it takes."""
        leaving = self.handlers.pop(0)
        begun = time.monotonic()
        leaving.send_signal(signal.SIGTERM)
        code = leaving.wait(self.part.grace + 30)
        self.measures.drained.append(time.monotonic() - begun)
        assert code == 0, f"a handler ended with {code}; see {self._log.name}"

    def _play(self, role: str, changes: dict[str, object]) -> subprocess.Popen[bytes]:
        part = replace(self.part, **changes)  # type: ignore[arg-type]
        return subprocess.Popen(part.command(role), stderr=self._log, stdout=self._log)

    # -- time

    def run(self, seconds: float) -> None:
        """Let the actors play, looking at what they use."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._look()
            time.sleep(min(left, 0.2))

    def until_subscribed(self) -> None:
        """Wait until the bus knows the group."""
        asyncio.run(self._subscribed())

    def until_confirmed(self, count: int) -> None:
        """Wait until so many events were published."""
        self._until(lambda lines: sum(line.what == CONFIRMED for line in lines) >= count, SETTLES_WITHIN)

    def until_handled(self, count: int, within: float = SETTLES_WITHIN) -> None:
        """Wait until so many events were handled."""
        self._until(lambda lines: sum(line.what == ENDED for line in lines) >= count, within)

    @contextmanager
    def fault(self) -> Iterator[None]:
        """A fault that lasts for the block; measures how long it takes after it until an event is handled that was
        begun after it.
        """
        yield
        healed = time.monotonic()

        def resumed(lines: list[Line]) -> bool:
            begun = {(line.key, line.number, line.pid) for line in lines if line.what == BEGUN and line.at > healed}
            return any(line.what == ENDED and (line.key, line.number, line.pid) in begun for line in lines)

        self._until(resumed, SETTLES_WITHIN)
        self.measures.resumed.append(time.monotonic() - healed)

    def _until(self, condition: Callable[[list[Line]], bool], within: float) -> None:
        end = time.monotonic() + within
        while not condition(self.ledger.read()):
            self._look()
            if time.monotonic() > end:
                raise TimeoutError(f"{self.backend.name}: nothing happens for {within:g} s; see {self._log.name}")
            time.sleep(STEP)

    def _look(self) -> None:
        for actor in (*self.handlers, self._publisher):
            if actor is not None and actor.poll():
                raise AssertionError(f"an actor ended with {actor.returncode}; see {self._log.name}")
        for actor in self.handlers:
            with suppress(OSError, IndexError):
                pages = int(Path(f"/proc/{actor.pid}/statm").read_text().split()[1])
                self.measures.memory = max(self.measures.memory, pages * 4096 / 1e6)

    # -- the end

    def dead(self) -> set[tuple[str, int]]:
        """Return key and number of the dead letters."""
        return {_event(letter) for letter in asyncio.run(self._letters())}

    def replay(self) -> int:
        """Hand all dead letters to their group again; return how many there were."""
        return asyncio.run(self._replay())

    def settle(self) -> Findings:
        """Wait until every confirmed event is handled or dead, as long as that goes on; return what the ledger says."""
        begun, end = -1, 0.0
        while True:
            lines = self.ledger.read()
            confirmed = {(line.key, line.number) for line in lines if line.what == CONFIRMED}
            ended = {(line.key, line.number) for line in lines if line.what == ENDED}
            dead = self.dead() if confirmed - ended else set()
            if len(lines) > begun:
                begun, end = len(lines), time.monotonic() + STANDS_STILL
            if not confirmed - ended - dead or time.monotonic() > end:
                break
            self._look()
            time.sleep(0.2)
        # What comes twice may still be under way.
        self.run(0.5)
        return judge(self.ledger.read(), self.dead(), effects_of(self.part), concurrency=self.part.concurrency)

    async def _subscribed(self) -> None:
        end = time.monotonic() + SETTLES_WITHIN
        async with connect(self.direct, wait=30.0) as bus:
            while not any(lag.group == GROUP for lag in await bus.lag()):
                if time.monotonic() > end:
                    raise TimeoutError(f"nobody subscribes; see {self._log.name}")
                self._look()
                await asyncio.sleep(STEP)

    async def _letters(self) -> list[DeadLetter]:
        async with connect(self.direct, wait=30.0) as bus:
            return list(await bus.dead_letters.list(group=GROUP, limit=100_000))

    async def _replay(self) -> int:
        async with connect(self.direct, wait=30.0) as bus:
            letters = await bus.dead_letters.list(group=GROUP, limit=100_000)
            return await bus.dead_letters.replay([letter.id for letter in letters])


def _with(url: str, settings: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{settings}"


def _event(letter: DeadLetter) -> tuple[str, int]:
    document = json.loads(letter.body)
    return document["key"], document["number"]
