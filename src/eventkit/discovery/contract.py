"""`Contract`: what one service publishes and handles, wherever that was found.

Every source gives the same contract: code that was imported, code that was read as syntax, AsyncAPI documents, a git
revision. Whatever checks or shows contracts sees only this.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from eventkit.contract.event import EventType


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a source file.

    Args:
        file: The path, relative to the folder in which the command runs where it lies below it.
        line: The line, 1 for the first.
        column: The column, 1 for the first.
        width: How many characters are meant; 0 for the rest of the line.
    """

    file: str
    line: int
    column: int = 1
    width: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One event in one role: as a service publishes it, or as it reads it.

    Args:
        event: The type name and version. In a document from elsewhere, the name may be a pattern, see
            `eventkit.verify.names`.
        schema: Its JSON Schema: of what is sent where it is published, of what is accepted where it is handled.
        model: The name of its model or message.
        description: What it means.
        function: The publisher or handler; empty where the source does not say.
        key: The field that orders events, or None.
        closed: The publisher sends the declared properties and no others, even where the schema does not say so.
        unread: Why it is not known what the event looks like; its schema then says nothing. Empty where it is known.
        well_formed: Its schema is one; `eventkit.discovery.asyncapi.well_formed` says what is wrong where it is not.
        places: Where it is declared, by path in the event: "" for the whole, "/amount", "/items/*/price".
        function_place: Where the publisher or handler is.
    """

    event: EventType
    schema: dict[str, Any] | bool
    model: str
    description: str = ""
    function: str = ""
    key: str | None = None
    closed: bool = False
    unread: str = ""
    well_formed: bool = True
    places: Mapping[str, Place] = field(default_factory=dict)
    function_place: Place | None = None

    @property
    def digest(self) -> bytes:
        """What tells the schema from every other one."""
        return digest(self.schema)


@dataclass(frozen=True, slots=True)
class Contract:
    """What one service publishes and handles.

    Args:
        service: The service's name.
        version: The version of the contract.
        description: What the service does.
        source: Where the contract was found: a folder, a file, `git:REV:PATH`.
        publishes: The events that it publishes, sorted by type and version.
        handles: The events that it handles, sorted likewise; an upcaster's older version is one of them.
        coded: It was taken from code, and not from a document.
    """

    service: str
    version: str = ""
    description: str = ""
    source: str = ""
    publishes: tuple[Message, ...] = ()
    handles: tuple[Message, ...] = ()
    coded: bool = False


def digest(schema: dict[str, Any] | bool) -> bytes:
    """Return what tells a schema from every other one: schemas that are written alike, in the same order, share it."""
    # In order, as the order of properties is that of the problems that a comparison finds.
    return digest_of_text(json.dumps(schema))


def digest_of_text(text: str) -> bytes:
    """Return the digest of a schema that is at hand as the text that `json.dumps` gives."""
    return blake2b(text.encode(), digest_size=16).digest()
