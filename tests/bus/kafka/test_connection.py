"""What stands in the URL and the settings, and what is said where no broker can be reached."""

from __future__ import annotations

import asyncio
import logging
import struct
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aiokafka.errors import IllegalSaslStateError

from eventkit import BusError, ConfigurationError, PublishError, connect
from eventkit.bus.kafka import KafkaBus, publisher
from eventkit.bus.kafka.errors import explained
from eventkit.testing.conformance.support import PATIENCE, event, handle, publish, subscribed
from tests.bus.kafka.test_promises import publish_until_it_works
from tests.servers.kafka import Kafka
from tests.servers.kafka_broker import Broker
from tests.servers.kafka_gateway import SASL_AUTHENTICATE
from tests.servers.server import free_port


def error_of(url: str, **settings: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        connect(url, **settings)
    return str(caught.value)


def test_several_brokers_stand_in_one_url() -> None:
    bus = connect("kafka://a,b:9093,[::1]:9094?prefix=shop.&tls=true", mechanism="SCRAM-SHA-512")

    assert isinstance(bus, KafkaBus)
    assert bus._connection.servers == "a:9092,b:9093,[::1]:9094"
    assert bus._connection.tls


def test_a_password_is_shown_nowhere() -> None:
    bus = connect("kafka://shop:s%40cret@a:9092")

    assert isinstance(bus, KafkaBus)
    assert (bus._connection.user, bus._connection.password) == ("shop", "s@cret")
    assert "cret" not in f"{bus.url} {bus._connection!r}"
    assert "cret" not in error_of("kafka://shop:s%40cret@a:9092/path")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("kafka://", "a host cannot be read"),
        ("kafka://a:port", "the URL of the bus cannot be read"),
        ("kafka://a,,b", "a host cannot be read"),
        ("kafka://a/topic", "means nothing here"),
        ("kafka://a?lease=0", "lease=0.0 is out of range"),
        ("kafka://a?partitions=0", "partitions=0 is out of range"),
        ("kafka://a?retention=-1", "retention=-1.0 is out of range"),
        ("kafka://a?prefix=a/b", "prefix='a/b' cannot begin names"),
        ("kafka://a?mechanism=NTLM", "mechanism='NTLM' is unknown"),
        ("kafka://a?tls_ca=ca.pem", "the connection is not encrypted"),
        ("kafka://a?tls=true&tls_key=key.pem", "without its certificate"),
        ("kafka://a?tls=true&tls_ca=/nowhere.pem", "the file /nowhere.pem cannot be read"),
    ],
)
def test_what_is_wrong_in_the_url_is_told(url: str, message: str) -> None:
    assert message in error_of(url)


def test_a_file_that_is_no_certificate_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")

    assert "in PEM format" in error_of("kafka://a?tls=true", tls_ca=str(tmp_path / "ca.pem"))


async def test_who_answers_nothing_is_no_broker() -> None:
    async def keep_silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent.append(writer)

    silent: list[asyncio.StreamWriter] = []
    async with await asyncio.start_server(keep_silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        start = time.monotonic()
        with pytest.raises(BusError, match="no broker answers"):
            await connect(f"kafka://127.0.0.1:{port}").open()
        assert time.monotonic() - start < 6
        for writer in silent:
            writer.close()
        server.close()


@pytest.mark.slow
async def test_brokers_that_do_not_number_records_are_told_with_the_setting_for_them(
    own_broker: Broker, prefix: str, tmp_path: Path
) -> None:
    own_broker.gateway.numbers = False
    with Kafka(tmp_path / "bare", durable=False) as bare:
        for why, url in (("InitProducerIdRequest", own_broker.url), ("UnknownError", bare.url)):
            said = await refusal(url)
            assert said.startswith("the brokers do not number records: Kafka says: ")
            assert why in said
            assert "connect with idempotent=false" in said

            async with connect(f"{url}?idempotent=false", prefix=prefix) as bus:
                await publish(bus, ["a"])


@contextmanager
def logins(broker: Broker, user: str, password: str) -> Iterator[None]:
    broker.gateway.login = user, password
    try:
        yield
    finally:
        broker.gateway.login = None


def with_login(broker: Broker, login: str) -> str:
    return f"kafka://{login}@{broker.servers}"


async def refusal(url: str, **settings: object) -> str:
    with pytest.raises(BusError) as caught:
        await connect(url, **settings).open()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


async def test_a_login_that_is_refused_is_told_as_such(broker: Broker) -> None:
    with logins(broker, "shop", "s@cret"):
        async with connect(with_login(broker, "shop:s%40cret")) as bus:
            assert (await bus.health()).ok
        unknown = await refusal(with_login(broker, "shop:hunter2"))
        other_kind = await refusal(with_login(broker, "shop:hunter2"), mechanism="SCRAM-SHA-512")

    assert unknown.startswith("the broker does not know the user or the password (kafka://***@127.0.0.1")
    assert other_kind.startswith("the broker does not take this kind of password")


async def test_a_login_is_refused_by_one_that_answers_beside_others_that_do_not(broker: Broker) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    with logins(broker, "shop", "s@cret"):
        said = await refusal(f"kafka://shop:hunter2@{nobody},{broker.servers}")

    assert said.startswith("the broker does not know the user or the password")


async def test_a_broker_that_is_away_is_told_as_such_with_a_login_too() -> None:
    assert (await refusal(f"kafka://shop:hunter2@127.0.0.1:{free_port()}")).startswith("no broker can be reached")


@pytest.mark.slow
async def test_a_login_that_becomes_wrong_is_told_as_such_and_tried_until_it_is_right(
    own_broker: Broker, prefix: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "SEND_WITHIN", 2.0)
    counted = Counter[tuple[str, str]]()
    logged_in = own_broker.gateway._logged_in

    def noted(frame: bytes) -> bytes | None:
        if frame[:2] == struct.pack(">h", SASL_AUTHENTICATE):
            counted[own_broker.gateway.login or ("", "")] += 1
        return logged_in(frame)

    monkeypatch.setattr(own_broker.gateway, "_logged_in", noted)
    with logins(own_broker, "shop", "s@cret"):
        async with connect(with_login(own_broker, "shop:s%40cret"), prefix=prefix) as bus, subscribed(bus) as share:
            await publish(bus, ["a"])
            assert await handle(share, 1) == ["a"]

            own_broker.gateway.login = "shop", "changed"
            with caplog.at_level(logging.WARNING, "eventkit.bus.kafka"):
                own_broker.proxy.cut()
                with pytest.raises(PublishError) as refused:
                    await publish(bus, ["b"])
                health = await bus.health()
                own_broker.gateway.login = "shop", "s@cret"
                async with asyncio.timeout(PATIENCE):
                    while not (await bus.health()).ok:  # noqa: ASYNC110 - nothing tells
                        await asyncio.sleep(0.1)
                await publish_until_it_works(bus, event("c"))
                handled = set()
                while "c" not in handled:
                    handled |= set(await handle(share, 1))

    why = "the broker does not know the user or the password"
    assert why in str(refused.value)
    assert "whether the event will be stored is not known" in str(refused.value)
    assert health.detail.startswith(why)
    broker = f"broker 111 of kafka://***@{own_broker.servers}"
    assert [each.message for each in caplog.records if each.name == "eventkit.bus.kafka"] == [
        f"{broker} refuses the login, and is tried until it does not: {why}; see both in the URL",
        f"{broker} can be reached again",
    ]
    assert counted["shop", "changed"] < 20  # two clients, for two seconds and a bit, and the one that asks for health


def test_a_login_at_a_port_without_logins_is_told() -> None:
    # So answers Kafka itself, which is not here.
    assert explained(IllegalSaslStateError(), "kafka://a").what == "the broker takes no login at this port"


@pytest.mark.parametrize("what", ["administrator", "reader", "producer"])
async def test_who_is_cancelled_while_a_client_is_closed_is_cancelled(what: str, broker: Broker) -> None:
    """aiokafka takes it for the end of the task that it waits for, and goes on."""
    bus = connect(broker.url)
    assert isinstance(bus, KafkaBus)

    @asynccontextmanager
    async def producing() -> AsyncIterator[None]:
        producer = publisher.Publisher(bus._connection, bus._topology, idempotent=True)
        await producer.open()
        yield
        await producer.close()

    clients = {"administrator": bus._connection.admin, "producer": producing}

    async def use() -> None:
        async with clients.get(what, lambda: bus._connection.reader(()))():
            is_open.set()

    turns = 0
    while True:
        is_open = asyncio.Event()
        using = asyncio.create_task(use())
        await is_open.wait()
        for _ in range(turns):
            await asyncio.sleep(0)
        if not using.cancel():
            break  # it was closed by then
        await asyncio.wait({using})
        assert using.cancelled(), f"after {turns} turns of the event loop"
        turns += 1
    assert turns > 1
