"""Who of a group is there, and who has which partition.

An instance is there as long as its document `members.<group>.<name>` is renewed within its lease. Whose document is
older is gone: anybody removes it, and takes its partitions. How old a document is, is told by the server's clock: an
instance knows what time it is there from when its own document was stored.

A partition's document, `partitions.<group>.<number>`, names its owner and says how far the group got. It can only be
written by who knows its newest revision. So an owner that was taken for gone, because it did not get to renew its
lease, finds out when it writes.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from eventkit.bus.nats.documents import Conflict, Document, Documents
from eventkit.contract.errors import BusError


class ExpelledError(BusError):
    """The others have taken this instance for gone."""


@dataclass(frozen=True, slots=True)
class Member:
    """An instance of a group.

    Args:
        name: Its name.
        lease: Seconds for which its document counts.
        staying: It takes partitions; one that is about to leave only keeps those that it has.
    """

    name: str
    lease: float
    staying: bool


class Membership:
    """One instance's place in its group.

    Args:
        documents: The bus's documents.
        group: The group.
        lease: Seconds after which it is taken for gone.
    """

    def __init__(self, documents: Documents, group: str, lease: float) -> None:
        self.name = f"{random.getrandbits(48):012x}"
        self.staying = True
        self._documents = documents
        self._group = group
        self._lease = lease
        self._revision = 0
        self._writes = 0
        self._clock = asyncio.get_running_loop().time
        self.renewed = self._clock()
        """When its lease was last renewed for certain, by the event loop's clock."""
        self._stored = self.renewed
        # What the server's clock says when the event loop's says nought, or a little less.
        self._epoch: datetime | None = None
        self._writing = asyncio.Lock()

    @property
    def document(self) -> str:
        """The name of its document."""
        return f"members.{self._group}.{self.name}"

    async def renew(self) -> None:
        """Say that it is there; raises ExpelledError, and BusError."""
        async with self._writing:
            begun = self._clock()
            self._writes += 1
            text = json.dumps({"lease": self._lease, "staying": self.staying, "writes": self._writes})
            try:
                self._revision = await self._documents.put(self.document, text, self._revision)
            except Conflict:
                raise ExpelledError(
                    f"an instance of {self._group} did not renew its lease in time, and others took over",
                    mend="keep the event loop free, or connect with a longer `lease`",
                ) from None
            self.renewed, self._stored = begun, self._clock()

    def forget(self) -> None:
        """Take note that its document is gone: the next renewal makes a new one."""
        self._revision = 0

    async def leave(self) -> None:
        """Be there no more; raises BusError."""
        async with self._writing:
            revision, self._revision = self._revision, 0
            if revision:
                await self._documents.remove(revision)

    async def others(self) -> dict[str, Member]:
        """Return who is there, this instance included; who is not is removed. Raises ExpelledError, and BusError."""
        names = await self._documents.names(f"members.{self._group}.")
        found = await asyncio.gather(*map(self._documents.get, names))
        documents = {name.rpartition(".")[2]: each for name, each in zip(names, found, strict=True) if each is not None}
        ours = documents.get(self.name)
        if ours is None:
            raise ExpelledError(f"an instance of {self._group} was taken for gone")
        if ours.revision == self._revision:
            self._epoch = ours.at - timedelta(seconds=self._stored)
        members = {name: _member(name, each) for name, each in documents.items()}
        gone = [name for name, each in members.items() if self._age(documents[name]) > each.lease and name != self.name]
        for name in gone:
            del members[name]
            await self._documents.remove(documents[name].revision)
        return members

    def _age(self, document: Document) -> float:
        if self._epoch is None:
            return 0.0
        return self._clock() - (document.at - self._epoch).total_seconds()


def _member(name: str, document: Document) -> Member:
    try:
        fields: Mapping[str, Any] = json.loads(document.text)
        return Member(name, float(fields["lease"]), bool(fields["staying"]))
    except (ValueError, TypeError, KeyError):
        return Member(name, 0.0, staying=False)
