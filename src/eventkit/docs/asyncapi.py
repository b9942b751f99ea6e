"""Contracts as AsyncAPI 3 documents: what `eventkit.discovery.asyncapi` reads, written.

One channel per event type, with the type as its address. One send operation per published event, with the schema of
what is sent; one receive operation per handled event, with the schema of what the reader model accepts. Each message
fixes its type and its schema's URI in its headers, as CloudEvents in binary mode carry them. A contract does not know
on which bus it will be kept: headers have the names of most protocols, and their trait says what the others write.

Source: AsyncAPI 3.0.0, https://www.asyncapi.com/docs/reference/specification/v3.0.0. Names are kept to what code
generators accept: no dots in the names of schemas, no colons in those of operations, messages in PascalCase.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from eventkit.contract.attributes import JSON_CONTENT_TYPE
from eventkit.contract.codec import AMQP, HTTP, KAFKA, NATS
from eventkit.contract.envelope import dataschema_of
from eventkit.discovery.contract import Contract, Message
from eventkit.docs.components import Components
from eventkit.docs.names import Names, pascal_case, snake_case
from eventkit.docs.tidy import tidy

SpecVersion = Literal["3.0.0", "3.1.0"]
"""Versions of AsyncAPI that can be written. They have the same words for what a contract says."""
DEFAULT_VERSION: Final = "3.0.0"
_ENVELOPE: Final = "CloudEvent"
_TEXT: Final = {"type": "string", "minLength": 1}

# Redis and SQLite have no binding of their own, and take that of HTTP.
_PREFIXES: Final = {"nats": NATS, "redis": HTTP, "sqlite": HTTP, "amqp": AMQP, "kafka": KAFKA}
# The attributes that are the same for all events; `contract.Envelope` says what each of them means.
_ENVELOPE_TRAIT: Final[dict[str, Any]] = {
    "headers": {
        "type": "object",
        "description": (
            f"CloudEvents in binary mode, as NATS, Redis and SQLite carry them. On Kafka the names begin with"
            f" `{KAFKA.prefix}` instead of `{HTTP.prefix}`, and on RabbitMQ with `{AMQP.prefix}`."
        ),
        "required": ["ce-specversion", "ce-id", "ce-source", "ce-type"],
        "properties": {
            "ce-specversion": {"const": "1.0"},
            "ce-id": {**_TEXT, "description": "Unique together with ce-source; the same for every delivery."},
            "ce-source": {**_TEXT, "description": "The service that published the event."},
            "ce-time": {"type": "string", "format": "date-time", "description": "When it happened."},
            "ce-partitionkey": {**_TEXT, "description": "Events with the same key are handled in order."},
            "ce-correlationid": {**_TEXT, "description": "Shared by all events that follow from one cause."},
            "ce-causationid": {**_TEXT, "description": "The event in whose handling this one was published."},
            "ce-traceparent": {**_TEXT, "description": "W3C trace context: the trace and the span."},
            "ce-tracestate": {**_TEXT, "description": "W3C trace context: what tracing systems add."},
        },
    },
    "x-eventkit-prefixes": {protocol: binding.prefix for protocol, binding in _PREFIXES.items()},
}


def document(contract: Contract, spec_version: SpecVersion = DEFAULT_VERSION) -> dict[str, Any]:
    """Return the AsyncAPI document of a contract, its keys in the order in which they are written.

    Args:
        contract: What a service publishes and handles.
        spec_version: The version of AsyncAPI that the document names.

    Raises:
        ConfigurationError: A schema in it cannot stand in such a document.
    """
    writer = _Writer()
    for message in contract.publishes:
        writer.add("send", message)
    for message in contract.handles:
        writer.add("receive", message)
    info = {"title": contract.service, "version": contract.version, "description": contract.description}
    components = {
        "messageTraits": {_ENVELOPE: _ENVELOPE_TRAIT},
        "messages": writer.messages,
        "schemas": writer.components.schemas,
    }
    return {
        "asyncapi": spec_version,
        "info": {key: value for key, value in info.items() if value or key != "description"},
        "defaultContentType": JSON_CONTENT_TYPE,
        "channels": writer.channels,
        "operations": writer.operations,
        "components": components if writer.messages else {},
    }


class _Writer:
    """Collects the parts of a document, message by message."""

    def __init__(self) -> None:
        self.components = Components()
        self.channels: dict[str, Any] = {}
        self.operations: dict[str, Any] = {}
        self.messages: dict[str, Any] = {}
        self._names = Names()
        self._operation_names = Names()
        self._channel_names = Names()
        self._channel_of: dict[str, str] = {}

    def add(self, action: Literal["send", "receive"], message: Message) -> None:
        event = message.event
        model = pascal_case(message.model)
        role = "Sent" if action == "send" else "Received"
        name = self._names.take(model, f"{model}V{event.version}", f"{model}{role}", f"{model}V{event.version}{role}")
        self.messages[name] = self._message(name, message)
        channel = self._channel(event.name)
        self.channels[channel]["messages"][name] = {"$ref": f"#/components/messages/{name}"}
        version = "" if event.version == 1 else f"_v{event.version}"
        operation: dict[str, Any] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel}"},
            "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"}],
        }
        if message.function:
            operation["x-eventkit-function"] = message.function
        self.operations[self._operation_names.take(f"{action}_{snake_case(event.name)}{version}")] = operation

    def _channel(self, type_name: str) -> str:
        if type_name not in self._channel_of:
            channel = self._channel_of[type_name] = self._channel_names.take(snake_case(type_name))
            self.channels[channel] = {"address": type_name, "messages": {}}
        return self._channel_of[type_name]

    def _message(self, name: str, message: Message) -> dict[str, Any]:
        event = message.event
        written: dict[str, Any] = {"name": message.model, "title": str(event)}
        if message.description:
            written["description" if "\n" in message.description else "summary"] = message.description
        written |= {
            "contentType": JSON_CONTENT_TYPE,
            "traits": [{"$ref": f"#/components/messageTraits/{_ENVELOPE}"}],
            "headers": {
                "type": "object",
                "properties": {
                    "ce-type": {"const": event.name},
                    "ce-dataschema": {"const": dataschema_of(event)},
                },
            },
            "payload": self.components.add(name, tidy(message.schema)),
            "x-eventkit-version": event.version,
        }
        if message.key is not None:
            written["x-eventkit-key"] = message.key
        if message.closed:
            written["x-eventkit-closed"] = True
        return written
