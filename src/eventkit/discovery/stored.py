"""Contracts as bytes, to be kept and to be handed from process to process.

What every check needs of a message, it has at once. Schemas and places are most of the bytes, and in a landscape that
has been checked before hardly any of them is looked at: a `StoredMessage` loads them when they are asked for.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any, Final

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Contract, Message, Place, digest_of_text

_LOADED_LATER: Final = ("schema", "places", "function_place")
_ROLES: Final = ("publishes", "handles")
_OF_MESSAGE: Final = tuple(field.name for field in fields(Message) if field.name not in (*_LOADED_LATER, "event"))
_OF_CONTRACT: Final = tuple(field.name for field in fields(Contract) if field.name not in (*_ROLES, "source"))
_set = object.__setattr__


@dataclass(frozen=True, slots=True)
class Packed:
    """A contract as bytes.

    Args:
        outline: All of it but the schemas and the places.
        schemas: The schemas of its messages.
    """

    outline: bytes
    schemas: bytes


class Body:
    """Schemas and places of the messages of one document, loaded when they are asked for.

    Args:
        schemas: Returns the schemas, as packed; None where they are not at hand.
        places: Returns the places, likewise.
        whole: Reads the whole contract, if all else fails.
        keep_places: Takes the packed places that were read in the end.
    """

    def __init__(
        self,
        schemas: Callable[[], bytes | None],
        places: Callable[[], bytes | None],
        whole: Callable[[], Contract],
        keep_places: Callable[[bytes], None],
    ) -> None:
        self._load_schemas = schemas
        self._load_places = places
        self._read_whole = whole
        self._keep_places = keep_places

    @cached_property
    def schema_texts(self) -> list[str]:
        """The schemas as JSON texts."""
        return _unpacked(self._load_schemas()) or _schema_texts(self._whole)

    @cached_property
    def places(self) -> list[tuple[dict[str, Place], Place | None]]:
        """The places of each message, and that of its function."""
        texts = _unpacked(self._load_places())
        if texts is None:
            texts = [_places_text(message) for message in _messages(self._whole)]
            self._keep_places(_packed(texts))
        return [_places(text) for text in texts]

    @cached_property
    def _whole(self) -> Contract:
        return self._read_whole()


class StoredMessage(Message):
    """A message whose schema and places are loaded when they are asked for."""

    __slots__ = ("_body", "_digest", "_index")

    _body: Body
    _digest: bytes
    _index: int

    @property
    def digest(self) -> bytes:
        """What tells the schema from every other one."""
        return self._digest

    @property
    def schema_text(self) -> str:
        """The schema as JSON text."""
        return self._body.schema_texts[self._index]

    def __getattr__(self, name: str) -> Any:
        """Load what is asked for the first time: its slot is still empty."""
        if name == "schema":
            _set(self, "schema", json.loads(self.schema_text))
        elif name in _LOADED_LATER:
            places, function_place = self._body.places[self._index]
            _set(self, "places", places)
            _set(self, "function_place", function_place)
        else:
            raise AttributeError(name)
        return getattr(self, name)

    def __new__(cls, *values: Any, **named: Any) -> Message:  # type: ignore[misc]
        """Return an ordinary message: this is how `dataclasses.replace` makes one from a stored one."""
        return Message(*values, **named)

    def __eq__(self, other: object) -> bool:
        """Whether the other message says the same, however it came here."""
        if not isinstance(other, Message):
            return NotImplemented
        return all(getattr(self, field.name) == getattr(other, field.name) for field in fields(Message))


def schema_text(message: Message) -> str:
    """Return a message's schema as JSON text, which a stored one has at hand."""
    return message.schema_text if isinstance(message, StoredMessage) else json.dumps(message.schema)


def pack(contract: Contract) -> Packed:
    """Return a contract as bytes, without its places and its source."""
    texts = _schema_texts(contract)
    rest = iter(texts)
    outline: dict[str, Any] = {name: getattr(contract, name) for name in _OF_CONTRACT}
    for role in _ROLES:
        outline[role] = [_row(message, next(rest)) for message in getattr(contract, role)]
    return Packed(json.dumps(outline).encode(), _packed(texts))


def unpack(outline: bytes, source: str, body: Body) -> Contract:
    """Return a contract that was packed.

    Args:
        outline: The bytes.
        source: Where the contract was found.
        body: What loads the rest.

    Raises:
        ValueError: These are no such bytes.
    """
    try:
        values = json.loads(outline)
        index = 0
        for role in _ROLES:
            messages = [_message(row, body, index + number) for number, row in enumerate(values[role])]
            index += len(messages)
            values[role] = tuple(messages)
        return Contract(source=source, **values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no outline of a contract: {error}") from error


def _row(message: Message, schema_text: str) -> list[Any]:
    event = message.event
    digest = digest_of_text(schema_text).hex()
    return [event.name, event.version, digest, *(getattr(message, name) for name in _OF_MESSAGE)]


def _message(row: list[Any], body: Body, index: int) -> StoredMessage:
    message = object.__new__(StoredMessage)
    name, version, digest, *values = row
    _set(message, "event", _event(name, version))
    _set(message, "_digest", bytes.fromhex(digest))
    _set(message, "_body", body)
    _set(message, "_index", index)
    for field, value in zip(_OF_MESSAGE, values, strict=True):
        _set(message, field, value)
    return message


@lru_cache(maxsize=100_000)
def _event(name: str, version: int) -> EventType:
    # The publisher and all who handle an event share it, which is faster to make and to compare.
    return EventType(name, version)


def _messages(contract: Contract) -> list[Message]:
    return [*contract.publishes, *contract.handles]


def _schema_texts(contract: Contract) -> list[str]:
    return [json.dumps(message.schema) for message in _messages(contract)]


def _places_text(message: Message) -> str:
    places = {path: _row_of_place(place) for path, place in message.places.items()}
    return json.dumps([places, message.function_place and _row_of_place(message.function_place)])


def _row_of_place(place: Place) -> list[Any]:
    return [place.file, place.line, place.column, place.width]


def _places(text: str) -> tuple[dict[str, Place], Place | None]:
    places, function_place = json.loads(text)
    return {path: Place(*row) for path, row in places.items()}, Place(*function_place) if function_place else None


def _packed(texts: list[str]) -> bytes:
    # JSON has no line breaks but those that it is indented with. Level 1: the rest costs much and brings little.
    return zlib.compress("\n".join(texts).encode(), 1)


def _unpacked(packed: bytes | None) -> list[str] | None:
    try:
        return None if packed is None else zlib.decompress(packed).decode().split("\n")
    except (zlib.error, UnicodeDecodeError):
        return None
