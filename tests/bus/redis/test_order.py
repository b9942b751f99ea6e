"""Whatever instances do, in whatever order: deliveries come as a simple model says.

The model has the waiting events of each key in a list. Steps are those of the scripts, one instance after the other, so
that what may come is known exactly.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventkit import connect
from eventkit.contract.envelope import new_id
from eventkit.delivery.subscription import Again, Dead, Delivery, Done, Outcome, Reason, Released
from eventkit.testing.conformance.support import event, failure, name_of, nothing_comes, subscribed
from tests.servers.redis import Redis

KEYS = ("red", "blue", None)
MANY = 100


@dataclass
class Model:
    """What has been published and not settled for good."""

    waiting: dict[str | None, list[str]] = field(default_factory=lambda: {key: [] for key in KEYS})
    out: dict[str, tuple[str | None, Delivery]] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    dead: list[str] = field(default_factory=list)

    def may_come(self) -> bool:
        busy = {key for key, _ in self.out.values()}
        return any(names and (key is None or key not in busy) for key, names in self.waiting.items())

    def take(self, deliveries: list[Delivery]) -> None:
        busy = {key for key, _ in self.out.values()}
        for delivery in deliveries:
            name = name_of(delivery)
            key = delivery.message.key  # type: ignore[union-attr]
            if key is None:
                self.waiting[None].remove(name)
            else:
                assert key not in busy, f"{name} came while others of {key} were out"
                assert self.waiting[key].pop(0) == name
            assert delivery.attempt == 1 + self.failed.get(name, 0)
            assert len(delivery.failures) == self.failed.get(name, 0)
            self.out[name] = (key, delivery)

    def settle(self, outcome: Outcome) -> None:
        name = name_of(outcome.delivery)
        key, _ = self.out.pop(name)
        if isinstance(outcome, Again):
            self.failed[name] = self.failed.get(name, 0) + 1
        if isinstance(outcome, Dead):
            self.dead.append(name)
            self.failed.pop(name, None)
        if isinstance(outcome, Again | Released):
            self.waiting[key] = sorted([*self.waiting[key], name])


def outcome_of(delivery: Delivery, draw: float) -> Outcome:
    if draw < 0.5:
        return Done(delivery)
    if draw < 0.7:
        return Again(delivery, failure(), 0.0)
    return Released(delivery) if draw < 0.9 else Dead(delivery, Reason.FAILED, failure())


async def act(url: str, chance: random.Random) -> None:
    """Publish, take, settle and replay at random, and compare each step with the model."""
    model, number = Model(), 0
    async with (
        connect(url, prefix=f"test-{new_id()}", lease=60.0) as bus,
        subscribed(bus) as first,
        subscribed(bus) as second,
    ):
        for _ in range(MANY):
            step = chance.random()
            if step < 0.4:
                number += 1
                key = chance.choice(KEYS)
                await bus.publish(event(f"{number:04}", key=key))
                model.waiting[key].append(f"{number:04}")
            elif step < 0.65 and model.may_come():
                model.take(list(await chance.choice([first, second]).receive(chance.randint(1, 20))))
            elif step < 0.95 and model.out:
                names = chance.sample(sorted(model.out), chance.randint(1, len(model.out)))
                outcomes = [outcome_of(model.out[name][1], chance.random()) for name in names]
                await chance.choice([first, second]).settle(outcomes)
                for outcome in outcomes:
                    model.settle(outcome)
            elif not model.may_come():
                assert await nothing_comes(first, 0.01)

        while model.may_come() or model.out:
            if model.may_come():
                model.take(list(await second.receive(20)))
            done: list[Outcome] = [Done(delivery) for _, delivery in model.out.values()]
            await first.settle(done)
            for outcome in done:
                model.settle(outcome)
        assert [each.failures[-1] for each in await bus.dead_letters.list()] == [failure() for _ in model.dead]
        [lag] = await bus.lag()
        assert (lag.waiting, lag.out, lag.retrying, lag.dead) == (0, 0, 0, len(model.dead))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_deliveries_are_those_of_the_model(redis_server: Redis, seed: int) -> None:
    asyncio.run(act(redis_server.url, random.Random(seed)))
