"""What is done to services and their broker while events are under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from eventkit.bus.protocol import DeadLetter
from tests.faults.ledger import Findings, hurried
from tests.faults.part import RETRY, Part, left_in_outbox
from tests.faults.stage import LEASE, Backend, Stage, event_of, resident

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
        outbox: The database through whose outbox is published, "sqlite" or "postgresql".
        counts: It lasts for a number of events, and is called after it.
    """

    name: str
    what: str
    play: Callable[[Stage, int], Findings]
    part: Part = FLAKY
    needs_server: bool = False
    needs_network: bool = False
    needs_limit: bool = False
    outbox: str = ""
    counts: bool = False

    def suits(self, backend: Backend) -> bool:
        """Tell whether it can be played on a bus."""
        return not (
            (self.needs_server and backend.kind is None)
            or (self.needs_network and (backend.kind is None or not backend.network))
            or (self.needs_limit and (backend.full is None or not backend.can_be_filled()))
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
    assert stage.measures.interrupted, "no process was killed in the middle of its work"
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
    again = findings.calls - findings.handled
    assert not again, f"{again} calls too many, though the leases were renewed"
    return findings


def blocked_loop(stage: Stage, times: int) -> Findings:
    _under_load(stage)
    stage.run(3.0 * times)
    return _end(stage)


def cancelled(stage: Stage, times: int) -> Findings:
    _under_load(stage)
    stage.until(lambda _: stage.judge.failed >= 10 * times)
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
    assert stage.judge.cancelled, "no handler was cancelled"
    return _end(stage)


def _until_nothing_goes_in(stage: Stage) -> None:
    refused, confirmed, since = stage.judge.refused, -1, time.monotonic()
    while stage.judge.refused == refused and time.monotonic() < since + STANDS_STILL:
        if stage.judge.confirmed > confirmed:
            confirmed, since = stage.judge.confirmed, time.monotonic()
        stage.run(0.2)


def full(stage: Stage, times: int) -> Findings:
    assert stage.backend.full is not None
    _under_load(stage)
    stage.until(lambda _: stage.all_have_begun())  # a process that starts meanwhile is told of another topology
    for _ in range(times):
        stage.run(stage.chance.uniform(0.2, 1.0))
        with stage.fault(), stage.backend.full(stage):
            _until_nothing_goes_in(stage)
            if stage.backend.handles_when_full:
                stage.until_all_is_handled()
            else:
                stage.run(stage.chance.uniform(1.0, 3.0))
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
    return stage.settle_when_published()


def poison(stage: Stage, times: int) -> Findings:
    count = 15 * times
    stage.handle(2)
    stage.until_subscribed()
    stage.publish(count=count)
    findings = stage.settle_when_published()
    letters = _judged_letters(stage, count, kills=0)
    assert len(letters) == len(stage.dead()), "one event became two dead letters"
    # The shortest pauses that chance can make of those that the policy asks for.
    least = [RETRY.delay * RETRY.factor**number * (1 - RETRY.jitter) for number in range(RETRY.attempts - 1)]
    early = hurried(stage.ledger.read(), [min(pause, RETRY.max_delay * (1 - RETRY.jitter)) for pause in least])
    assert not early, f"I5 tried again before the policy's pause: {early[:5]}"
    _mend(stage, count, len(letters))
    return findings


def poison_and_kills(stage: Stage, times: int) -> Findings:
    count = 60 * times
    stage.handle(3)
    stage.until_subscribed()
    stage.publish(count=count)
    stage.until_handled(50)
    for _ in range(times):
        stage.run(stage.chance.uniform(0.1, 1.0))
        stage.kill_a_handler()
        stage.handle()
    findings = stage.settle_when_published()
    letters = _judged_letters(stage, count, kills=times)
    _mend(stage, count, len(letters))
    return findings


def _judged_letters(stage: Stage, count: int, kills: int) -> list[DeadLetter]:
    """Return the dead letters, after a look at what each says of its event."""
    letters = stage.letters()
    dead = set(map(event_of, letters))
    wanted = {(f"key-{key}", number) for key in range(stage.part.keys) for number in range(6, count, 7)}
    assert dead == wanted, f"I5 no dead letters, or wrong ones: {sorted(dead ^ wanted)[:5]}"
    # That too few are none, the judge says. A kill may come between a failure and the note that is made of it.
    wrong = sorted(event for event in dead if stage.judge.failures(event) > RETRY.attempts + kills)
    assert not wrong, f"I5 called more than {RETRY.attempts} times: {wrong[:5]}"
    untold = [event_of(each) for each in letters if each.reason != "failed" or len(each.failures) != RETRY.attempts]
    assert not untold, f"I5 dead letters that do not tell of {RETRY.attempts} failures: {untold[:5]}"
    return letters


def _mend(stage: Stage, count: int, letters: int) -> None:
    """Replay all dead letters to a handler that works now, and wait until they are handled."""
    while stage.handlers:
        stage.stop_a_handler()
    stage.handle(poison=0)
    assert (replayed := stage.replay()) == letters, f"I5 {replayed} dead letters were replayed, and not {letters}"
    stage.until_handled(count * stage.part.keys)
    stage.until(lambda _: not stage.dead())


def outbox(stage: Stage, times: int) -> Findings:
    stage.relay(3)
    _under_load(stage, handlers=2)
    for _ in range(times):
        stage.run(stage.chance.uniform(0.1, 1.0))
        with stage.fault():
            stage.kill_a_relay()
            stage.relay()
        if stage.database is not None:
            stage.run(stage.chance.uniform(0.1, 1.0))
            with stage.fault():
                stage.database.kill()
                time.sleep(stage.chance.uniform(0.0, 1.0))
                stage.database.start()
    findings = _end(stage)
    left = asyncio.run(left_in_outbox(stage.part))
    assert not left, f"{left} events are left in the outbox"
    return findings


SCENARIOS: Final = (
    Scenario("first start", "a service starts for the first time while its events are published", first_start),
    Scenario(
        "consumer killed",
        "kill -9 of one of three processes, at random moments, and always in the middle of some handlers",
        consumer_killed,
        Part(url="", folder="", flaky=23, work=0.05),
    ),
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
    Scenario(
        "cancelled",
        "some handlers cancel themselves, or wait for something that is cancelled",
        cancelled,
        Part(url="", folder="", cancel=15),
    ),
    Scenario(
        "stopped under load",
        "SIGTERM to one of three processes, while it works: handlers that it has begun are let end",
        stopped_under_load,
        Part(url="", folder="", flaky=23, work=0.3),
    ),
    Scenario(
        "stopped at once",
        "two SIGTERMs, of which the second cancels its handlers",
        stopped_at_once,
        Part(url="", folder="", flaky=23, work=0.3),
    ),
    Scenario(
        "full",
        "a limit of the server, or the end of the disk, is reached, and lifted when all is handled that can be",
        full,
        needs_limit=True,
    ),
    Scenario(
        "poison",
        f"each seventh event fails always: {RETRY.attempts} calls, a dead letter, and handled when it is replayed",
        poison,
        Part(url="", folder="", poison=7, pause=0.0),
    ),
    Scenario(
        "poison and kills",
        "the same, while kill -9 ends one of three processes now and then",
        poison_and_kills,
        Part(url="", folder="", poison=7, pause=0.0),
    ),
    Scenario(
        "outbox, sqlite",
        "events come out of an outbox; kill -9 of one of three relays",
        outbox,
        outbox="sqlite",
    ),
    Scenario(
        "outbox, postgresql",
        "the same, and kill -9 of the database, and its restart",
        outbox,
        outbox="postgresql",
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
