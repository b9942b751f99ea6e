"""What is to be scaffolded, and what of it is known from the landscape."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.contract import Contract
from eventkit.scaffold.names import (
    ClientName,
    EventName,
    ServiceName,
    article,
    camel,
    client_names,
    event_names,
    refuse_same,
    service_name,
)
from eventkit.scaffold.reader_fields import ReaderField, reader_fields


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader model.

    Args:
        event: The event.
        publisher: The service that publishes it; empty where the landscape does not show one.
        version: The version that is read.
        fields: The fields to begin with.
        others: What is sent besides.
    """

    event: EventName
    publisher: str = ""
    version: int = 1
    fields: tuple[ReaderField, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that the service keeps: what its events are about.

    Args:
        name: As `order`.
        events: The events that are published about it.
    """

    name: str
    events: tuple[EventName, ...]

    @property
    def model(self) -> str:
        """Its class: `Order`."""
        return camel(self.name)

    @property
    def variable(self) -> str:
        """What it is called as a parameter: `order`."""
        return f"{self.name}_" if keyword.iskeyword(self.name) else self.name

    @property
    def words(self) -> str:
        """Its name, in a sentence: `order`."""
        return self.name.replace("_", " ")

    @property
    def phrase(self) -> str:
        """It, at the beginning of a sentence: `An order`."""
        return article(self.name)


@dataclass(frozen=True, slots=True)
class Plan:
    """One service to be scaffolded.

    Args:
        service: Its name.
        publishes: The events that it publishes.
        handles: The events that it handles.
        clients: The services that it asks.
        readers: The reader models of the events that it handles, in the same order.
    """

    service: ServiceName
    publishes: tuple[EventName, ...]
    handles: tuple[EventName, ...]
    clients: tuple[ClientName, ...]
    readers: tuple[Reader, ...]

    @classmethod
    def of(
        cls, name: str, *, publishes: Sequence[str] = (), handles: Sequence[str] = (), clients: Sequence[str] = ()
    ) -> Plan:
        """Check names and put them together.

        Raises:
            ConfigurationError: A name is wrong, stands twice, or two would be the same in the code.
        """
        service = service_name(name)
        published, handled = event_names(publishes), event_names(handles)
        both = {event.name for event in published} & {event.name for event in handled}
        if both:
            raise ConfigurationError(
                f"{min(both)} would be both published and handled by {name}",
                mend="do what follows from it where it is published, in the same transaction",
            )
        asked = client_names(clients)
        _refuse_collisions(service, published, handled, asked)
        return cls(service, published, handled, asked, tuple(map(Reader, handled)))

    @property
    def entities(self) -> tuple[Entity, ...]:
        """What the service keeps: one thing for each subject of its events."""
        ordered = sorted(self.publishes, key=lambda event: event.subject)
        groups = groupby(ordered, key=lambda event: event.subject)
        return tuple(Entity(subject, tuple(events)) for subject, events in groups)


def _refuse_collisions(
    service: ServiceName,
    published: Sequence[EventName],
    handled: Sequence[EventName],
    asked: Sequence[ClientName],
) -> None:
    ours = "the code of every service"
    entities = {event.subject for event in published}
    refuse_same([(event.model, event.name) for event in (*published, *handled)], "events/models.py")
    refuse_same(
        [
            *((word, ours) for word in ("Base", "StrEnum", "Mapped", *service.classes)),
            *((event.model, f"the event {event.name}") for event in published),
            *((camel(entity), f"the entity {entity}") for entity in entities),
            *((f"{camel(entity)}Status", f"the status of the entity {entity}") for entity in entities),
        ],
        "models.py",
    )
    refuse_same(
        [
            *((word, ours) for word in ("ServiceClient", "BaseModel")),
            *((client.client, f"the client {client.name}") for client in asked),
            *((client.model, f"the answer of the client {client.name}") for client in asked),
        ],
        "clients",
    )
    settings = [("bus", ours), ("database", ours), *((client.name, f"the URL of {client.name}") for client in asked)]
    refuse_same([(f"{name}_url", origin) for name, origin in settings], "settings.py")


def reader_of(event: EventName, contracts: Sequence[Contract]) -> Reader:
    """Return a reader model that begins with what the publisher in these contracts sends, if there is one."""
    sent = [
        (message, contract.service)
        for contract in contracts
        for message in contract.publishes
        if message.event.name == event.name
    ]
    if not sent:
        return Reader(event)
    message, publisher = max(sent, key=lambda each: each[0].event)
    fields, others = reader_fields(message.schema)
    return Reader(event, publisher, message.event.version, fields, others)
