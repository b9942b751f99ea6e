"""What a URL says about where a bus is: for each scheme the backend, and the place that its class takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import SplitResult, unquote

from eventkit.contract.errors import ConfigurationError

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?")
_PORT: Final = re.compile(r":[0-9]{1,5}$")


def _memory(parts: SplitResult, shown: str) -> tuple[str, ...]:
    if parts.netloc or parts.path.strip("/"):
        raise ConfigurationError("a memory bus has no name", where=shown, mend="write memory://")
    return ()


def _sqlite(parts: SplitResult, shown: str) -> tuple[str, ...]:
    path = unquote(parts.path[1:])
    if parts.netloc:
        raise ConfigurationError(
            "two slashes are followed by a host, and SQLite has none",
            where=shown,
            mend="write three for a relative path, sqlite:///events.db, or four for an absolute one",
        )
    if not path.strip("/"):
        raise ConfigurationError("the URL names no file", where=shown, mend="write sqlite:///events.db")
    if path == ":memory:":
        raise ConfigurationError("a bus on SQLite is a file", where=shown, mend="use memory://")
    if "\0" in path:
        raise ConfigurationError("the path holds a NUL byte", where=shown, mend="write sqlite:///events.db")
    return (path,)


def _without_settings(parts: SplitResult, shown: str) -> tuple[str, ...]:
    """The URL as the broker's client takes it."""
    return (parts._replace(query="").geturl(),)


def _amqp(parts: SplitResult, shown: str) -> tuple[str, ...]:
    _login(parts, shown)
    return _without_settings(parts, shown)


def _nats(parts: SplitResult, shown: str) -> tuple[object, ...]:
    user, password, hosts = _cluster(parts, shown, port=4222)
    return hosts, parts.scheme == "tls", user, password


def _kafka(parts: SplitResult, shown: str) -> tuple[object, ...]:
    user, password, hosts = _cluster(parts, shown, port=9092)
    return ",".join(hosts), user, password


def _cluster(parts: SplitResult, shown: str, *, port: int) -> tuple[str, str, tuple[str, ...]]:
    """Return user, password and the hosts of a cluster with their ports."""
    user, password = _login(parts, shown)
    hosts = parts.netloc.rpartition("@")[2].split(",")
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise ConfigurationError(
            "a host cannot be read", where=shown, mend=f"write {parts.scheme}://host:{port},other:{port}"
        )
    if parts.path.strip("/"):
        raise ConfigurationError(
            f"the path {parts.path!r} means nothing here", where=shown, mend="end the URL after host and port"
        )
    named = (host if _PORT.search(host) else f"{host}:{port}" for host in hosts)
    return user, password, tuple(named)


def _login(parts: SplitResult, shown: str) -> tuple[str, str]:
    """Return user and password, where nobody logs in with a password alone; of Redis it is the default user's."""
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    if password and not user:
        raise ConfigurationError(
            "the URL has a password without a user", where=shown, mend=f"write {parts.scheme}://user:password@host"
        )
    return unquote(user), unquote(password)


Backend = tuple[str, str, Callable[[SplitResult, str], tuple[object, ...]]]
"""Module, class, and what of the URL the class takes after the URL itself. The module is loaded when asked for."""

BACKENDS: Final[Mapping[str, Backend]] = {
    "memory": ("eventkit.bus.memory", "MemoryBus", _memory),
    "sqlite": ("eventkit.bus.sqlite", "SQLiteBus", _sqlite),
    "nats": ("eventkit.bus.nats", "NATSBus", _nats),
    "tls": ("eventkit.bus.nats", "NATSBus", _nats),
    "redis": ("eventkit.bus.redis", "RedisBus", _without_settings),
    "rediss": ("eventkit.bus.redis", "RedisBus", _without_settings),
    "redis+sentinel": ("eventkit.bus.redis", "RedisBus", _without_settings),
    "rediss+sentinel": ("eventkit.bus.redis", "RedisBus", _without_settings),
    "amqp": ("eventkit.bus.amqp", "AMQPBus", _amqp),
    "amqps": ("eventkit.bus.amqp", "AMQPBus", _amqp),
    "kafka": ("eventkit.bus.kafka", "KafkaBus", _kafka),
}
"""The backend of each scheme."""
