"""One document: its values, where they stand, and what its references lead to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from eventkit.discovery.asyncapi.errors import DocumentError
from eventkit.discovery.asyncapi.json_text import parse_json
from eventkit.discovery.asyncapi.text import MAX_BYTES, escape, unescape
from eventkit.discovery.asyncapi.yaml_text import parse_yaml
from eventkit.discovery.contract import Place

_MAX_HOPS: Final = 20
"""References that one pointer may pass through, or that may lead from one to the next."""


class Document:
    """A parsed document.

    Args:
        raw: Its text, UTF-8.
        file: Its path, as places show it. What ends in `.json` is JSON, anything else YAML.
        opened: Opens the file that a reference names, as `Folder.beside` does; without it none may be named.

    Raises:
        DocumentError: The text is not what its name says, or lies beyond the limits.
    """

    def __init__(self, raw: bytes, file: str, opened: Opened | None = None) -> None:
        self.file = file
        self.opened = opened or _refused
        text = (parse_json if file.lower().endswith(".json") else parse_yaml)(_decode(raw, file), file)
        self.root = Node(self, "", text.value)
        self._text = text

    def place(self, pointer: str) -> Place:
        """Return where the value at a JSON pointer stands, or the nearest value around it."""
        marks = self._text.marks
        while pointer not in marks:
            pointer = pointer.rpartition("/")[0]
        return Place(self.file, *marks[pointer])

    def find(self, pointer: str) -> Node | None:
        """Return the value at a JSON pointer, passing through references on the way; None where there is none."""
        document = self
        for _ in range(_MAX_HOPS):
            node, rest = document._walk(pointer)
            if not rest:
                return node
            if not (isinstance(node.value, dict) and "$ref" in node.value):
                return None
            document, start = node.target(node.value["$ref"])
            pointer = "/".join([start, *rest])
        return None

    def _walk(self, pointer: str) -> tuple[Node, list[str]]:
        """Go as far as the pointer leads, and return what is there with the steps that are left."""
        value, steps = self.root.value, pointer.split("/")[1:]
        for index, step in enumerate(steps):
            name = unescape(step)
            if isinstance(value, dict) and name in value:
                value = value[name]
            elif isinstance(value, list) and name.isdecimal() and name.isascii() and int(name) < len(value):
                value = value[int(name)]
            else:
                return Node(self, "".join(f"/{passed}" for passed in steps[:index]), value), steps[index:]
        return Node(self, pointer, value), []


class Node(NamedTuple):
    """A value of a document, with the way to it; a tuple, as thousands of them are made of a document.

    Args:
        document: The document.
        pointer: The JSON pointer of the value.
        value: The value.
    """

    document: Document
    pointer: str
    value: Any

    @property
    def address(self) -> tuple[str, str]:
        """The file and the pointer: no other value has both."""
        return self.document.file, self.pointer

    @property
    def place(self) -> Place:
        """Where the value stands."""
        return self.document.place(self.pointer)

    @property
    def name(self) -> str:
        """The last step of the pointer: the key under which the value stands."""
        return unescape(self.pointer.rpartition("/")[2])

    def error(self, what: str, mend: str | None = None) -> DocumentError:
        """Return an error about this value."""
        return DocumentError(what, place=self.place, mend=mend)

    def has(self, key: str) -> bool:
        """Tell whether this object has a member, be it null."""
        return key in self._object()

    def get(self, key: str) -> Node | None:
        """Return a member of this object with its Reference Object followed; None where it is not there or null."""
        node = self.raw(key)
        return None if node is None else node.followed()

    def raw(self, key: str) -> Node | None:
        """Return a member of this object as it stands there; None where it is not there or null."""
        value = self._object().get(key)
        return None if value is None else Node(self.document, f"{self.pointer}/{escape(key)}", value)

    def require(self, key: str) -> Node:
        """Return a member of this object as it stands there; raises DocumentError where it is not there."""
        node = self.raw(key)
        if node is None:
            raise self.error(f"{key!r} is missing", f"add {key!r}")
        return node

    def text(self, key: str) -> str:
        """Return a member that is a text, "" where it is not there; raises DocumentError where it is something else."""
        node = self.get(key)
        if node is None:
            return ""
        if not isinstance(node.value, str):
            raise node.error(f"{key!r} is not a text", "quote it")
        return node.value

    def members(self, key: str) -> Iterator[Node]:
        """Yield the members of a member that is an object or an array, their Reference Objects followed."""
        for node in self.raw_members(key):
            yield node.followed()

    def raw_members(self, key: str) -> Iterator[Node]:
        """Yield the members of a member that is an object or an array, as they stand there."""
        # Not followed: only single objects are Reference Objects, and a property may be called `$ref`.
        parent = self._holder(key)
        if parent is not None:
            pairs = parent.value.items() if isinstance(parent.value, dict) else enumerate(parent.value)
            for step, value in pairs:
                yield Node(self.document, f"{parent.pointer}/{escape(str(step))}", value)

    def names(self, key: str) -> Collection[str]:
        """Return the names of the members of a member that is an object; none where it is an array."""
        parent = self._holder(key)
        return parent.value if parent is not None and isinstance(parent.value, dict) else ()

    def below(self, steps: str, value: Any) -> Node:
        """Return a value inside this one; `steps` are a JSON pointer from here."""
        return Node(self.document, self.pointer + steps, value)

    def followed(self) -> Node:
        """Return what this Reference Object leads to in the end, or the value itself if it is none.

        Raises:
            DocumentError: It leads to nothing, back to itself, or where nothing is read.
        """
        if not (isinstance(self.value, dict) and "$ref" in self.value):
            return self  # as most are
        node, seen = self, {self.address}
        while isinstance(node.value, dict) and "$ref" in node.value:
            document, pointer = node.target(node.value["$ref"])
            target = document.find(pointer)
            if target is None:
                raise node.error(f"the reference {node.value['$ref']!r} leads to nothing", "correct it")
            if target.address in seen:
                raise node.error(f"the reference {node.value['$ref']!r} leads back to itself", "correct it")
            if len(seen) > _MAX_HOPS:
                raise self.error(f"a reference leads through more than {_MAX_HOPS} others", "refer to what is meant")
            seen.add(target.address)
            node = target
        return node

    def target(self, reference: Any) -> tuple[Document, str]:
        """Return the document and the JSON pointer in it that a `$ref` of this value means.

        Raises:
            DocumentError: It is no such reference, or names a file that is not read; nothing is ever fetched.
        """
        if not isinstance(reference, str):
            raise self.error("'$ref' is not a text", "write a reference such as '#/components/schemas/Order'")
        file, _, fragment = reference.partition("#")
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            raise self.error(f"the reference {reference!r} names an anchor", "refer to it by its path: '#/...'")
        return self.document.opened(self, reference) if file else self.document, fragment

    def _holder(self, key: str) -> Node | None:
        """Return a member that is an object or an array; None where it is not there or null."""
        node = self.raw(key)
        if node is not None and not isinstance(node.value, dict | list):
            raise node.error(f"{key!r} is neither an object nor an array")
        return node

    def _object(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.error(f"{self.name or 'the document'!r} is not an object", "write an object there")
        return self.value


Opened = Callable[[Node, str], Document]
"""Takes the value that refers to a file, and its reference; returns that file, or raises DocumentError."""


def _refused(node: Node, reference: str) -> Document:
    raise node.error(f"the reference {reference!r} leads out of the document", "copy what it means into this document")


def _decode(raw: bytes, file: str) -> str:
    if len(raw) > MAX_BYTES:
        raise DocumentError(
            f"the document has {len(raw):,} bytes, more than {MAX_BYTES:,}",
            place=Place(file, 1),
            mend="split it by service",
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"not UTF-8: byte {error.start} is {raw[error.start]:#04x}",
            place=Place(file, line),
            mend="save it as UTF-8",
        ) from None
