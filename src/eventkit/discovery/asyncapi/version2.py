"""AsyncAPI 2.0 to 2.6: a channel says what *others* do with it.

What the application sends is under `subscribe`, because others subscribe to it; what it receives is under `publish`.
Traits override the object that names them, the last one before the others: that is what merging them into it by JSON
Merge Patch (RFC 7386) comes to.

Source: AsyncAPI 2.6.0, "Channel Item Object", "Operation Object" and "Message Object",
https://www.asyncapi.com/docs/reference/specification/v2.6.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from eventkit.discovery.asyncapi.document import Node
from eventkit.discovery.asyncapi.exchange import Action, Channel, Described, Exchange, parameters_of
from eventkit.discovery.asyncapi.text import unescape

_ACTIONS: Final[dict[str, Action]] = {"subscribe": "send", "publish": "receive"}
_INVERTED: Final[dict[str, Action]] = {"subscribe": "receive", "publish": "send"}
_PUBLISHER: Final = ":Publisher"
"""How FastStream ends the name of a channel to which the application publishes."""
# The channel bindings that name the address where the channel has another name (Kafka: since version 0.4.0).
_ADDRESSES: Final = (("kafka", "topic"), ("nats", "subject"), ("redis", "channel"))


def exchanges(root: Node) -> Iterator[Exchange]:
    """Yield what the operations of a document say, in its order."""
    channels = [(named, named.followed()) for named in root.raw_members("channels")]
    # FastStream before 0.6 wrote `publish` where the application publishes. What its publishers say tells.
    is_inverted = any(named.name.endswith(_PUBLISHER) and channel.has("publish") for named, channel in channels)
    actions = _INVERTED if is_inverted else _ACTIONS
    for named, channel in channels:
        operations = [(action, channel.get(key)) for key, action in actions.items()]
        found = [(action, _merged(node), list(_messages(node))) for action, node in operations if node is not None]
        distinct = {message.node.address for *_, messages in found for message in messages}
        where = Channel(
            channel,
            _bound_address(channel) or named.name,
            len(distinct),
            parameters_of(channel, lambda parameter: parameter.get("schema")),
        )
        for action, operation, messages in found:
            yield Exchange(action, operation, where, messages)


def _messages(operation: Node) -> Iterator[Described]:
    message = operation.get("message")
    if message is None:
        return
    several = message.has("oneOf")
    for node in message.members("oneOf") if several else (message,):
        identifier = node.text("messageId") or _key(node) or ("" if several else operation.text("operationId"))
        yield _merged(node, identifier)


def _merged(node: Node, identifier: str = "") -> Described:
    return Described(node, (*reversed(list(node.members("traits"))), node), identifier)


def _key(message: Node) -> str:
    """Return the key of a message, or of its payload where it stands in its operation, without a key of its own."""
    if not message.pointer.startswith("/channels/"):
        return message.name
    payload = message.raw("payload")
    reference = payload.value.get("$ref") if payload and isinstance(payload.value, dict) else None
    return unescape(reference.rpartition("/")[2]) if isinstance(reference, str) else ""


def _bound_address(channel: Node) -> str:
    bindings = channel.get("bindings")
    for protocol, key in _ADDRESSES if bindings else ():
        binding = bindings.get(protocol) if bindings else None
        if binding is not None and isinstance(binding.value, dict) and isinstance(binding.value.get(key), str):
            return binding.text(key)
    return ""
