"""Whether one event is as its contracts say: the question of `verify`, asked of what is under way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from eventkit.contract.envelope import Envelope
from eventkit.contract.event import EventType
from eventkit.contract.strict_json import StrictJSONError, loads
from eventkit.discovery.contract import Message
from eventkit.discovery.landscape import Landscape
from eventkit.schema import compare
from eventkit.schema.messages import show
from eventkit.verify.names import can_be_same

# Of one event, what `compare` says of all that a publisher can send reads better so.
_WORDS: Final = (
    ("the publisher can send null", "it has null"),
    ("the publisher can send undeclared fields such as", "it has fields such as"),
    ("the publisher can send", "it has"),
    ("which the publisher does not declare", "which is missing"),
    ("which the publisher does not always send", "which is missing"),
    ("that is not sent in", "that is missing in"),
)


@dataclass(frozen=True, slots=True)
class Declared:
    """One event as one service publishes or reads it.

    Args:
        service: The service.
        message: The event in its contract.
    """

    service: str
    message: Message


class Contracts:
    """The contracts of a landscape, asked about single events.

    Args:
        landscape: The landscape.
    """

    def __init__(self, landscape: Landscape) -> None:
        self._publishers: defaultdict[str, list[Declared]] = defaultdict(list)
        self._readers: list[Declared] = []
        for contract in landscape.contracts:
            for message in contract.publishes:
                self._publishers[message.event.name].append(Declared(contract.service, message))
            self._readers += (Declared(contract.service, message) for message in contract.handles)

    @property
    def published(self) -> list[EventType]:
        """The events that are published, sorted."""
        return sorted({each.message.event for several in self._publishers.values() for each in several})

    def publishers(self, name: str, version: int | None = None, service: str | None = None) -> list[Declared]:
        """Return who publishes an event.

        Args:
            name: The event's type name.
            version: Its version; None for each.
            service: The service; None for each.
        """
        return [
            each
            for each in self._publishers.get(name, ())
            if version in (None, each.message.event.version) and service in (None, each.service)
        ]

    def know(self, name: str) -> bool:
        """Tell whether any contract publishes or reads an event of this name, which may hold wildcards."""
        readers = (each.message.event.name for each in self._readers)
        return any(can_be_same(each, name) for each in self._publishers) or any(
            can_be_same(name, each) or can_be_same(each, name) for each in readers
        )

    def objections(self, envelope: Envelope) -> list[str]:
        """Return what is wrong with an event, as sentences: nothing where all who publish and read it agree with it.

        Its own publisher's contract is asked, and that of each service that reads this type in this version. Where no
        contract knows the type, nothing can be wrong.
        """
        event = envelope.event_type
        of_type = self.publishers(event.name)
        own = self.publishers(event.name, event.version, envelope.source)
        declared = own or self.publishers(event.name, event.version)
        found = [problems(each, envelope.data, role="contract") for each in declared]
        # Who publishes it is not known where the source is none of the services: one contract that fits will do.
        objections = [] if any(not each for each in found) else [text for each in found for text in each]
        if of_type and not declared:
            objections.append(f"no service publishes {event.name} in version {event.version}")
        for reader in self._readers:
            expected = reader.message.event
            if expected.version == event.version and can_be_same(event.name, expected.name):
                objections += problems(reader, envelope.data)
        return objections


def problems(declared: Declared, data: bytes, role: str = "") -> list[str]:
    """Return what a contract does not accept of an event's data, as sentences with the field in front.

    Args:
        declared: The event in the contract.
        data: The event as JSON.
        role: What the contract is to the event, where it is not the reader's.
    """
    who = f"the {role} of {declared.service}" if role else declared.service
    try:
        value = loads(data)
    except StrictJSONError as error:
        return [f"it is {error}"]
    message = declared.message
    if message.unread:
        return []
    answer = compare({"const": value}, message.schema)
    if answer.verdict == "unknown":
        return [f"it cannot be decided whether {who} accepts it: {answer.reason}"]
    sentences = [_sentence(problem.path, problem.message, who) for problem in answer.problems]
    return sentences + [
        f"/{name}: it has the field {show(name)}, which {who} does not declare" for name in _undeclared(message, value)
    ]


def _sentence(path: str, message: str, who: str) -> str:
    for before, after in _WORDS:
        message = message.replace(before, after)
    return f"{path or 'the event'}: {message.replace('the subscriber', who)}"


def _undeclared(message: Message, value: Any) -> list[str]:
    """Return the fields that a publisher does not send, where its contract is closed without its schema saying so."""
    schema = message.schema
    if not message.closed or not isinstance(value, dict) or not isinstance(schema, dict):
        return []
    if "properties" not in schema or {"additionalProperties", "patternProperties", "allOf", "anyOf", "oneOf"} & {
        *schema
    }:
        return []
    return [name for name in value if name not in schema["properties"]]
