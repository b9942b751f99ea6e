"""What operators call things: the streams in which events are kept, and the groups of services.

Without a name of its own, an event lives in the stream of its domain, and the group of a service is called like the
service. Both can be named, on every bus in the same way:

    connect(URL, streams={"order": "sales", "order.audited": "audit"}, groups={"payment_service": "payments"})
    connect("nats://localhost:4222?streams=order=sales,order.audited=audit&groups=payment_service=payments")

How a bus makes names of this, as `sales.groups` on RabbitMQ, is its own matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from eventkit.contract.errors import ConfigurationError
from eventkit.contract.event import TYPE_NAME
from eventkit.contract.service import SERVICE_NAME

GivenNames = Mapping[str, str]
"""Names by what is called so."""
NO_NAMES: Final[GivenNames] = {}

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
"""What every broker takes, with all that buses put before and behind it."""
_RESERVED: Final = re.compile(r"eventkit|KV_|OBJ_", re.IGNORECASE)  # of buses themselves, and of NATS
_DOMAIN: Final = re.compile(r"[a-z][a-z0-9_]*")


def names_from(text: str) -> dict[str, str]:
    """Return names that are written `order=sales,order.audited=audit`.

    Raises:
        ValueError: Something else is written, or something has two names.
    """
    names: dict[str, str] = {}
    for pair in text.split(",") if text else ():
        what, equals, name = pair.partition("=")
        if not equals or what.strip() in names:
            raise ValueError(text)
        names[what.strip()] = name.strip()
    return names


class Streams:
    """Which stream keeps the events of a type.

    Args:
        given: GivenNames by domain or by event type; that of the type counts before that of its domain.
        url: The bus, for errors.

    Raises:
        ConfigurationError: A name that not every broker takes, or that is confusing beside the others.
    """

    def __init__(self, given: GivenNames = NO_NAMES, url: str = "") -> None:
        _require_names("streams", given, lambda what: bool(_DOMAIN.fullmatch(what) or TYPE_NAME.fullmatch(what)), url)
        domains = set(map(domain_of, given))
        for what, name in given.items():
            if name.lower() in domains and given.get(name.lower()) != name:
                # Then one had to know the settings to tell what is in a stream that is called like a domain.
                raise _refused("streams", what, name, f"{name.lower()} is a domain itself", url)
        self.given: Final = dict(given)

    def given_for(self, type: str) -> str | None:
        """Return the name that is given to the stream of a type; None where there is none."""
        return (self.given.get(type) or self.given.get(domain_of(type))) if self.given else None

    def of(self, type: str) -> str:
        """Return the name of the stream that keeps the events of a type: where none is given, that of its domain."""
        return self.given_for(type) or domain_of(type)

    def may_be(self, name: str) -> bool:
        """Tell whether a stream is called so, as far as the name tells: as was given, or as a domain may be called."""
        return name in self.given.values() or _DOMAIN.fullmatch(name) is not None

    def is_apart(self, type: str) -> bool:
        """Tell whether a type is kept in another stream than the other events of its domain."""
        return type in self.given and self.given[type] != self.given.get(domain_of(type))


class Groups:
    """What the groups of services are called.

    Args:
        given: GivenNames by service.
        url: The bus, for errors.

    Raises:
        ConfigurationError: A name that not every broker takes, or that another service has.
    """

    def __init__(self, given: GivenNames = NO_NAMES, url: str = "") -> None:
        _require_names("groups", given, lambda what: SERVICE_NAME.fullmatch(what) is not None, url)
        self._given = dict(given)
        self._services = {name: service for service, name in given.items()}
        self._url = url
        taken: set[str] = set()
        for service, name in given.items():
            if name.lower() in taken:
                # Each of the two would get a part of the events, and neither all.
                raise _refused("groups", service, name, "another service has this group", url)
            if given.get(name.lower(), name) != name:
                raise _refused("groups", service, name, f"{name.lower()} is a service itself", url)
            taken.add(name.lower())

    def of(self, service: str) -> str:
        """Return the group of a service.

        Raises:
            ConfigurationError: The service is called like the group of another one.
        """
        if service in self._given:
            return self._given[service]
        if service in self._services:
            raise ConfigurationError(
                f"{service} is the group of {self._services[service]}, and the name of another service",
                where=self._url,
                mend=f"name the group of {service}, too, in `groups`",
            )
        return service

    def wanted(self, name: str) -> str:
        """Return the group that is meant by whoever looks: by the service's name, or by its own."""
        return self._given.get(name, name)

    def service(self, group: str) -> str:
        """Return the service of a group."""
        return self._services.get(group, group)


def domain_of(type: str) -> str:
    """Return the domain of an event type: `order` of `order.created`."""
    return type.partition(".")[0]


def require_prefix(prefix: str, pattern: str, rule: str, url: str) -> None:
    """Raise ConfigurationError where a prefix is none that a broker takes in names.

    Args:
        prefix: The setting.
        pattern: A regular expression for those that the broker takes.
        rule: The same in words.
        url: The bus, for the error.
    """
    if not re.fullmatch(pattern, prefix):
        raise ConfigurationError(f"{prefix=} cannot begin names", where=url, mend=f"give {rule}")


def _require_names(setting: str, given: GivenNames, is_known: Callable[[str], bool], url: str) -> None:
    """Raise ConfigurationError for the first name that is wrong by itself."""
    kind = "a domain or an event type, as order or order.created" if setting == "streams" else "the name of a service"
    spelled: dict[str, str] = {}
    for what, name in given.items():
        if not isinstance(what, str) or not isinstance(name, str):
            raise ConfigurationError(f"{setting}: {what!r}={name!r} is not text", where=url, mend="give names as text")
        if not is_known(what):
            raise ConfigurationError(f"{setting}: {what!r} has no stream or group", where=url, mend=f"give {kind}")
        if not _NAME.fullmatch(name):
            rule = "1 to 63 letters, digits, '_' and '-', the first a letter or a digit"
            raise ConfigurationError(
                f"{setting}: {name!r} cannot be the name of {what}", where=url, mend=f"give {rule}"
            )
        if _RESERVED.match(name):
            raise _refused(setting, what, name, "such names are kept for what the bus itself needs", url)
        if spelled.setdefault(name.lower(), name) != name:
            raise _refused(setting, what, name, f"{spelled[name.lower()]} differs from it in capitals only", url)


def _refused(setting: str, what: str, name: str, why: str, url: str) -> ConfigurationError:
    return ConfigurationError(
        f"{setting}: {what} cannot be called {name}, because {why}", where=url, mend="choose another"
    )


BY_DOMAIN: Final = Streams()
"""No stream has a name that was given to it."""
