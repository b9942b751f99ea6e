"""`connect`: from a URL to a bus."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from eventkit.bus.addresses import BACKENDS
from eventkit.bus.naming import NO_NAMES, Groups, names_from
from eventkit.bus.protocol import Bus
from eventkit.bus.renamed import RenamedGroups
from eventkit.contract.errors import ConfigurationError
from eventkit.delivery.worker import WorkerOptions

_EXAMPLES: Final = "memory://, sqlite:///events.db, nats://, redis://, amqp:// or kafka://host"
_USER_INFO: Final = re.compile(r"^([a-z][a-z0-9+.-]*://)?.*@", re.DOTALL | re.IGNORECASE)
_UNREADABLE_LOGIN: Final = "percent-encode '#', '/', '?' and '@' in a password, and give a port as a number up to 65535"
_SECRET: Final = re.compile(r"([?&][^=&#]*(?:pass|pwd|token|secret|key|auth|cred|sig)[^=&#]*=)[^&#]*", re.IGNORECASE)
# Annotation of a setting -> types taken as they are, how text is read, what it is called.
_KINDS: Final[Mapping[str, tuple[tuple[type, ...], Callable[[str], object], str]]] = {
    "int": ((int,), int, "a whole number"),
    "float": ((int, float), float, "a number"),
    "bool": ((bool,), lambda text: {"true": True, "false": False}[text.lower()], "true or false"),
    "str": ((str,), str, "text"),
    "GivenNames": ((dict,), names_from, "names, each given once, as order=sales,payment=money"),
}


def connect(url: str, **settings: object) -> Bus:
    """Return the bus that a URL names; it is open inside `async with`.

        async with connect("sqlite:///events.db") as bus: ...

    Args:
        url: `memory://`, `sqlite:///relative/path.db` or `sqlite:////absolute/path.db`, `nats://`, `redis://`,
            `amqp://` or `kafka://` with user, password, host and port, or `tls://` (NATS), `rediss://` and `amqps://`
            where the connection is encrypted; `redis+sentinel://host:port,host:port/primary` where Sentinels are asked
            for the server. Settings may stand in its query: `sqlite:///events.db?concurrency=8`.
        settings: The fields of `WorkerOptions`, the keyword arguments of the backend's class, and four of every bus.
            `wait`: the seconds for which a broker that is not there yet is waited for, 0 by default. `telemetry`:
            whether OpenTelemetry is told of what is published and handled, by default not. `streams`: what streams of
            events are called, `{"order": "sales", "order.audited": "audit"}`; by default as their domain. `groups`:
            what groups of services are called, `{"payment_service": "payments"}`; by default as their service.

    Raises:
        ConfigurationError: A URL, scheme or setting that is wrong or unknown. Its message holds no password.
    """
    parts = _split(url)
    shown = redact(url)
    backend = BACKENDS.get(parts.scheme)
    if backend is None:
        raise ConfigurationError(f"no bus is called {parts.scheme}://", where=shown, mend=f"use {_EXAMPLES}")
    module, name, locate = backend
    location = locate(parts, shown)
    bus_class: Callable[..., Bus] = getattr(import_module(module), name)
    options, others = _settings(bus_class, _query(parts, shown), settings, shown)
    wait, telemetry = others.pop("wait", Bus.wait), others.pop("telemetry", False)
    if not 0 <= wait < math.inf:
        raise ConfigurationError(f"{wait=} is out of range", where=shown, mend="give 0 or more seconds")
    groups = others.pop("groups", NO_NAMES)
    bus = bus_class(shown, *location, options, **others)
    if groups:
        bus = RenamedGroups(bus, Groups(groups, shown))
    if telemetry:
        from eventkit.bus.observed import ObservedBus  # here, because it needs an extra

        bus = ObservedBus(bus)
    bus.wait = wait
    return bus


def redact(url: str) -> str:
    """Return a URL, or what was meant as one, without user, password and secret parameters."""
    return _SECRET.sub(r"\1***", _USER_INFO.sub(r"\1***@", url))


def _split(url: str) -> SplitResult:
    if not isinstance(url, str):
        raise ConfigurationError(f"the URL of the bus is a {type(url).__name__}, not text", mend=f"use {_EXAMPLES}")
    try:
        parts = urlsplit(url)
        for host in parts.netloc.rpartition("@")[2].split(","):
            _ = urlsplit(f"//{host}").port
    except ValueError:
        # Its own message may hold a part of a password that was not percent-encoded.
        raise ConfigurationError(
            "the URL of the bus cannot be read",
            where=redact(url),
            mend=_UNREADABLE_LOGIN if "@" in url else "write scheme://host:port; a port is a number up to 65535",
        ) from None
    if not parts.scheme or "://" not in url:
        raise ConfigurationError(f"{redact(url)!r} is no URL of a bus", mend=f"use {_EXAMPLES}")
    if parts.fragment:
        raise ConfigurationError("the URL of the bus has a fragment", where=redact(url), mend="write '#' as %23")
    return parts


def _query(parts: SplitResult, shown: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ConfigurationError(
            "the query of the URL cannot be read", where=shown, mend="write ?name=value&name=value"
        ) from None
    query = dict(pairs)
    if len(query) != len(pairs):
        raise ConfigurationError("a parameter stands twice in the URL", where=shown, mend="write it once")
    return query


def _settings(
    bus_class: Callable[..., Bus], query: Mapping[str, str], given: Mapping[str, object], shown: str
) -> tuple[WorkerOptions, dict[str, Any]]:
    """Return the worker's options and the other settings, of the URL's query and of keyword arguments."""
    of_worker = {field.name: field.type for field in dataclasses.fields(WorkerOptions)}
    parameters = inspect.signature(bus_class).parameters.values()
    # A setting that may be left out without a default, `int | None`, is given as what it is otherwise.
    of_bus = {
        each.name: each.annotation.removesuffix(" | None") for each in parameters if each.kind is each.KEYWORD_ONLY
    }
    known = {**of_worker, **of_bus, "wait": "float", "telemetry": "bool", "groups": "GivenNames"}
    for name in (*query, *given):
        if name not in known:
            raise ConfigurationError(
                f"no setting is called {name!r}", where=shown, mend=f"use one of: {', '.join(sorted(known))}"
            )
        if name in query and name in given:
            raise ConfigurationError(f"{name} is given twice", where=shown, mend="in the URL or as an argument")
    values = {name: _value(name, text, known[name], shown) for name, text in (*query.items(), *given.items())}
    options = WorkerOptions(**{name: value for name, value in values.items() if name in of_worker})
    return options, {name: value for name, value in values.items() if name not in of_worker}


def _value(name: str, value: object, annotation: str, shown: str) -> Any:
    """Return a setting as what its annotation says; a URL gives text, an argument the value itself."""
    types, read, kind = _KINDS[annotation]
    if type(value) in types:
        return value
    if isinstance(value, str) and str not in types:
        with suppress(KeyError, ValueError):
            return read(value)
    raise ConfigurationError(f"{name}={value!r} is not {kind}", where=shown, mend=f"give {kind}")
