"""Servers, processes and streams that go away while events are under way: nothing is lost, and keys stay in order."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from eventkit import PublishError, Retry, Service, connect
from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Done
from eventkit.testing.conformance.support import (
    PATIENCE,
    again,
    failure,
    handle,
    name_of,
    nothing_comes,
    publish,
    subscribed,
    take,
)
from tests.bus.nats.actors import Counted
from tests.bus.nats.actors import handle as handle_until_killed
from tests.bus.nats.admin import admin
from tests.bus.nats.patience import handle_at_last
from tests.bus.processes import running
from tests.servers.nats import Nats, NatsCluster

KEYS = 6
pytestmark = pytest.mark.server


class Ledger:
    """What one service has handled."""

    def __init__(self) -> None:
        self.service = Service("ledger")
        self.seen: defaultdict[str, list[int]] = defaultdict(list)

        @self.service.handler(retry=Retry(attempts=1000, delay=0.01, max_delay=0.1, crashes=1000))
        async def note(event: Counted) -> None:
            await asyncio.sleep(0.001)
            self.seen[event.key].append(event.number)

    async def complete(self, confirmed: dict[str, list[int]]) -> None:
        """Wait until all that was confirmed is handled."""
        async with asyncio.timeout(2 * PATIENCE):
            while any(set(numbers) - set(self.seen[key]) for key, numbers in confirmed.items()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


def firsts(numbers: Iterable[int]) -> list[int]:
    """Return each number once, where it stands first."""
    return list(dict.fromkeys(numbers))


async def keep_publishing(bus: Bus, confirmed: dict[str, list[int]], stop: asyncio.Event) -> None:
    """Publish numbered events of some keys until told to stop; note those that are confirmed."""

    async def one_key(key: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            envelope = Envelope.of(Counted(key=key, number=number), source="counter")
            while True:  # until it is confirmed: the same event
                try:
                    await bus.publish(envelope)
                    break
                except PublishError:
                    await asyncio.sleep(0.05)
            confirmed.setdefault(key, []).append(number)
            await asyncio.sleep(0.003)

    async with asyncio.TaskGroup() as group:
        for number in range(KEYS):
            group.create_task(one_key(f"order-{number}"))


class TestServer:
    @pytest.mark.slow
    async def test_killed_and_started_again(self, nats_server: Nats, tmp_path: Path) -> None:
        ledger, confirmed, stop = Ledger(), dict[str, list[int]](), asyncio.Event()
        with Nats(tmp_path) as server:
            async with connect(server.url, lease=5.0) as bus, ledger.service.run(bus):
                publishing = asyncio.create_task(keep_publishing(bus, confirmed, stop))
                for _ in range(2):
                    before = sum(map(len, confirmed.values()))
                    async with asyncio.timeout(PATIENCE):
                        while sum(map(len, confirmed.values())) < before + 300:  # noqa: ASYNC110
                            await asyncio.sleep(0.01)
                    await asyncio.to_thread(server.kill)
                    await asyncio.to_thread(server.start)
                stop.set()
                await publishing
                await ledger.complete(confirmed)

        assert {key: firsts(numbers) for key, numbers in ledger.seen.items()} == confirmed

    @pytest.mark.slow
    async def test_one_of_three_is_killed(self, nats_server: Nats, tmp_path: Path) -> None:
        ledger, confirmed, stop = Ledger(), dict[str, list[int]](), asyncio.Event()
        with NatsCluster(tmp_path) as cluster:
            async with connect(cluster.url, replicas=3, lease=5.0) as bus, ledger.service.run(bus):
                publishing = asyncio.create_task(keep_publishing(bus, confirmed, stop))
                for server in cluster.servers[:2]:
                    before = sum(map(len, confirmed.values()))
                    async with asyncio.timeout(PATIENCE):
                        while sum(map(len, confirmed.values())) < before + 200:  # noqa: ASYNC110
                            await asyncio.sleep(0.01)
                    await asyncio.to_thread(server.kill)
                    before = sum(map(len, confirmed.values()))
                    async with asyncio.timeout(PATIENCE):
                        while sum(map(len, confirmed.values())) < before + 200:  # noqa: ASYNC110
                            await asyncio.sleep(0.01)
                    await asyncio.to_thread(server.start)
                stop.set()
                await publishing
                await ledger.complete(confirmed)

        assert {key: firsts(numbers) for key, numbers in ledger.seen.items()} == confirmed


class TestInstances:
    @pytest.mark.slow
    async def test_a_killed_process_is_replaced(self, server: Nats, tmp_path: Path) -> None:
        confirmed, stop, log = dict[str, list[int]](), asyncio.Event(), tmp_path / "log"
        log.touch()
        url = f"{server.url}?lease=1.0"
        async with connect(url) as bus:
            publishing = asyncio.create_task(keep_publishing(bus, confirmed, stop))
            with running() as start:
                processes = [start(handle_until_killed, url, log) for _ in range(2)]
                for _ in range(4):
                    before = log.stat().st_size
                    async with asyncio.timeout(PATIENCE):
                        while log.stat().st_size < before + 3000:  # noqa: ASYNC110
                            await asyncio.sleep(0.01)
                    victim = processes.pop(0)
                    victim.kill()
                    processes.append(start(handle_until_killed, url, log))
                stop.set()
                await publishing
                total = sum(map(len, confirmed.values()))
                async with asyncio.timeout(4 * PATIENCE):  # it is much that two processes have left
                    while len(set(log.read_text().splitlines())) < total:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)

        seen = defaultdict(list)
        for line in log.read_text().splitlines():
            key, number = line.split()
            seen[key].append(int(number))
        assert {key: firsts(numbers) for key, numbers in seen.items()} == confirmed

    async def test_keys_stay_in_order_while_instances_come_and_go(self, server: Nats) -> None:
        """Those that leave in order leave nothing to be handled twice."""
        confirmed, stop, chance = dict[str, list[int]](), asyncio.Event(), random.Random(7)
        seen: defaultdict[str, list[int]] = defaultdict(list)
        running_keys: set[str] = set()

        async def serve(for_seconds: float) -> None:
            service = Service("ledger")

            @service.handler
            async def note(event: Counted) -> None:
                assert event.key not in running_keys
                running_keys.add(event.key)
                await asyncio.sleep(chance.random() * 0.01)
                seen[event.key].append(event.number)
                running_keys.remove(event.key)

            async with connect(server.url, lease=10.0) as own, service.run(own):
                await asyncio.sleep(for_seconds)

        async with connect(server.url) as bus:
            publishing = asyncio.create_task(keep_publishing(bus, confirmed, stop))
            async with asyncio.TaskGroup() as instances:
                for number in range(6):
                    instances.create_task(serve(0.4 + number * 0.2))
                    await asyncio.sleep(0.15)
            stop.set()
            await publishing
            last = asyncio.create_task(serve(PATIENCE))
            async with asyncio.timeout(PATIENCE):
                while sum(map(len, seen.values())) < sum(map(len, confirmed.values())):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            last.cancel()
            await asyncio.gather(last, return_exceptions=True)

        assert seen == confirmed

    async def test_a_blocked_instance_loses_its_events_and_its_late_outcome_does_not_count(self, server: Nats) -> None:
        lease = 0.6
        taken, joined = threading.Event(), threading.Event()

        async def be_blocked() -> None:
            async with connect(server.url, lease=lease) as bus, subscribed(bus) as subscription:
                joined.set()
                [delivery] = await take(subscription, 1)
                taken.set()
                time.sleep(3 * lease)  # noqa: ASYNC251 - that is what it is about
                await subscription.settle([Done(delivery)])

        blocked = threading.Thread(target=lambda: asyncio.run(be_blocked()))
        async with connect(server.url, lease=lease) as bus:
            blocked.start()
            await asyncio.to_thread(joined.wait, PATIENCE)
            await publish(bus, ["a"], key="order-1")
            await asyncio.to_thread(taken.wait, PATIENCE)
            async with subscribed(bus) as other:
                [second] = await take(other, 1)
                assert name_of(second) == "a"
                extending = asyncio.create_task(_keep(other, second, lease))
                await asyncio.to_thread(blocked.join, PATIENCE)
                extending.cancel()
                await other.settle([again(second)])

                [third] = await take(other, 1)
                assert (name_of(third), third.failures) == ("a", (failure(),))


async def _keep(subscription: object, delivery: object, lease: float) -> None:
    while True:
        await subscription.extend([delivery])  # type: ignore[attr-defined]
        await asyncio.sleep(lease / 5)


class TestWhatOperatorsRemove:
    async def test_a_domains_stream(self, server: Nats, caplog: pytest.LogCaptureFixture) -> None:
        async with connect(server.url) as bus, subscribed(bus) as subscription, admin(server.url) as operator:
            await publish(bus, ["a"], key="order-1")
            assert await handle(subscription, 1) == ["a"]
            await operator.delete("order-stream")
            await publish(bus, ["b"], key="order-1")

            assert await handle(subscription, 1) == ["b"]
        assert "order-stream was removed and made again" in caplog.text

    async def test_the_documents(self, server: Nats) -> None:
        async with (
            connect(server.url, lease=1.0) as bus,
            subscribed(bus) as subscription,
            admin(server.url) as operator,
        ):
            await publish(bus, ["a"], key="order-1")
            assert await handle(subscription, 1) == ["a"]
            await operator.delete("KV_eventkit")
            await publish(bus, ["b"], key="order-1")

            assert await handle_at_last(subscription, 1) == ["b"]
            async with asyncio.timeout(PATIENCE):
                while not await operator.has_documents():  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        async with connect(server.url) as bus, subscribed(bus) as subscription:
            assert await nothing_comes(subscription)

    async def test_consumers(self, server: Nats) -> None:
        async with connect(server.url) as bus, subscribed(bus) as subscription, admin(server.url) as operator:
            await publish(bus, ["a"], key="order-1")
            assert await handle(subscription, 1) == ["a"]
            for consumer in await operator.consumers("order-stream"):
                await operator.api(f"CONSUMER.DELETE.order-stream.{consumer}")
            await publish(bus, ["b"], key="order-1")

            assert await handle(subscription, 1) == ["b"]

    async def test_events_before_they_are_read_are_reported(
        self, server: Nats, caplog: pytest.LogCaptureFixture
    ) -> None:
        names = [f"event-{number}" for number in range(10)]
        async with connect(server.url) as bus, admin(server.url) as operator:
            async with subscribed(bus) as subscription:
                await publish(bus, names[:2], key="order-1")
                await handle(subscription, 2)
            await publish(bus, names[2:], key="order-1")
            await operator.api("STREAM.PURGE.order-stream", seq=6)
            assert "was removed" not in caplog.text

            async with subscribed(bus) as subscription:
                assert await handle(subscription, 5) == names[5:]

        [problem] = [each.getMessage() for each in caplog.records if "was removed" in each.getMessage()]
        assert problem == (
            "what stood between 3 and 5 in order-stream was removed, by its retention or by hand, before"
            " payment_service had read it"
        )

    async def test_a_group_that_is_new_misses_nothing_of_what_was_there_before_it(
        self, server: Nats, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with connect(server.url) as bus, admin(server.url) as operator:
            await publish(bus, "abc", key="order-1")
            await operator.api("STREAM.PURGE.order-stream", seq=3)
            async with subscribed(bus) as subscription:
                assert await handle(subscription, 1) == ["c"]

        assert "was removed" not in caplog.text
