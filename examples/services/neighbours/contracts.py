"""The neighbours' events: published only if they are what the AsyncAPI documents promise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError

from eventkit import Envelope
from eventkit.contract.context import Sink
from eventkit.contract.envelope import new_id
from eventkit.discovery.asyncapi import read

DOCUMENTS: Final = Path(__file__).parents[3] / "schemas" / "external"


class BrokenPromiseError(Exception):
    """An event that is not what its document says, or that no neighbour publishes."""


@cache
def _publishers() -> Mapping[str, tuple[str, Draft202012Validator]]:
    """Return by type who publishes an event, and what checks it."""
    publishers = {}
    for file in sorted(DOCUMENTS.glob("*.asyncapi.yaml")):
        contract = read(file.read_bytes(), file.name)
        for message in contract.publishes:
            validator = Draft202012Validator(message.schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
            publishers[message.event.name] = (contract.service, validator)
    return publishers


class Announcer:
    """Publishes events in the name of the neighbours.

    Args:
        sink: Where to.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._publishers = _publishers()

    async def announce(self, type_name: str, data: Mapping[str, Any]) -> str:
        """Publish an event, and return its id.

        Args:
            type_name: As `user.deleted`.
            data: The event, as JSON values.

        Raises:
            BrokenPromiseError: No neighbour publishes such events, or not such ones.
        """
        if type_name not in self._publishers:
            raise BrokenPromiseError(f"no neighbour publishes {type_name}")
        source, validator = self._publishers[type_name]
        try:
            validator.validate(data)
        except ValidationError as error:
            raise BrokenPromiseError(f"{source} does not publish such a {type_name}: {error.message}") from None
        key = str(data["user_id"])
        envelope = Envelope(
            id=new_id(), source=source, type=type_name, data=json.dumps(data).encode(), subject=key, key=key
        )
        await self._sink.publish(envelope)
        return envelope.id
