"""AsyncAPI 3.0 and 3.1: operations say what the application itself does, on channels that stand beside them.

A trait never overrides what the object itself says, and a later trait goes before an earlier one.

Source: AsyncAPI 3.1.0, "Operation Object", "Channel Object" and "Traits Merge Mechanism",
https://www.asyncapi.com/docs/reference/specification/v3.1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from eventkit.discovery.asyncapi.document import Node
from eventkit.discovery.asyncapi.exchange import Action, Channel, Described, Exchange, parameters_of

_ACTIONS: Final[dict[str, Action]] = {"send": "send", "receive": "receive"}
_OPPOSITE: Final[dict[Action, Action]] = {"send": "receive", "receive": "send"}


def exchanges(root: Node) -> Iterator[Exchange]:
    """Yield what the operations of a document say, in its order; a reply goes the other way.

    Raises:
        DocumentError: An operation is none, or there are messages and nothing says who sends them.
    """
    operations = list(root.members("operations"))
    if not operations and any(list(channel.raw_members("messages")) for channel in root.members("channels")):
        raise root.error(
            "the document has messages, but no operations: it does not say who sends them",
            "add 'operations' with 'send' and 'receive'",
        )
    channels: dict[tuple[str, str], tuple[Channel, list[Node]]] = {}
    for operation in operations:
        action = _ACTIONS.get(operation.text("action"))
        if action is None:
            raise operation.error(f"the action is {operation.text('action')!r}", "use 'send' or 'receive'")
        operation.require("channel")
        exchanging = [(action, operation)]
        reply = operation.get("reply")
        if reply is not None:
            exchanging.append((_OPPOSITE[action], reply))
        for does, described in exchanging:
            node = described.get("channel") or described  # a reply may name no channel
            if node.address not in channels:
                channels[node.address] = _channel(node)
            channel, messages = channels[node.address]
            if described.get("messages") is not None:
                messages = list(described.members("messages"))
            yield Exchange(does, _merged(operation), channel, [_merged(message, message.name) for message in messages])


def _channel(node: Node) -> tuple[Channel, list[Node]]:
    """Return a channel, and the messages on it."""
    messages = list(node.members("messages"))
    distinct = {message.address for message in messages}
    parameters = parameters_of(node, lambda parameter: parameter)
    return Channel(node, node.text("address"), len(distinct), parameters), messages


def _merged(node: Node, identifier: str = "") -> Described:
    return Described(node, (node, *reversed(list(node.members("traits")))), identifier)
