"""Where a campaign plays: a backend with its server and a network in front of it, and the actors that run on it."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from eventkit import connect
from eventkit.bus.protocol import DeadLetter
from tests.faults.ledger import BEGUN, ENDED, Findings, Judge, Line
from tests.faults.part import GROUP, RETRY, Part, effects_of, prepare
from tests.servers.kafka_broker import Broker
from tests.servers.postgres import Postgres
from tests.servers.proxy import Proxy
from tests.servers.server import Server

LEASE: Final = 3.0
"""Seconds; short, so that a campaign meets its end often."""
RESUMES_WITHIN: Final = 10.0
SETTLES_WITHIN: Final = 90.0
STANDS_STILL: Final = 30.0
STEP: Final = 0.05


@dataclass(frozen=True)
class Backend:
    """A bus that can be put on the stage.

    Args:
        name: What it is called.
        kind: Its server; none for a bus without one.
        url: The bus's URL, from the server's (empty where there is none) and the folder for its file.
        network: There is one network in front of the server, which can be cut.
        if_killed: Settings of the bus where the server is killed, in place of the lease.
        full: Makes the bus take no more events while the block runs; None where it knows no limit.
        can_be_filled: Tells whether this process may do that.
        handles_when_full: Whether what it has taken is handled meanwhile.
        disk: Makes a folder a disk of its own, which can be filled.
    """

    name: str
    kind: type[Server] | None
    url: Callable[[str, Path], str]
    network: bool = True
    if_killed: str = ""
    full: Callable[[Stage], AbstractContextManager[None]] | None = None
    can_be_filled: Callable[[], bool] = lambda: True
    handles_when_full: bool = True
    disk: Callable[[Path], AbstractContextManager[None]] = nullcontext


@dataclass
class Measures:
    """What a scenario measured beside the promises.

    Args:
        resumed: Seconds from the end of each fault until an event was handled that was begun after it.
        keys_resumed: Seconds until that holds for every key.
        drained: Seconds that each process took after SIGTERM until it had nothing more to do.
        cut_short: Events whose handlers a process that drained did not let end.
        interrupted: How many events processes were working on when they were killed.
        memory: The largest resident size of a handling process, in megabytes.
        sizes: The resident sizes of one handling process in the course of a soak, in megabytes.
    """

    resumed: list[float] = field(default_factory=list)
    keys_resumed: list[float] = field(default_factory=list)
    drained: list[float] = field(default_factory=list)
    cut_short: list[tuple[str, int]] = field(default_factory=list)
    interrupted: int = 0
    memory: float = 0.0
    sizes: list[float] = field(default_factory=list)

    @property
    def early_and_late(self) -> tuple[float, float]:
        """The largest size in the second quarter of a soak, when all is loaded and in use, and in the last one."""
        quarter = len(self.sizes) // 4
        return max(self.sizes[quarter : 2 * quarter + 1]), max(self.sizes[3 * quarter :])

    def broken(self, grace: float) -> dict[str, list[object]]:
        """The promises that were broken, each with what was measured.

        Args:
            grace: Seconds that handlers get to finish.
        """
        early, late = self.early_and_late if self.sizes else (0.0, 0.0)
        kept = {
            "I6 flat memory": [(early, late)] if late > early * 1.1 + 3 else [],
            f"I7 work goes on within {RESUMES_WITHIN:g} s": [each for each in self.resumed if each > RESUMES_WITHIN],
            f"I7 every key goes on within {STANDS_STILL:g} s": [
                each for each in self.keys_resumed if each > STANDS_STILL
            ],
            f"I8 drains within {grace:g} s": [each for each in self.drained if each > grace],
            "I8 what has begun is finished": self.cut_short,
        }
        return {promise: list(witnesses[:5]) for promise, witnesses in kept.items() if witnesses}


class Stage:
    """One scenario on one backend; use it with `with`.

    Args:
        backend: The backend.
        folder: For all that is written.
        seed: Of what is random.
        part: What all actors have in common.
        events: How many events a soak lasts.
        kills: Whether the server is killed.
        fills: Whether the bus is made full.
        outbox: The database through whose outbox is published: "sqlite" or "postgresql"; empty for none.
    """

    def __init__(
        self,
        backend: Backend,
        folder: Path,
        seed: int,
        part: Part,
        *,
        events: int = 10_000,
        kills: bool = False,
        fills: bool = False,
        outbox: str = "",
    ) -> None:
        self.backend = backend
        self.folder = folder
        self.chance = random.Random(seed)
        self.events = events
        self.measures = Measures()
        self.judge = Judge(part.concurrency, RETRY.attempts)
        self.handlers: list[subprocess.Popen[bytes]] = []
        self.relays: list[subprocess.Popen[bytes]] = []
        self._part = part
        self._kills = kills
        self._fills = fills
        self._outbox = outbox
        self._settings = backend.if_killed if kills and backend.if_killed else f"lease={LEASE:g}"
        self._stack = ExitStack()
        self._publisher: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)  # not one in which another campaign left its ledger
        self._log = self._stack.enter_context((self.folder / "actors.log").open("ab"))
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        if self._fills:
            self._stack.enter_context(self.backend.disk(self.disk))
        self.server: Server | None = None
        self.proxy: Proxy | None = None
        self.database: Server | None = None
        database = f"sqlite:///{self.folder}/orders.db" if self._outbox == "sqlite" else ""
        if self._outbox == "postgresql":
            self.database = self._stack.enter_context(Postgres(self.folder / "database"))
            database = self.database.url
        here = there = ""
        if self.backend.kind is not None:
            # What is on disk makes tansu slow: only where it is killed.
            options = {"durable": self._kills} if issubclass(self.backend.kind, Broker) else {}
            self.server = self._stack.enter_context(self.backend.kind(self.folder / "server", **options))
            here = there = self.server.url
            if isinstance(self.server, Broker):
                self.proxy = self.server.proxy
            elif self.backend.network:
                self.proxy = self._stack.enter_context(Proxy(self.server.port))
                there = self.proxy.url(here)
        self.direct = _with(self.backend.url(here, self.disk), self._settings)
        self.part = replace(
            self._part,
            url=_with(self.backend.url(there, self.disk), self._settings),
            folder=str(self.folder),
            database=database,
        )
        self.ledger = self.part.ledger
        asyncio.run(prepare(self.part))
        return self

    def __exit__(self, *_: object) -> None:
        for actor in (*self.handlers, *self.relays, self._publisher):
            if actor is not None:
                actor.kill()
                _wait(actor)
        self._stack.close()

    # -- actors

    def publish(self, **changes: object) -> None:
        """Start to publish."""
        self._publisher = self._play("order" if self._outbox else "publish", changes)

    def publish_to_the_end(self) -> None:
        """Have the publisher stop, and wait until what it has begun is confirmed."""
        assert self._publisher is not None
        self._publisher.send_signal(signal.SIGTERM)
        assert self._publisher.wait(SETTLES_WITHIN) == 0, f"the publisher failed; see {self._log.name}"

    def hold(self, hold: bool) -> None:
        """Have the publisher wait, or go on."""
        if hold:
            self.part.hold.touch()
        else:
            self.part.hold.unlink(missing_ok=True)

    def settle_when_published(self) -> Findings:
        """Wait until the publisher has published all it was to publish, then as `settle`."""
        assert self._publisher is not None
        assert self._publisher.wait(SETTLES_WITHIN) == 0, f"the publisher failed; see {self._log.name}"
        return self.settle()

    def handle(self, count: int = 1, **changes: object) -> None:
        """Start processes that handle."""
        self.handlers += [self._play("handle", changes) for _ in range(count)]

    def relay(self, count: int = 1) -> None:
        """Start processes that hand to the bus what is in the outbox."""
        self.relays += [self._play("relay", {}) for _ in range(count)]

    def kill_a_relay(self) -> None:
        """End one of them at once."""
        victim = self.relays.pop(self.chance.randrange(len(self.relays)))
        victim.kill()
        _wait(victim)

    def all_have_begun(self) -> bool:
        """Tell whether each of them has handled something."""
        return all(actor.pid in self.judge.processes for actor in self.handlers)

    def kill_a_handler(self, spare: int = 0) -> None:
        """End one of them at once, but none of the oldest ones that are to be spared."""
        victim = self.handlers.pop(self.chance.randrange(spare, len(self.handlers)))
        victim.kill()
        _wait(victim)
        self._read()
        self.measures.interrupted += len(self.judge.unfinished(victim.pid))

    def stop_a_handler(self, spare: int = 0, *, twice: bool = False) -> None:
        """Ask the oldest of them that is not spared to end, if asked also at once, and measure how long it takes."""
        leaving = self.handlers.pop(spare)
        begun = time.monotonic()
        leaving.send_signal(signal.SIGTERM)
        if twice:
            time.sleep(0.05)  # two signals at the same time are one
            leaving.send_signal(signal.SIGTERM)
        code = _wait(leaving, self.part.grace + 30)
        self._read()
        self.measures.drained.append(self.judge.left.get(leaving.pid, time.monotonic()) - begun)
        if not twice:
            self.measures.cut_short += self.judge.unfinished(leaving.pid)
        # The second signal may find a process that has done all that there was to do, and listens to none any more.
        assert code == 0 or (twice and code == -signal.SIGTERM), f"a handler ended with {code}; see {self._log.name}"

    def _play(self, role: str, changes: dict[str, object]) -> subprocess.Popen[bytes]:
        part = replace(self.part, **changes)  # type: ignore[arg-type]
        return subprocess.Popen(part.command(role), stdin=subprocess.PIPE, stderr=self._log, stdout=self._log)

    # -- time

    def run(self, seconds: float) -> None:
        """Let the actors play, looking at what they use."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._look()
            self._read()
            time.sleep(min(left, 0.2))

    def until_subscribed(self) -> None:
        """Wait until the bus knows the group."""
        asyncio.run(self._subscribed())

    def until_confirmed(self, count: int) -> None:
        """Wait until so many events were published."""
        self.until(lambda _: self.judge.confirmed >= count)

    def until_handled(self, count: int) -> None:
        """Wait until so many events were handled."""
        self.until(lambda _: self.judge.handled >= count)

    def until_all_is_handled(self) -> None:
        """Wait until all is handled that was confirmed so far."""
        confirmed = self.judge.confirmed
        self.until(lambda _: self.judge.handled >= confirmed)

    @contextmanager
    def fault(self) -> Iterator[None]:
        """A fault that lasts for the block; measures how long it takes after it until an event is handled that was
        begun after it, and until that holds for every key.
        """
        yield
        healed = time.monotonic()
        begun: set[tuple[str, int, int]] = set()
        standing = {f"key-{number}" for number in range(self.part.keys)}
        ended: list[float] = []

        def resumed(lines: list[Line]) -> bool:
            for line in lines:
                call = line.key, line.number, line.pid
                if line.what == BEGUN and line.at > healed:
                    begun.add(call)
                elif line.what == ENDED and call in begun:
                    ended.append(line.at - healed)
                    standing.discard(line.key)
            return not standing

        self.until(resumed)
        self.measures.resumed.append(ended[0])
        self.measures.keys_resumed.append(ended[-1])

    def until(self, condition: Callable[[list[Line]], bool]) -> None:
        """Wait until something holds, which is told what is new in the ledger each time."""
        end = time.monotonic() + SETTLES_WITHIN
        while not condition(self._read()):
            self._look()
            if time.monotonic() > end:
                raise TimeoutError(
                    f"{self.backend.name}: nothing happens for {SETTLES_WITHIN:g} s; see {self._log.name}"
                )
            time.sleep(STEP)

    def _read(self) -> list[Line]:
        lines = self.ledger.news()
        self.judge.hear(lines)
        return lines

    def _look(self) -> None:
        for actor in (*self.handlers, *self.relays, self._publisher):
            if actor is not None and actor.poll():
                raise AssertionError(f"an actor ended with {actor.returncode}; see {self._log.name}")
        for actor in self.handlers:
            self.measures.memory = max(self.measures.memory, resident(actor))

    # -- the end

    def letters(self) -> list[DeadLetter]:
        """Return the dead letters."""
        return asyncio.run(self._letters())

    def dead(self) -> set[tuple[str, int]]:
        """Return key and number of the dead letters."""
        return set(map(event_of, self.letters()))

    def replay(self) -> int:
        """Hand all dead letters to their group again; return how many there were."""
        return asyncio.run(self._replay())

    def settle(self) -> Findings:
        """Wait until every confirmed event is handled or dead, as long as that goes on; return what the ledger says."""
        end = time.monotonic() + STANDS_STILL
        while True:
            if self._read():
                end = time.monotonic() + STANDS_STILL
            left = self.judge.unhandled()
            if not left or left <= self.dead() or time.monotonic() > end:
                break
            self._look()
            time.sleep(0.2)
        # What comes twice may still be under way.
        self.run(0.5)
        self._read()
        return self.judge.findings(self.dead(), effects_of(self.part) if self.part.inbox else None)

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


def _wait(actor: subprocess.Popen[bytes], seconds: float | None = None) -> int:
    """Wait until an actor has ended."""
    code = actor.wait(seconds)
    if actor.stdin is not None:
        actor.stdin.close()
    return code


def resident(process: subprocess.Popen[bytes]) -> float:
    """Return how much of the machine's memory a process has, in megabytes."""
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096 / 1e6
    return 0.0


def _with(url: str, settings: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{settings}"


def event_of(letter: DeadLetter) -> tuple[str, int]:
    """Return the key and the number of a dead letter's event."""
    document = json.loads(letter.body)
    return document["key"], document["number"]
