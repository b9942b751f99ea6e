"""What one message of a document says about one event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from eventkit.contract.envelope import version_of
from eventkit.contract.event import TYPE_NAME, EventType
from eventkit.discovery.asyncapi.document import Node
from eventkit.discovery.asyncapi.schemas import Payload, Schemas
from eventkit.discovery.contract import Message

_CHANNEL_PARAMETER: Final = re.compile(r"\{[^{}]*\}")
_BATCH: Final = "application/cloudevents-batch"
_STRUCTURED: Final = "application/cloudevents+"
# Binary mode: the prefixes of the HTTP, NATS and AMQP, Kafka, and AMQP bindings of CloudEvents 1.0, in lower case.
_HEADER_PREFIX: Final = re.compile(r"ce[-_]|cloudevents[:_]")


class MessageReader:
    """Reads the messages of one document.

    Args:
        schemas: The document's schemas.
        default_content_type: The content type of messages that name none.
    """

    def __init__(self, schemas: Schemas, default_content_type: str) -> None:
        self._schemas = schemas
        self._default_content_type = default_content_type

    def read(self, message: Node, channel: Node | None, operation: Node) -> Message:
        """Return the event that a message carries, in the role that the operation gives it.

        Args:
            message: A Message Object.
            channel: Its channel, if the operation names one.
            operation: The operation that sends or receives it.

        Raises:
            DocumentError: It does not say which event it is or how the event looks, or says so in a way that is not
                read.
        """
        whole = self._payload(message)
        attributes = self._attributes(message)
        content_type = _text(message, "contentType") or self._default_content_type
        payload, envelope = self._event(whole, message, content_type)
        attributes = {**envelope, **attributes}
        return Message(
            event=EventType(_type(message, channel, attributes), _version(message, attributes)),
            schema=self._schemas.standing_alone(payload),
            model=printable(message, _text(message, "name") or message.name),
            description=_text(message, "description") or _text(message, "summary"),
            function=printable(operation, operation.text("x-eventkit-function")),
            key=_text(message, "x-eventkit-key") or None,
            closed=_closed(message),
            places={**self._schemas.places(payload), "": message.place},
            function_place=operation.place,
        )

    def _payload(self, message: Node) -> Payload:
        payload = message.raw("payload")
        if payload is None:
            raise message.error(
                f"the message {message.name!r} has no payload: it does not say how the event looks",
                "add 'payload' with a JSON Schema",
            )
        return self._schemas.payload(payload)

    def _attributes(self, message: Node) -> dict[str, Any]:
        """Return the CloudEvents attributes whose value the headers fix; what the message says goes before traits."""
        attributes: dict[str, Any] = {}
        for node in _with_traits(message):
            headers = node.raw("headers")
            properties = self._schemas.properties(self._schemas.payload(headers)) if headers else {}
            for name, schema in properties.items():
                prefix = _HEADER_PREFIX.match(name.lower())
                if prefix is not None:
                    attributes.setdefault(name.lower()[prefix.end() :], schema.constant())
        return attributes

    def _event(self, whole: Payload, message: Node, content_type: str) -> tuple[Payload, dict[str, Any]]:
        """Return the schema of the event's data, and the attributes that an envelope around it fixes."""
        if content_type.startswith(_BATCH):
            raise message.error("batches of events are not read", "describe one event")
        properties = self._schemas.properties(whole)
        if "specversion" in properties and "data" in properties:
            return properties["data"], {name: schema.constant() for name, schema in properties.items()}
        if content_type.startswith(_STRUCTURED):
            raise message.error(
                f"the content type is {content_type}, but the payload has no properties 'specversion' and 'data'",
                "describe the whole envelope, or name the content type of the event alone",
            )
        return whole, {}


def printable(node: Node, name: str) -> str:
    """Return a name; raises DocumentError where it holds what a terminal or a reader would take for something else."""
    if not name.isprintable():
        raise node.error(f"the name {name!r} holds characters that cannot be printed", "use another name")
    return name


def _with_traits(message: Node) -> Iterator[Node]:
    """Yield the message, then its traits, the last first: which is the order of precedence in AsyncAPI 3."""
    yield message
    yield from reversed(list(message.members("traits")))


def _text(message: Node, key: str) -> str:
    return next((text for node in _with_traits(message) if (text := node.text(key))), "")


def _type(message: Node, channel: Node | None, attributes: dict[str, Any]) -> str:
    """Return the event's type name: what CloudEvents attributes fix, else the message's name or the address."""
    fixed = attributes.get("type")
    if isinstance(fixed, str) and fixed:
        return printable(message, fixed)
    name = _text(message, "name")
    if TYPE_NAME.fullmatch(name):
        return name
    if channel is not None and len(list(channel.raw_members("messages"))) == 1:
        address = channel.text("address")
        if _CHANNEL_PARAMETER.search(address):
            raise channel.error(
                f"the type of the event on {address!r} depends on the channel's parameters, which are not read",
                "fix the type by a header 'ce-type' with a 'const'",
            )
        name = address or name
    return printable(message, name or message.name)


def _version(message: Node, attributes: dict[str, Any]) -> int:
    node = message.get("x-eventkit-version")
    if node is None:
        schema = attributes.get("dataschema")
        return version_of(schema) if isinstance(schema, str) else 1
    if isinstance(node.value, bool) or not isinstance(node.value, int) or node.value < 1:
        raise node.error(f"{node.value!r} is no event version", "use 1, 2, 3, ...")
    return node.value


def _closed(message: Node) -> bool:
    node = message.get("x-eventkit-closed")
    if node is not None and not isinstance(node.value, bool):
        raise node.error(f"x-eventkit-closed is {node.value!r}", "use true or false")
    return node is not None and node.value
