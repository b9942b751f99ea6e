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
    for operation in operations:
        action = _ACTIONS.get(operation.text("action"))
        if action is None:
            raise operation.error(f"the action is {operation.text('action')!r}", "use 'send' or 'receive'")
        operation.require("channel")
        yield _exchange(action, operation, operation)
        reply = operation.get("reply")
        if reply is not None:
            yield _exchange(_OPPOSITE[action], operation, reply)


def _exchange(action: Action, operation: Node, described: Node) -> Exchange:
    """Return the exchange that an operation, or its reply, describes."""
    node = described.get("channel") or described  # a reply may name no channel
    on_channel = list(node.members("messages"))
    messages = on_channel if described.get("messages") is None else list(described.members("messages"))
    channel = Channel(node, node.text("address"), len(on_channel), parameters_of(node, lambda parameter: parameter))
    return Exchange(action, _merged(operation), channel, [_merged(message, message.name) for message in messages])


def _merged(node: Node, identifier: str = "") -> Described:
    return Described(node, (node, *reversed(list(node.members("traits")))), identifier)
