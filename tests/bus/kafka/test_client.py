"""No connection is left to the garbage collector, which would close it late and with a warning, or not at all."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from eventkit.bus.kafka import client as module
from eventkit.bus.kafka.client import Client
from eventkit.bus.kafka.outage_log import Reached
from eventkit.testing.conformance.support import PATIENCE
from tests.servers.kafka import Kafka
from tests.servers.kafka_broker import Broker

pytestmark = pytest.mark.slow


@pytest.fixture
async def client(own_broker: Broker) -> AsyncIterator[Client]:
    client = Client.of(AIOKafkaClient(bootstrap_servers=own_broker.servers), Reached("kafka://test"))
    await client.bootstrap()
    yield client
    await client.close()


def transport_of(connection: AIOKafkaConnection) -> asyncio.Transport:
    transport = connection._writer.transport
    assert isinstance(transport, asyncio.Transport)
    return transport


async def assert_closed(transport: asyncio.Transport) -> None:
    async with asyncio.timeout(PATIENCE):
        while transport.get_extra_info("socket").fileno() != -1:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def test_who_waits_on_a_connection_that_has_ended_is_told_when_somebody_else_finds_out(
    client: Client, own_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = client.get_random_node()
    connection = await client._get_conn(node)
    transport = transport_of(connection)
    await asyncio.to_thread(own_broker.proxy.swallow, replies=True)
    waiting = asyncio.create_task(client.send(node, MetadataRequest([])))
    await asyncio.to_thread(own_broker.proxy.wait_until_swallowed)
    await asyncio.to_thread(own_broker.proxy.heal)

    # The loop has heard that the broker has ended the connection, and its reader is not woken yet; and the broker does
    # not belong to the cluster any more, so that there is no other connection to wait for.
    connection._reader.feed_eof()
    del connection
    monkeypatch.setattr(client.cluster, "broker_metadata", lambda _: None)
    assert not await client.ready(node)

    # Whether its reader would still do that depends on whether anything refers to the connection.
    assert transport.is_closing()
    with pytest.raises(KafkaConnectionError):
        async with asyncio.timeout(PATIENCE):
            await waiting
    await assert_closed(transport)


async def test_a_connection_that_is_made_while_the_client_closes_is_closed(client: Client, own_broker: Broker) -> None:
    own_broker.proxy.delay(0.1)
    made: list[asyncio.Transport] = []
    connect = AIOKafkaConnection._do_version_lookup

    async def noted(connection: AIOKafkaConnection) -> None:
        made.append(transport_of(connection))
        await connect(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AIOKafkaConnection, "_do_version_lookup", noted)
        connecting = asyncio.create_task(client.ready(client.get_random_node()))
        async with asyncio.timeout(PATIENCE):
            while not made:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.001)
        await client.close()

        assert not await connecting
    await assert_closed(made[0])
    assert not await client.ready(client.get_random_node())


async def test_a_start_that_is_given_up_closes_its_connection(own_broker: Broker) -> None:
    own_broker.proxy.delay(0.1)
    client = Client.of(AIOKafkaClient(bootstrap_servers=own_broker.servers), Reached("kafka://test"))
    starting = asyncio.create_task(client.bootstrap())
    connection = None
    async with asyncio.timeout(PATIENCE):
        while connection is None:
            await asyncio.sleep(0.001)
            inner = getattr(starting.get_coro(), "cr_await", None)
            connection = inner and inner.cr_frame.f_locals.get("bootstrap_conn")
    transport = transport_of(connection)
    del connection, inner

    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    await assert_closed(transport)
    await client.close()


async def test_a_broker_that_takes_nothing_does_not_keep_a_connection_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CLOSE_WITHIN", 0.2)
    with Kafka(tmp_path, durable=False) as server:
        client = Client.of(AIOKafkaClient(bootstrap_servers=f"127.0.0.1:{server.port}"), Reached("kafka://test"))
        await client.bootstrap()
        connection = await client._get_conn(client.get_random_node())
        transport = transport_of(connection)
        server.pause()
        transport.write(struct.pack(">i", 100_000_000) + bytes(100_000_000))
        assert transport.get_write_buffer_size()

        await client.close()

        await assert_closed(transport)
        server.resume()
