"""From a URL to a bus, and what a wrong URL says."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventkit import ConfigurationError, connect
from eventkit.bus.connect import redact
from eventkit.bus.memory import MemoryBus
from eventkit.bus.redis import RedisBus
from eventkit.bus.sqlite import SQLiteBus
from eventkit.delivery.worker import WorkerOptions


def error_of(url: Any, **settings: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        connect(url, **settings)
    return str(caught.value)


class TestBackends:
    def test_memory(self) -> None:
        assert isinstance(connect("memory://"), MemoryBus)

    async def test_sqlite_with_an_absolute_path(self, tmp_path: Path) -> None:
        bus = connect(f"sqlite:///{tmp_path}/with%20space.db")
        assert isinstance(bus, SQLiteBus)
        async with bus:
            assert (tmp_path / "with space.db").exists()

    async def test_sqlite_with_a_relative_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        async with connect("sqlite:///events.db"):
            assert (tmp_path / "events.db").exists()

    @pytest.mark.parametrize("scheme", ["redis", "rediss"])
    def test_redis(self, scheme: str) -> None:
        bus = connect(f"{scheme}://user:hunter2@localhost:6379/1?prefix=shop&lease=7")
        assert isinstance(bus, RedisBus)
        assert bus.url == f"{scheme}://***@localhost:6379/1?prefix=shop&lease=7"

    def test_the_scheme_may_be_written_in_capitals(self) -> None:
        assert isinstance(connect("MEMORY://"), MemoryBus)


class TestSettings:
    def test_they_stand_in_the_url_or_are_given(self) -> None:
        assert connect("memory://?concurrency=8&grace=2.5").options == WorkerOptions(concurrency=8, grace=2.5)
        assert connect("memory://", concurrency=8, grace=2).options == WorkerOptions(concurrency=8, grace=2)
        assert connect("memory://?concurrency=8", grace=2).options == WorkerOptions(concurrency=8, grace=2)

    async def test_those_of_the_backend_reach_it(self) -> None:
        async with connect("memory://?lease=7") as bus:
            assert (await bus.subscribe("payment_service", [])).lease == 7

    def test_every_bus_takes_the_time_to_wait_for_its_broker(self) -> None:
        assert [connect(url).wait for url in ("memory://", "memory://?wait=30", "sqlite:///a.db?wait=1.5")] == [
            0,
            30,
            1.5,
        ]

    @pytest.mark.parametrize(
        ("query", "settings", "message"),
        [
            ("?speed=9", {}, "no setting is called 'speed' (memory://?speed=9); use one of: capacity, concurrency,"),
            ("", {"speed": 9}, "no setting is called 'speed' (memory://); use one of: capacity, concurrency,"),
            ("?lease=1", {"lease": 1}, "lease is given twice (memory://?lease=1); in the URL or as an argument"),
            ("?lease=1&lease=2", {}, "a parameter stands twice in the URL (memory://?lease=1&lease=2); write it once"),
            ("?lease", {}, "the query of the URL cannot be read (memory://?lease); write ?name=value&name=value"),
            ("?concurrency=many", {}, "concurrency='many' is not a whole number"),
            ("?concurrency=1.5", {}, "concurrency='1.5' is not a whole number"),
            ("", {"concurrency": True}, "concurrency=True is not a whole number"),
            ("", {"concurrency": None}, "concurrency=None is not a whole number"),
            ("?lease=long", {}, "lease='long' is not a number"),
            ("?concurrency=0", {}, "concurrency=0 is out of range"),
            ("?lease=-1", {}, "lease=-1.0 is out of range (memory://?lease=-1); give more than 0 seconds"),
            ("?wait=-1", {}, "wait=-1.0 is out of range (memory://?wait=-1); give 0 or more seconds"),
            ("?wait=inf", {}, "wait=inf is out of range"),
            ("?wait=nan", {}, "wait=nan is out of range"),
            ("?lease=nan", {}, "lease=nan is out of range"),
            ("?history=-1", {}, "history=-1 is out of range"),
            ("?capacity=0", {}, "capacity=0 is out of range"),
        ],
    )
    def test_a_wrong_one_is_named(self, query: str, settings: dict[str, Any], message: str) -> None:
        assert error_of(f"memory://{query}", **settings).startswith(message)


class TestWrongURLs:
    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("http://localhost", "no bus is called http:// (http://localhost); use memory://, sqlite:///events.db"),
            ("nats://localhost/path", "the path '/path' means nothing here (nats://localhost/path); end the URL"),
            ("kafka://a b:9092", "a host cannot be read (kafka://a b:9092); write kafka://host:9092,other:9092"),
            ("events.db", "'events.db' is no URL of a bus; use memory://, sqlite:///events.db, nats://, redis://"),
            ("", "'' is no URL of a bus"),
            ("memory:", "'memory:' is no URL of a bus"),
            (None, "the URL of the bus is a NoneType, not text"),
            (Path("events.db"), "not text; use memory://"),
            ("http://[::1", "the URL of the bus cannot be read"),
            ("nats://host:99999", "(nats://host:99999); write scheme://host:port; a port is a number up to 65535"),
            ("kafka://a:1,b:port", "(kafka://a:1,b:port); write scheme://host:port; a port is a number up to 65535"),
            ("redis://user:a/b@host", "(redis://***@host); percent-encode '#', '/', '?' and '@' in a password"),
            ("memory://name", "a memory bus has no name (memory://name); write memory://"),
            ("memory:///path", "a memory bus has no name"),
            ("sqlite://events.db", "two slashes are followed by a host, and SQLite has none"),
            ("sqlite:///", "the URL names no file"),
            ("sqlite:////", "the URL names no file"),
            ("sqlite:///:memory:", "a bus on SQLite is a file (sqlite:///:memory:); use memory://"),
            ("sqlite:///a%00b", "the path holds a NUL byte"),
            ("sqlite:///a#b.db", "has a fragment (sqlite:///a#b.db); write '#' as %23"),
        ],
    )
    def test_each_says_what_is_wrong_and_what_is_right(self, url: Any, message: str) -> None:
        assert message in error_of(url)

    @pytest.mark.parametrize("scheme", ["nats", "tls", "amqp", "amqps", "kafka"])
    def test_a_password_without_a_user_is_refused_where_it_logs_nobody_in(self, scheme: str) -> None:
        assert error_of(f"{scheme}://:hunter2@host") == (
            f"the URL has a password without a user ({scheme}://***@host); write {scheme}://user:password@host"
        )

    def test_a_password_alone_is_that_of_redis_default_user(self) -> None:
        assert isinstance(connect("redis://:hunter2@host"), RedisBus)


class TestSecrets:
    @pytest.mark.parametrize(
        "url",
        [
            "nats://user:hunter2@localhost/path",
            "nats://hunter2@localhost/path",
            "nats://user:hun@hunter2@localhost/path",
            "nats://user:a/hunter2@localhost",
            "nats://user:a#hunter2@localhost",
            "nats://user:a?hunter2@localhost",
            "nats://user:hunter2@localhost:port",
            "user:hunter2@localhost",
            "http://user:hunter2@[::1",
            "memory://user:hunter2@",
            "memory://?token=hunter2",
            "memory://?password=hunter2&concurrency=1",
            "memory://?concurrency=1&sasl_password=hunter2",
            "memory://?API-Key=hunter2",
            "sqlite://user:hunter2@host/events.db",
        ],
    )
    def test_they_are_in_no_error(self, url: str) -> None:
        assert "hunter2" not in error_of(url)

    def test_they_are_in_no_error_of_a_setting_either(self) -> None:
        assert "hunter2" not in error_of("memory://", password="hunter2")

    async def test_a_bus_shows_none(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        bus = connect(f"sqlite:///{tmp_path}/a%40hunter2.db")
        assert bus.url.endswith("a%40hunter2.db"), "an escaped @ is a part of the name"

    @given(
        user=st.text("abc:/?#@[]%&= ", max_size=5),
        password=st.text("abc:/?#@[]%&= ", max_size=10).map(lambda text: f"<{text}>"),
        rest=st.sampled_from(["host", "host:1/path?a=b", "", "[::1", "host?token=<x>&a=b#c"]),
    )
    def test_whatever_a_password_looks_like_it_is_hidden(self, user: str, password: str, rest: str) -> None:
        shown = redact(f"nats://{user}:{password}@{rest}")

        assert "<" not in shown
        assert shown.startswith("nats://***@")
