"""Small documents that all instances share, each replaced only by who knows its newest revision.

They are a bucket of NATS' key-value store, so that its tools show them: `nats kv get eventkit NAME`. nats-py's own
functions are not used, because a lost answer makes them fail where the document was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from eventkit.bus.nats.jetstream import OTHER_REVISION, APIError, JetStream


class Conflict(Exception):
    """Somebody else has written the document."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document.

    Args:
        text: What it says.
        revision: Which one it is.
        at: When it was written, by the server's clock.
    """

    text: str
    revision: int
    at: datetime


class Documents:
    """The documents of a bus.

    Args:
        jetstream: Where they are kept.
    """

    def __init__(self, jetstream: JetStream) -> None:
        self._jetstream = jetstream
        self._bucket = jetstream.names.bucket
        self._subject = jetstream.names.documents

    async def get(self, name: str) -> Document | None:
        """Return the newest revision of a document; None where there is none. Raises BusError."""
        found = await self._jetstream.stored(self._bucket, last_by_subj=self._subject + name)
        return None if found is None else Document(found.data.decode(errors="replace"), found.sequence, found.at)

    async def put(self, name: str, text: str, revision: int) -> int:
        """Replace a document; return its new revision.

        Args:
            name: Words with dots between them.
            text: What it is to say. No two writers write the same.
            revision: Which one is replaced; 0 where there must be none.

        Raises:
            Conflict: There is another one.
            BusError: It was not written, or nobody knows whether it was.
        """
        headers = {"Nats-Expected-Last-Subject-Sequence": str(revision)}
        try:
            return await self._jetstream.store(self._subject + name, headers, text.encode())
        except APIError as error:
            if error.number not in OTHER_REVISION:
                raise
        # Where the answer was lost and the request sent again, it is our own.
        found = await self.get(name)
        if found is not None and found.text == text:
            return found.revision
        raise Conflict(name)

    async def remove(self, revision: int) -> None:
        """Remove a document if this is its newest revision; raises BusError."""
        await self._jetstream.remove(self._bucket, revision)

    async def names(self, prefix: str) -> list[str]:
        """Return the names of all documents that begin with `prefix` and one more word; raises BusError."""
        return [
            each.removeprefix(self._subject)
            for each in await self._jetstream.subjects(self._bucket, f"{self._subject}{prefix}*")
        ]
