"""AsyncAPI 3 documents as contracts.

The story: `document` parses the text into values that know where they stand and follows references; `schemas` takes
payload schemas out of it; `messages` says which event a message is; here, operations say who sends and who receives.

What a document holds is read whole or not at all: a message that would have to be left out is an error, because a
contract without it would pass checks that it should fail.

Source: AsyncAPI 3.0.0 and 3.1.0, https://www.asyncapi.com/docs/reference/specification/v3.0.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from eventkit.discovery.asyncapi.document import Document, Node
from eventkit.discovery.asyncapi.messages import MessageReader, printable
from eventkit.discovery.asyncapi.schemas import Schemas
from eventkit.discovery.contract import Contract, Message

_SPEC_VERSION: Final = re.compile(r"3\.[01]\.\d+")
_LOOKS_LIKE: Final = re.compile(rb"""^(?:asyncapi|'asyncapi'|"asyncapi")\s*:|[{,]\s*"asyncapi"\s*:""", re.MULTILINE)

Action = Literal["send", "receive"]
_ACTIONS: Final[dict[str, Action]] = {"send": "send", "receive": "receive"}
_OPPOSITE: Final[dict[Action, Action]] = {"send": "receive", "receive": "send"}


def is_asyncapi(raw: bytes) -> bool:
    """Whether a JSON or YAML text calls itself an AsyncAPI document; it may still be one that cannot be read."""
    return _LOOKS_LIKE.search(raw) is not None


def read(raw: bytes, file: str) -> Contract:
    """Read an AsyncAPI document of version 3.0 or 3.1.

    The service is `info.title`. What an operation sends is published, what it receives is handled; a reply is the other
    way round. The type of an event is what its CloudEvents attributes fix (`const` of the header `ce-type`, or of
    `type` in a payload that describes the whole envelope), else the message's name where that is a type name, else the
    channel's address, or the message's name where a channel has several. Its version is `x-eventkit-version`, else the
    one that a fixed `dataschema` ends with, else 1. `x-eventkit-closed: true` says that a publisher sends the declared
    properties and no others, `x-eventkit-key` names the field that orders events, and `x-eventkit-function` at an
    operation the function that publishes or handles.

    Args:
        raw: The text, UTF-8, JSON or YAML.
        file: Its path, as places show it. What ends in `.json` is JSON, anything else YAML.

    Raises:
        DocumentError: It is no such document, or holds a message that is not read.
    """
    root = Document(raw, file).root
    _check_version(root)
    info = root.get("info")
    title = info.text("title") if info else ""
    if info is None or not title:
        raise root.error("the document does not name its service", "add 'info' with 'title'")
    reader = MessageReader(Schemas(root.document), root.text("defaultContentType"))
    found: dict[Action, dict[str, Message]] = {"send": {}, "receive": {}}
    for exchange in _exchanges(root):
        for message in exchange.messages:
            # Two operations may send one message; the first that does stands for both.
            if message.pointer not in found[exchange.action]:
                found[exchange.action][message.pointer] = reader.read(message, exchange.channel, exchange.operation)
    return Contract(
        service=printable(info, title),
        version=info.text("version"),
        description=info.text("description"),
        source=file,
        publishes=tuple(sorted(found["send"].values(), key=lambda message: message.event)),
        handles=tuple(sorted(found["receive"].values(), key=lambda message: message.event)),
    )


@dataclass(frozen=True, slots=True)
class _Exchange:
    """Messages that the service sends or receives on one channel."""

    action: Action
    operation: Node
    channel: Node | None
    messages: list[Node]


def _exchanges(root: Node) -> Iterator[_Exchange]:
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


def _exchange(action: Action, operation: Node, described: Node) -> _Exchange:
    """Return the exchange that an operation, or its reply, describes."""
    channel = described.get("channel")
    if described.get("messages") is None and channel is not None:
        described = channel
    return _Exchange(action, operation, channel, list(described.members("messages")))


def _check_version(root: Node) -> None:
    if not isinstance(root.value, dict) or "asyncapi" not in root.value:
        raise root.error("the document is no AsyncAPI document", "begin it with 'asyncapi: 3.0.0'")
    node = root.require("asyncapi")
    if not isinstance(node.value, str) or not _SPEC_VERSION.fullmatch(node.value):
        raise node.error(
            f"AsyncAPI {str(node.value)[:20]!r} is not read, only 3.0 and 3.1",
            "convert the document: asyncapi convert FILE --target-version=3.0.0",
        )
