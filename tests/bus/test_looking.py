"""What every bus of a broker makes, and refuses to make, for those who look at it, and where it may make nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from redis.asyncio import Redis

from eventkit import BusError, ConfigurationError, PublishError, connect
from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import Envelope, new_id
from eventkit.delivery.subscription import Unreadable
from eventkit.testing.conformance.support import PATIENCE, event
from tests.bus.amqp.support import Broker as RabbitMQBroker
from tests.bus.nats.admin import admin
from tests.servers.fixtures import required
from tests.servers.kafka import Kafka
from tests.servers.kafka_broker import Broker as KafkaBroker

BUSES = ["kafka", "nats", "rabbitmq", "redis"]
Holds = Callable[[], Awaitable[set[str]]]


@pytest.fixture
def prefix() -> str:
    return f"look{new_id()[-12:]}-"


@pytest.fixture(scope="module")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    required(Kafka)
    with KafkaBroker(tmp_path_factory.mktemp("tansu"), durable=False) as running:
        yield running


@pytest.fixture(params=[pytest.param(each, marks=pytest.mark.server) for each in BUSES])
def url(request: pytest.FixtureRequest, prefix: str) -> str:
    """A bus that nobody has used yet."""
    server = request.getfixturevalue("kafka_broker" if request.param == "kafka" else f"{request.param}_server")
    return f"{server.url}?prefix={prefix}"


@pytest.fixture
def holds(request: pytest.FixtureRequest, url: str, prefix: str) -> Holds:
    """Tells what of the bus the server holds."""
    server = url.partition("?")[0]

    async def nats() -> set[str]:
        async with admin(server) as operator:
            return set(await operator.streams())

    async def redis() -> set[str]:
        async with Redis.from_url(server) as client:
            return {each.decode() for each in await client.keys("*")}

    async def rabbitmq() -> set[str]:
        broker = RabbitMQBroker(request.getfixturevalue("rabbitmq_server"))
        names = [await asyncio.to_thread(broker.ctl, f"list_{what}", "name") for what in ("queues", "exchanges")]
        return set("\n".join(names).splitlines())

    async def kafka() -> set[str]:
        client = AIOKafkaAdminClient(bootstrap_servers=server.removeprefix("kafka://"))
        await client.start()
        try:
            return {*await client.list_topics(), *(name for name, *_ in await client.list_consumer_groups())}
        finally:
            await client.close()

    kinds = {"nats": nats, "redis": redis, "amqp": rabbitmq, "kafka": kafka}
    found = kinds[url.partition(":")[0]]

    async def held() -> set[str]:
        return {each for each in await found() if prefix in each}

    return held


async def test_whoever_looks_makes_nothing_and_sees_an_empty_bus(url: str, holds: Holds) -> None:
    async with connect(url) as bus:
        assert (await bus.health()).ok
        assert list(await bus.lag()) == []
        assert list(await bus.dead_letters.list()) == []
        assert list(await bus.dead_letters.list(group="payment_service")) == []
        assert await bus.dead_letters.get("1") is None
        assert (await bus.dead_letters.replay(["1"]), await bus.dead_letters.drop(["1"])) == (0, 0)
        for types in (None, ["order.created"]):
            with pytest.raises(TimeoutError):
                async with aclosing(bus.follow(types)) as events, asyncio.timeout(1):
                    await anext(events)

    assert await holds() == set()


async def _next(events: AsyncGenerator[Envelope | Unreadable, None]) -> Envelope:
    found = await anext(events)
    assert isinstance(found, Envelope)
    return found


async def test_whoever_looks_before_anything_is_there_hears_of_it(url: str) -> None:
    async def publish_for_ever(bus: Bus) -> None:
        while True:
            await bus.publish(event("a"))
            await asyncio.sleep(0.2)

    async with (
        connect(url) as looking,
        connect(url) as other,
        aclosing(looking.follow(["order.created"])) as events,
        asyncio.timeout(PATIENCE),
        asyncio.TaskGroup() as tasks,
    ):
        first = tasks.create_task(_next(events))
        await asyncio.wait({first}, timeout=1)  # it has begun
        publishing = tasks.create_task(publish_for_ever(other))
        assert (await first).type == "order.created"
        publishing.cancel()


async def test_what_is_missing_and_may_not_be_made_is_an_error_of_one_kind(url: str, holds: Holds) -> None:
    async with connect(f"{url}&create=false") as bus:
        with pytest.raises(BusError) as subscribing:
            await bus.subscribe("payment_service", ["order.created"])
        with pytest.raises(PublishError) as publishing:
            await bus.publish(event("a"))

    for caught in (subscribing, publishing):
        assert not isinstance(caught.value, ConfigurationError)  # it may be made meanwhile
        assert "create=" in str(caught.value)
    assert await holds() == set()
