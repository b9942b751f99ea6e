"""What is done to services and their broker while events are under way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.faults.actors import ATTEMPTS, Part
from tests.faults.ledger import BEGUN, Findings
from tests.faults.stage import LEASE, Stage

RESUMES_WITHIN: Final = 10.0


FLAKY: Final = Part(url="", folder="", flaky=23)


@dataclass(frozen=True)
class Scenario:
    """One kind of fault.

    Args:
        name: What it is called.
        what: What happens, for the report.
        play: Does it, so many times over.
        part: What the actors do.
        needs_server: It does something to a server or to the network in front of it.
    """

    name: str
    what: str
    play: Callable[[Stage, int], Findings]
    part: Part = FLAKY
    needs_server: bool = False


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


def poison(stage: Stage, times: int) -> Findings:
    stage.handle(2)
    stage.until_subscribed()
    stage.publish(count=15 * times)
    findings = stage.settle_when_published()
    dead = stage.dead()
    assert dead == {(f"key-{key}", number) for key in range(stage.part.keys) for number in range(6, 15 * times, 7)}
    calls = [(line.key, line.number) for line in stage.ledger.read() if line.what == BEGUN]
    wrong = sorted(event for event in dead if calls.count(event) != ATTEMPTS)
    assert not wrong, f"not called {ATTEMPTS} times: {wrong[:5]}"
    # Mended, they are handled.
    while stage.handlers:
        stage.stop_a_handler()
    stage.handle(poison=0)
    assert stage.replay() == len(dead)
    stage.until_handled(15 * times * stage.part.keys)
    assert not stage.dead()
    return findings


SCENARIOS: Final = (
    Scenario("first start", "a service starts for the first time while its events are published", first_start),
    Scenario("consumer killed", "kill -9 of one of three processes, at random moments", consumer_killed),
    Scenario("broker killed", "kill -9 of the server, and its restart", broker_killed, needs_server=True),
    Scenario("network cut", "connections are reset, new ones refused for a while", network_cut, needs_server=True),
    Scenario("half open", f"nothing passes in either direction for {1.5 * LEASE:g} s", half_open, needs_server=True),
    Scenario("lost reply", "what is asked is done, and the answer lost", lost_reply, needs_server=True),
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
    Scenario(
        "poison",
        f"each seventh event fails always: {ATTEMPTS} calls, a dead letter, and handled when it is replayed",
        poison,
        Part(url="", folder="", poison=7, pause=0.0),
    ),
)
