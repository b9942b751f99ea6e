"""What one message of a document says about one event."""

from __future__ import annotations

import re
from typing import Any, Final

from eventkit.contract.envelope import version_of
from eventkit.contract.event import TYPE_NAME, EventType
from eventkit.discovery.asyncapi.document import Node
from eventkit.discovery.asyncapi.exchange import Channel, Described, Exchange
from eventkit.discovery.asyncapi.schemas import Payload, Schemas, UnknownPayloadError
from eventkit.discovery.asyncapi.well_formed import fault_of
from eventkit.discovery.contract import Message, Place

_BATCH: Final = "application/cloudevents-batch"
_STRUCTURED: Final = "application/cloudevents+"
# Binary mode: the prefixes of the HTTP, NATS and AMQP, Kafka, and AMQP bindings of CloudEvents 1.0, in lower case.
_HEADER_PREFIX: Final = re.compile(r"ce[-_]|cloudevents[:_]")


class MessageReader:
    """Reads the messages of one document.

    The type of an event is what its CloudEvents attributes fix (`const` of the header `ce-type`, or of `type` in a
    payload that describes the whole envelope), else the message's name where that is a type name, else the channel's
    address, or the message's name where a channel has several. Its version is `x-eventkit-version`, else the one that
    a fixed `dataschema` ends with, else 1. `x-eventkit-closed: true` says that a publisher sends the declared
    properties and no others, `x-eventkit-key` names the field that orders events, and `x-eventkit-function` at an
    operation the function that publishes or handles.

    Args:
        schemas: The document's schemas.
        default_content_type: The content type of messages that name none.
        with_places: Whether messages tell where they stand.
    """

    def __init__(self, schemas: Schemas, default_content_type: str, *, with_places: bool) -> None:
        self._schemas = schemas
        self._default_content_type = default_content_type
        self._with_places = with_places

    def read(self, message: Described, exchange: Exchange) -> Message:
        """Return the event that a message carries, in the role that the exchange gives it.

        Args:
            message: A message.
            exchange: How it is sent or received.

        Raises:
            DocumentError: It does not say which event it is, or says so in a way that is not read.
        """
        attributes = self._attributes(message)
        payload: Payload | None = None
        schema: dict[str, Any] | bool = True
        unread = ""
        try:
            described, envelope = self._event(message)
            attributes = {**envelope, **attributes}
            schema = self._schemas.standing_alone(described)
            payload = described
        except UnknownPayloadError as reason:
            unread = str(reason)
        event = EventType(_type(message, exchange.channel, attributes), _version(message, attributes))
        return Message(
            event=event,
            schema=schema,
            model=printable(message.node, message.text("name") or message.identifier or event.name),
            description=message.text("description") or message.text("summary"),
            function=printable(exchange.operation.node, exchange.operation.text("x-eventkit-function")),
            key=message.text("x-eventkit-key") or None,
            closed=_closed(message),
            unread=unread,
            well_formed=fault_of(schema) is None,
            places=self._places(message, payload) if self._with_places else {},
            function_place=exchange.operation.node.place if self._with_places else None,
        )

    def _places(self, message: Described, payload: Payload | None) -> dict[str, Place]:
        return {**(self._schemas.places(payload) if payload else {}), "": message.node.place}

    def _attributes(self, message: Described) -> dict[str, Any]:
        """Return the CloudEvents attributes whose value the headers fix."""
        attributes: dict[str, Any] = {}
        for node in message.layers:  # merged property by property, as JSON Merge Patch does
            headers = node.raw("headers")
            for name, schema in self._properties(headers).items():
                prefix = _HEADER_PREFIX.match(name.lower())
                if prefix is not None:
                    attributes.setdefault(name.lower()[prefix.end() :], schema.constant())
        return attributes

    def _properties(self, headers: Node | None) -> dict[str, Payload]:
        try:
            return self._schemas.properties(self._schemas.payload(headers)) if headers else {}
        except UnknownPayloadError:  # headers in another language fix nothing that is known
            return {}

    def _event(self, message: Described) -> tuple[Payload, dict[str, Any]]:
        """Return the schema of the event's data, and the attributes that an envelope around it fixes.

        Raises:
            UnknownPayloadError: It is not known how the event looks.
        """
        node = message.node.raw("payload")
        if node is None:
            raise UnknownPayloadError("it has no payload that says how it looks")
        whole = self._schemas.payload(node, message.text("schemaFormat"))
        content_type = message.text("contentType") or self._default_content_type
        if content_type.startswith(_BATCH):
            raise UnknownPayloadError("it is a batch of events, which is not read")
        if self._schemas.declares(whole, "specversion") and self._schemas.declares(whole, "data"):
            properties = self._schemas.properties(whole)
            return properties["data"], {name: schema.constant() for name, schema in properties.items()}
        if content_type.startswith(_STRUCTURED):
            raise UnknownPayloadError(
                f"its content type is {content_type}, but its payload has no properties 'specversion' and 'data'"
            )
        return whole, {}


def printable(node: Node, name: str) -> str:
    """Return a name; raises DocumentError where it holds what a terminal or a reader would take for something else."""
    if not name.isprintable():
        raise node.error(f"the name {name!r} holds characters that cannot be printed", "use another name")
    return name


def _type(message: Described, channel: Channel, attributes: dict[str, Any]) -> str:
    """Return the event's type name: what CloudEvents attributes fix, else the message's name or the address."""
    fixed = attributes.get("type")
    if isinstance(fixed, str) and fixed:
        return printable(message.node, fixed)
    name = message.text("name")
    if not TYPE_NAME.fullmatch(name):
        name = (channel.event_name() if channel.messages == 1 else "") or name or message.identifier
    if not name:
        raise message.node.error(
            "nothing says which event this is: it is one of several messages, and has no name",
            "add 'name', or a header 'ce-type' with a 'const'",
        )
    return printable(message.node, name)


def _version(message: Described, attributes: dict[str, Any]) -> int:
    node = message.get("x-eventkit-version")
    if node is None:
        schema = attributes.get("dataschema")
        return version_of(schema) if isinstance(schema, str) else 1
    if isinstance(node.value, bool) or not isinstance(node.value, int) or node.value < 1:
        raise node.error(f"{node.value!r} is no event version", "use 1, 2, 3, ...")
    return node.value


def _closed(message: Described) -> bool:
    node = message.get("x-eventkit-closed")
    if node is not None and not isinstance(node.value, bool):
        raise node.error(f"x-eventkit-closed is {node.value!r}", "use true or false")
    return node is not None and node.value
