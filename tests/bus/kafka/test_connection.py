"""What stands in the URL and the settings, and what is said where no broker can be reached."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from eventkit import BusError, ConfigurationError, connect
from eventkit.bus.kafka import KafkaBus


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
        with pytest.raises(BusError, match="no broker answered within"):
            await connect(f"kafka://127.0.0.1:{port}").open()
        assert time.monotonic() - start < 6
        for writer in silent:
            writer.close()
        server.close()
