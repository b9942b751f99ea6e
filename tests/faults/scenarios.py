"""What is done to services and their broker while events are under way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.faults.actors import ATTEMPTS, Part
from tests.faults.ledger import BEGUN, Findings
from tests.faults.stage import LEASE, Backend, Stage, resident

RESUMES_WITHIN: Final = 10.0
STANDS_STILL: Final = 12.0
"""Seconds after which a publisher that was not refused is taken to wait."""
BACKLOG: Final = 20_000
"""Events after which a soak's publisher waits for its handlers."""
CHURNS: Final = 20
"""How often at most one handling process is killed and one stopped in the course of a soak."""

FLAKY: Final = Part(url="", folder="", flaky=23)


@dataclass(frozen=True)
class Scenario:
    """One kind of fault.

    Args:
        name: What it is called.
        what: What happens, for the report.
        play: Does it, so many times over.
        part: What the actors do.
        needs_server: It does something to a server.
        needs_network: It does something to the network in front of a server.
        needs_limit: It makes a server full.
        counts: It lasts for a number of events, and is called after it.
    """

    name: str
    what: str
    play: Callable[[Stage, int], Findings]
    part: Part = FLAKY
    needs_server: bool = False
    needs_network: bool = False
    needs_limit: bool = False
    counts: bool = False

    def suits(self, backend: Backend) -> bool:
        """Tell whether it can be played on a bus."""
        return not (
            (self.needs_server and backend.kind is None)
            or (self.needs_network and (backend.kind is None or not backend.network))
            or (self.needs_limit and backend.full is None)
        )


def _under_load(stage: Stage, handlers: int = 3) -> None:
    stage.handle(handlers)
    stage.until_subscribed()
    stage.publish()
    stage.until_handled(50)


def _end(stage: Stage) -> Findings:
    stage.publish_to_the_end()
    return stage.settle()


def first_start(stage: Stage, times: int) -> Findings:
    stage.publish()
    stage.until_confirmed(100 * times)
    stage.handle(3)
    stage.until_handled(150 * times)
    return _end(stage)


def consumer_killed(stage: Stage, times: int) -> Findings:
    _under_load(stage)
    for _ in range(times):
        stage.run(stage.chance.uniform(0.1, 1.0))
        with stage.fault():
            stage.kill_a_handler()
            stage.handle()
    return _end(stage)


def broker_killed(stage: Stage, times: int) -> Findings:
    assert stage.server is not None
    _under_load(stage)
    for _ in range(times):
        stage.run(stage.chance.uniform(0.2, 1.0))
        with stage.fault():
            stage.server.kill()
            time.sleep(stage.chance.uniform(0.0, 1.0))
            stage.server.start()
    return _end(stage)


def network_cut(stage: Stage, times: int) -> Findings:
    assert stage.proxy is not None
    _under_load(stage)
    for _ in range(times):
        stage.run(stage.chance.uniform(0.2, 1.0))
        with stage.fault():
            stage.proxy.refuse()
            stage.proxy.cut()
            time.sleep(stage.chance.uniform(0.2, 1.5))
            stage.proxy.accept()
    return _end(stage)


def half_open(stage: Stage, times: int) -> Findings:
    assert stage.proxy is not None
    _under_load(stage)
    for _ in range(times):
        stage.run(stage.chance.uniform(0.2, 1.0))
        with stage.fault():
            stage.proxy.swallow(requests=True, replies=True)
            time.sleep(1.5 * LEASE)
            stage.proxy.cut()
            stage.proxy.heal()
    return _end(stage)


def lost_reply(stage: Stage, times: int) -> Findings:
    assert stage.proxy is not None
    _under_load(stage)
    for _ in range(times):
        stage.run(stage.chance.uniform(0.2, 1.0))
        with stage.fault():
            stage.proxy.swallow(replies=True)
            stage.proxy.wait_until_swallowed()
            time.sleep(stage.chance.uniform(0.0, 0.3))
            stage.proxy.cut()
            stage.proxy.heal()
    return _end(stage)


def published_twice(stage: Stage, times: int) -> Findings:
    _under_load(stage)
    stage.run(2.0 * times)
    return _end(stage)


def slow_handler(stage: Stage, times: int) -> Findings:
    _under_load(stage)
    stage.run(2.0 * times)
    findings = _end(stage)
    calls: dict[tuple[str, int], int] = {}
    for line in stage.ledger.read():
        if line.what == BEGUN:
            calls[line.key, line.number] = calls.get((line.key, line.number), 0) + 1
    twice = sorted(event for event, count in calls.items() if count > 1)
    assert not twice, f"called twice, though their leases were renewed: {twice[:5]}"
    return findings


def blocked_loop(stage: Stage, times: int) -> Findings:
    _under_load(stage)
    stage.run(3.0 * times)
    return _end(stage)


def stopped_under_load(stage: Stage, times: int) -> Findings:
    _under_load(stage)
    for _ in range(times):
        stage.run(stage.chance.uniform(0.2, 1.0))
        with stage.fault():
            stage.handle()
            stage.stop_a_handler()
    return _end(stage)


def stopped_at_once(stage: Stage, times: int) -> Findings:
    _under_load(stage)
    for _ in range(times):
        stage.run(stage.chance.uniform(0.2, 1.0))
        with stage.fault():
            stage.handle()
            stage.stop_a_handler(twice=True)
    return _end(stage)


def _until_nothing_goes_in(stage: Stage) -> None:
    refused, confirmed, since = stage.judge.refused, -1, time.monotonic()
    while stage.judge.refused == refused and time.monotonic() < since + STANDS_STILL:
        if stage.judge.confirmed > confirmed:
            confirmed, since = stage.judge.confirmed, time.monotonic()
        stage.run(0.2)


def full(stage: Stage, times: int) -> Findings:
    assert stage.server is not None
    assert stage.backend.full is not None
    _under_load(stage)
    for _ in range(times):
        stage.run(stage.chance.uniform(0.2, 1.0))
        with stage.fault(), stage.backend.full(stage.server):
            _until_nothing_goes_in(stage)
            stage.until_all_is_handled()
    return _end(stage)


def soak(stage: Stage, times: int) -> Findings:
    count = stage.events - stage.events % stage.part.keys
    stage.handle(3)
    stage.until_subscribed()
    stage.publish(count=count // stage.part.keys)
    churn_at = count / CHURNS
    while stage.judge.handled < count:
        handled = stage.judge.handled
        stage.until(lambda _: stage.judge.handled > handled)  # noqa: B023 - called at once
        stage.run(0.2)
        stage.hold(stage.judge.confirmed - stage.judge.handled > BACKLOG)
        stage.measures.sizes.append(resident(stage.handlers[0]))
        if churn_at < stage.judge.handled and stage.all_have_begun():
            churn_at = stage.judge.handled + count / CHURNS
            stage.kill_a_handler(spare=1)
            stage.stop_a_handler(spare=1)
            stage.handle(2)
    findings = stage.settle_when_published()
    early, late = stage.measures.early_and_late
    assert late <= early * 1.1 + 3, f"I6 memory grew from {early:.0f} to {late:.0f} MB"
    return findings


def poison(stage: Stage, times: int) -> Findings:
    stage.handle(2)
    stage.until_subscribed()
    stage.publish(count=15 * times)
    findings = stage.settle_when_published()
    dead = stage.dead()
    wanted = {(f"key-{key}", number) for key in range(stage.part.keys) for number in range(6, 15 * times, 7)}
    assert dead == wanted, f"no dead letters, or wrong ones: {sorted(dead ^ wanted)[:5]}"
    calls = [(line.key, line.number) for line in stage.ledger.read() if line.what == BEGUN]
    wrong = sorted(event for event in dead if calls.count(event) != ATTEMPTS)
    assert not wrong, f"not called {ATTEMPTS} times: {wrong[:5]}"
    # Mended, they are handled.
    while stage.handlers:
        stage.stop_a_handler()
    stage.handle(poison=0)
    assert (replayed := stage.replay()) == len(dead), f"{replayed} dead letters were replayed, and not {len(dead)}"
    stage.until_handled(15 * times * stage.part.keys)
    stage.until(lambda _: not stage.dead())
    return findings


SCENARIOS: Final = (
    Scenario("first start", "a service starts for the first time while its events are published", first_start),
    Scenario("consumer killed", "kill -9 of one of three processes, at random moments", consumer_killed),
    Scenario("broker killed", "kill -9 of the server, and its restart", broker_killed, needs_server=True),
    Scenario("network cut", "connections are reset, new ones refused for a while", network_cut, needs_network=True),
    Scenario("half open", f"nothing passes in either direction for {1.5 * LEASE:g} s", half_open, needs_network=True),
    Scenario("lost reply", "what is asked is done, and the answer lost", lost_reply, needs_network=True),
    Scenario("published twice", "each event is published twice", published_twice, Part(url="", folder="", twice=True)),
    Scenario(
        "slow handler",
        f"some handlers take {2.5 * LEASE:g} s, with a lease of {LEASE:g} s",
        slow_handler,
        Part(url="", folder="", slow=(50, 2.5 * LEASE), keys=8),
    ),
    Scenario(
        "blocked loop",
        f"some handlers block the event loop for {1.5 * LEASE:g} s",
        blocked_loop,
        Part(url="", folder="", block=(80, 1.5 * LEASE)),
    ),
    Scenario("stopped under load", "SIGTERM to one of three processes, while it works", stopped_under_load),
    Scenario("stopped at once", "two SIGTERMs, of which the second cancels its handlers", stopped_at_once),
    Scenario("full", "a limit of the server is reached, and lifted when all is handled", full, needs_limit=True),
    Scenario(
        "poison",
        f"each seventh event fails always: {ATTEMPTS} calls, a dead letter, and handled when it is replayed",
        poison,
        Part(url="", folder="", poison=7, pause=0.0),
    ),
    Scenario(
        "soak",
        f"many events, without an inbox; one of three processes is killed and one stopped, up to {CHURNS} times; "
        "the third one's memory stays flat",
        soak,
        Part(url="", folder="", keys=64, pause=0.0, work=0.0, concurrency=64, inbox=False),
        counts=True,
    ),
)
