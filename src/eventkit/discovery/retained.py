"""Reads the schemas of versions that nobody publishes any more, and that subscribers still have to read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from eventkit.contract.event import EventType
from eventkit.discovery import codes
from eventkit.discovery.asyncapi import DocumentError
from eventkit.discovery.asyncapi.document import Document
from eventkit.discovery.asyncapi.schemas import Schemas, UnknownPayloadError
from eventkit.discovery.contract import Contract, Message, Place
from eventkit.discovery.evolution import Retained
from eventkit.discovery.landscape import SourceProblem, shown

EXPORTED: Final = "Written by `eventkit export` for {}; change the code instead."
"""What an exported file says of itself, with the service whose contract it is."""
EXPORTED_FOR: Final = re.compile(re.escape(EXPORTED).replace(r"\{\}", r"(\S+)"))
_UNKNOWN: Final = "(retained)"
"""Stands for the publisher where the file does not name it."""


def read_retained_versions(
    retained: Iterable[Retained], published: Collection[EventType]
) -> tuple[list[Contract], list[SourceProblem]]:
    """Read the retained versions that nobody publishes.

    Args:
        retained: What the configuration lists.
        published: The events that are published: their schema is that of the publisher.

    Returns:
        A contract for each version, of the service that published it, and what could not be read.
    """
    contracts: list[Contract] = []
    problems: list[SourceProblem] = []
    for version in retained:
        if version.event in published:
            continue
        try:
            contracts.append(_read(version))
        except FileNotFoundError:
            message = f"{version.event} is retained, nobody publishes it, and there is no {shown(version.file)}"
            problems.append(_problem(version, message, _restore(version)))
        except OSError as error:
            message = f"the schema of the retained {version.event} cannot be read: {error.strerror}"
            problems.append(_problem(version, message, "let it be read"))
        except UnknownPayloadError as reason:
            message = f"the schema of the retained {version.event} cannot be read: {reason}"
            problems.append(_problem(version, message, _restore(version)))
        except DocumentError as error:
            message = f"the schema of the retained {version.event} cannot be read: {error.what}"
            problems.append(SourceProblem(codes.RETAINED_SCHEMA, message, error.place, _restore(version)))
    return contracts, problems


def _read(version: Retained) -> Contract:
    file = shown(version.file)
    document = Document(version.file.read_bytes(), file)
    schemas = Schemas()
    payload = schemas.payload(document.root)
    comment = document.root.text("$comment")
    written_for = EXPORTED_FOR.search(comment)
    message = Message(
        event=version.event,
        schema=schemas.standing_alone(payload),
        model=document.root.text("title"),
        description=document.root.text("description"),
        closed=written_for is not None,
        places={**schemas.places(payload), "": document.root.place},
    )
    return Contract(service=written_for[1] if written_for else _UNKNOWN, source=file, publishes=(message,))


def _problem(version: Retained, message: str, mend: str) -> SourceProblem:
    return SourceProblem(codes.RETAINED_SCHEMA, message, Place(shown(version.file), 1), mend)


def _restore(version: Retained) -> str:
    return (
        f"restore the file that `eventkit export` wrote while version {version.event.version} was published "
        f"(`git log --diff-filter=D -- {shown(version.file)}` finds the commit), or remove the version from `retained`"
    )
