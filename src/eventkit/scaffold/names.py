"""The names that are given for a new service, checked, and the names in its code that follow from them."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from eventkit.contract.errors import ConfigurationError
from eventkit.contract.event import is_type_name

_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_IRREGULAR: Final = frozenset({"bought", "built", "given", "lost", "made", "paid", "sent", "sold", "taken"})
# What the new service itself imports, and folders in which neither pytest nor eventkit looks for services.
_TAKEN_PACKAGES: Final = frozenset(
    {
        "build",
        "dist",
        "eventkit",
        "httpx2",
        "pydantic",
        "pytest",
        "service",
        "sqlalchemy",
        "starlette",
        "tests",
        "uvicorn",
    }
)


@dataclass(frozen=True, slots=True)
class ServiceName:
    """The name of a service, as `order_service`.

    Args:
        name: The name: of the service and of its package.
    """

    name: str

    @property
    def domain(self) -> str:
        """What it is about: `order`."""
        return self.name.removesuffix("_service")

    @property
    def module(self) -> str:
        """The module with its business logic: `order_service`."""
        return f"{self.domain}_service"

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes that are called after it."""
        return self.logic, self.repository, self.data

    @property
    def logic(self) -> str:
        """The class with its business logic: `OrderService`."""
        return f"{camel(self.domain)}Service"

    @property
    def repository(self) -> str:
        """The class that stores its data: `OrderRepository`."""
        return f"{camel(self.domain)}Repository"

    @property
    def data(self) -> str:
        """The class that is its data in one transaction: `OrderData`."""
        return f"{camel(self.domain)}Data"


@dataclass(frozen=True, slots=True)
class EventName:
    """The type name of an event, as `order.created`.

    Args:
        name: The type name.
    """

    name: str

    @property
    def subject(self) -> str:
        """What it happened to: `order`."""
        return self.name.rpartition(".")[0].replace(".", "_")

    @property
    def happened(self) -> str:
        """What happened: `created`."""
        return self.name.rpartition(".")[2]

    @property
    def snake(self) -> str:
        """Its part of function names: `order_created`."""
        return self.name.replace(".", "_")

    @property
    def model(self) -> str:
        """Its class: `OrderCreatedEvent`."""
        return f"{camel(self.snake)}Event"

    @property
    def sentence(self) -> str:
        """What it says, as far as its name tells, as `An order was created`."""
        what, happened = article(self.subject), self.happened
        done = happened in _IRREGULAR or (happened.endswith("ed") and "_" not in happened)
        return f"{what} was {happened}." if done else f"{what}: {happened.replace('_', ' ')}."


@dataclass(frozen=True, slots=True)
class ClientName:
    """A service that is asked, as `account`.

    Args:
        name: Its name, without `_service`.
    """

    name: str

    @property
    def client(self) -> str:
        """The class that asks it: `AccountClient`."""
        return f"{camel(self.name)}Client"

    @property
    def model(self) -> str:
        """What it answers with: `Account`."""
        return camel(self.name)

    @property
    def path(self) -> str:
        """Where one is found: `/accounts/{account_id}`."""
        return f"/{self.name}s/{{{self.name}_id}}"


def service_name(text: str) -> ServiceName:
    """Check the name of a service.

    Raises:
        ConfigurationError: It cannot be the name of a service and of a Python package.
    """
    if not _WORD.fullmatch(text) or text.endswith("_"):
        raise ConfigurationError(
            f"{text!r} is no name for a service",
            mend="use lower-case letters, digits and '_', 40 at the most: order_service",
        )
    if keyword.iskeyword(text) or text in sys.stdlib_module_names or text in _TAKEN_PACKAGES:
        raise ConfigurationError(
            f"the package {text!r} would hide another one, or cannot be imported", mend=f"call it {text}_service"
        )
    return ServiceName(text)


def event_names(texts: Iterable[str]) -> tuple[EventName, ...]:
    """Check the type names of events.

    Raises:
        ConfigurationError: One is no type name, or stands twice.
    """
    texts = _each_once(texts, "event")
    for text in texts:
        if not is_type_name(text):
            raise ConfigurationError(
                f"{text!r} is no event type",
                mend="use lower-case words joined by dots, the domain first, as in order.created",
            )
    return tuple(map(EventName, texts))


def client_names(texts: Iterable[str]) -> tuple[ClientName, ...]:
    """Check the names of services that are asked.

    Raises:
        ConfigurationError: One is no name of a service, or stands twice.
    """
    texts = _each_once((text.removesuffix("_service").removesuffix("_client") for text in texts), "client")
    for text in texts:
        if not _WORD.fullmatch(text) or text.endswith("_") or text == "service":
            raise ConfigurationError(
                f"{text!r} is no name for a client", mend="name the service that it asks: account, or account_service"
            )
    return tuple(map(ClientName, texts))


def refuse_same(names: Sequence[tuple[str, str]], where: str) -> None:
    """Refuse two things that would get one name in the code.

    Args:
        names: The name of each thing, and the thing as it was given.
        where: The module in which they would meet.

    Raises:
        ConfigurationError: Two of them are the same.
    """
    given: dict[str, str] = {}
    for name, origin in names:
        first = given.setdefault(name, origin)
        if first != origin:
            raise ConfigurationError(
                f"{first} and {origin} would both be called {name} in {where}", mend="give one of them another name"
            )


def camel(snake: str) -> str:
    """Return `order_created` as `OrderCreated`."""
    return "".join(word[:1].upper() + word[1:] for word in snake.split("_"))


def article(snake: str) -> str:
    """Return `order` as `An order`."""
    return f"{'An' if snake[0] in 'aeio' else 'A'} {snake.replace('_', ' ')}"


def _each_once(texts: Iterable[str], kind: str) -> list[str]:
    seen: list[str] = []
    for text in texts:
        if not text:
            raise ConfigurationError(
                f"one {kind} has an empty name", mend="write a name on both sides of each comma, or no comma"
            )
        if text in seen:
            raise ConfigurationError(f"the {kind} {text} is given twice", mend="name each once")
        seen.append(text)
    return seen
