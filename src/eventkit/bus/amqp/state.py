"""What is known of a partition's unfinished events beyond the events themselves.

RabbitMQ counts how often a message was given back, which also happens to what was only waiting for its turn. So the
owner of a partition writes down which events it handed out and which calls failed, in one document beside the queue:

    {"exact": true, "events": {"<identity>": [hand-outs, [[time, error], ...]], ...}}

*Exact* means that all that was handed out is in it. An owner that goes in order leaves it exact. One that begins writes
`exact: false` and then nothing more until a call fails: in the good case that costs nothing. After an owner that ended
without a word, everything that comes back may have been handed out once; until something is settled, hand-outs are
written down beforehand, so that what ends a process can be told from what was near it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from eventkit.delivery.subscription import Failure

NOTHING: Final = b'{"exact": true, "events": {}}'
_LARGEST: Final = 1_000_000
_SHORT_ERROR: Final = 100


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an event.

    Args:
        attempts: How often it was handed out.
        failures: The calls that failed.
    """

    attempts: int
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a partition.

    Args:
        exact: Whether all that was handed out is in it.
        events: What is known of events, by their identity.
    """

    exact: bool = True
    events: dict[str, Known] = field(default_factory=dict)

    @classmethod
    def from_json(cls, document: bytes | None) -> State:
        """Return what a document says."""
        if document is None:
            return cls()
        read = json.loads(document)
        return cls(
            read["exact"],
            {
                identity: Known(attempts, tuple(Failure(datetime.fromisoformat(at), error) for at, error in failures))
                for identity, (attempts, failures) in read["events"].items()
            },
        )

    def take(self, identity: str) -> Known:
        """Return what is known of an event that comes again; it is kept with the event from then on."""
        return self.events.pop(identity, None) or Known(0 if self.exact else 1)


def to_json(exact: bool, events: Mapping[str, Known]) -> bytes:
    """Return the document; texts of errors are shortened where it would be too large."""
    document = _document(exact, events, None)
    return document if len(document) <= _LARGEST else _document(exact, events, _SHORT_ERROR)


def _document(exact: bool, events: Mapping[str, Known], length: int | None) -> bytes:
    known = {
        identity: [each.attempts, [[failure.at.isoformat(), failure.error[:length]] for failure in each.failures]]
        for identity, each in events.items()
    }
    return json.dumps({"exact": exact, "events": known}).encode()
