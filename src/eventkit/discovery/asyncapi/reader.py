"""AsyncAPI documents as contracts.

The story: `document` parses the text into values that know where they stand and follows references, into the files
below the source's `folder`, too; `version2` and `version3` say who sends and who receives which messages; `messages`
says which event a message is; `schemas` takes its payload's schema out of the document.

What a document holds is read whole or not at all: a message that would have to be left out is an error, because a
contract without it would pass checks that it should fail. A payload in another language than JSON Schema leaves nothing
out: the event is known, and that nothing can be proved of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from eventkit.discovery.asyncapi import version2, version3
from eventkit.discovery.asyncapi.document import Document, Node, Opened
from eventkit.discovery.asyncapi.errors import NoAsyncAPIError
from eventkit.discovery.asyncapi.exchange import Action, Exchange
from eventkit.discovery.asyncapi.messages import MessageReader, printable
from eventkit.discovery.asyncapi.schemas import Schemas
from eventkit.discovery.asyncapi.text import MAX_MESSAGES
from eventkit.discovery.contract import Contract, Message

_VERSIONS: Final[dict[re.Pattern[str], Callable[[Node], Iterator[Exchange]]]] = {
    re.compile(r"2\.[0-6]\.\d+"): version2.exchanges,
    re.compile(r"3\.[01]\.\d+"): version3.exchanges,
}
_LOOKS_LIKE: Final = re.compile(
    rb"""^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?(?:asyncapi|'asyncapi'|"asyncapi")\s*:|[{,]\s*"asyncapi"\s*:""",
    re.MULTILINE,
)


def is_asyncapi(raw: bytes) -> bool:
    """Whether a JSON or YAML text calls itself an AsyncAPI document; it may still be one that cannot be read."""
    # Without zero bytes, a text in UTF-16 is seen to be one, and is then refused with a reason.
    return _LOOKS_LIKE.search(raw.replace(b"\0", b"")) is not None


def read(raw: bytes, file: str, opened: Opened | None = None, *, with_places: bool = True) -> Contract:
    """Read an AsyncAPI document of version 2.0 to 2.6, 3.0 or 3.1.

    The service is `info.title`. What the application sends is published, what it receives is handled; `version2` and
    `version3` say where that stands, `messages` which event a message is.

    Args:
        raw: The text, UTF-8, JSON or YAML.
        file: Its path, as places show it. What ends in `.json` is JSON, anything else YAML.
        opened: Opens the files that it refers to, as `Folder.beside` does; without it, it may refer to none.
        with_places: Whether messages tell where they and their fields stand; to find that takes half of the time.

    Raises:
        NoAsyncAPIError: It does not say that it is an AsyncAPI document.
        DocumentError: It is one that cannot be read as a whole.
    """
    root = Document(raw, file, opened).root
    exchanges = _exchanges_of(root)
    info = root.get("info")
    title = info.text("title") if info else ""
    if info is None or not title:
        raise root.error("the document does not name its service", "add 'info' with 'title'")
    reader = MessageReader(Schemas(), root.text("defaultContentType"), with_places=with_places)
    found: dict[Action, dict[object, Message]] = {"send": {}, "receive": {}}
    named = 0
    for exchange in exchanges(root):
        named += len(exchange.messages)
        if named > MAX_MESSAGES:
            raise exchange.operation.node.error(
                f"the operations up to this one name more than {MAX_MESSAGES:,} messages", "split it by service"
            )
        for described in exchange.messages:
            message = reader.read(described, exchange)
            # Two operations may send one message; the first that does stands for both.
            found[exchange.action].setdefault((described.node.address, message.event), message)
    return Contract(
        service=printable(info, title),
        version=info.text("version"),
        description=info.text("description"),
        source=file,
        publishes=tuple(sorted(found["send"].values(), key=lambda message: message.event)),
        handles=tuple(sorted(found["receive"].values(), key=lambda message: message.event)),
    )


def _exchanges_of(root: Node) -> Callable[[Node], Iterator[Exchange]]:
    """Return what reads the operations of a document of this version."""
    if not isinstance(root.value, dict) or "asyncapi" not in root.value:
        raise NoAsyncAPIError(
            "the document is no AsyncAPI document", place=root.place, mend="begin it with 'asyncapi: 3.0.0'"
        )
    node = root.require("asyncapi")
    for pattern, exchanges in _VERSIONS.items():
        if isinstance(node.value, str) and pattern.fullmatch(node.value):
            return exchanges
    for pattern in _VERSIONS:
        if pattern.fullmatch(f"{node.value}.0"):
            raise node.error(
                f"the version {node.value} of AsyncAPI lacks its third number", f"write 'asyncapi: {node.value}.0'"
            )
    raise node.error(
        f"AsyncAPI {str(node.value)[:20]!r} is not read, only 2.0 to 2.6, 3.0 and 3.1",
        "convert the document: asyncapi convert FILE --target-version=3.0.0",
    )
