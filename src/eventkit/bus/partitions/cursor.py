"""How far a group has got in one partition of a log.

Events finish out of order: keys run side by side, and one that waits for its retry holds back nothing but its key. So
progress is more than a number:

    position   all that stands before it is finished
    high       nothing that stands here or later is finished
    holes      what is not finished between the two
    attempts   how often what is not finished was handed out
    failures   the failed calls of what is not finished
    clean      the owner gave the partition up in order; where not, what it had out may have ended it
    types      what the group handles of the log
    past       cursors of single types: of one that came to those later, from the log's beginning to where this stood;
               of one that is not handled for now, from where it was left to where this stands when it comes back

Places in the log are whole numbers that grow, with gaps or without: the sequence of a stream, the offset of a topic.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any, Final

from pydantic_core import to_json

from eventkit.delivery.subscription import Failure

_SHORTEST_ERROR: Final = 20


class Cursor:
    """The progress of one group in one partition of a log.

    Args:
        log: Names the log: a stream, a topic.
        partition: The partition.
        position: The first place that is not known to be finished.
        types: What the group handles of the log.
        main: The cursor whose past this one is; none where it has a log to itself.
        until: Where the past ends; None for one whose type is not handled for now, and for what is no past.
    """

    __slots__ = (
        "_failures",
        "_known",
        "_unfinished",
        "clean",
        "high",
        "log",
        "main",
        "partition",
        "past",
        "read",
        "types",
        "until",
    )

    def __init__(
        self,
        log: str,
        partition: int,
        position: int,
        types: Collection[str] = (),
        *,
        main: Cursor | None = None,
        until: int | None = None,
    ) -> None:
        self.log = log
        self.partition = partition
        self.types = frozenset(types)
        self.main = main or self
        self.until = until
        self.past: list[Cursor] = []
        """Cursors of single types, for what lies behind this one; those that are through are not among them."""
        self.clean = True
        """Whether the owner before gave the partition up in order; when saved, whether this one does."""
        self.read = position
        """The place from which to read on."""
        self.high = position
        # What an earlier owner left unfinished, until it is read again: place -> attempts.
        self._known: dict[int, int] = {}
        # What was read and is not finished, in the order of the log: place -> attempts.
        self._unfinished: dict[int, int] = {}
        self._failures: dict[int, tuple[Failure, ...]] = {}

    def __len__(self) -> int:
        return len(self._unfinished)

    def __bool__(self) -> bool:
        return True

    @property
    def position(self) -> int:
        """The first place that is not finished."""
        # What was read stands before all that is not. Of that the first may be unknown: read by an earlier owner, which
        # handed out what stands behind it, and ended.
        return next(iter(self._unfinished), self.read)

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to read, because this is a past that is over."""
        return self.until is not None and self.read >= self.until

    @property
    def unread(self) -> list[Cursor]:
        """Pasts that are to be read: of types that are handled, and not over."""
        return [past for past in self.past if past.types <= self.types and not past.ended]

    def unfinished(self, end: int) -> int:
        """Return how many places before `end` are not finished, pasts included; of a cursor as it was saved.

        Args:
            end: The place that comes after the last one of the log.
        """
        holes = sum(place < self.high for place in self._known)
        pasts = sum(past.unfinished(past.until or 0) for past in self.past if past.types <= self.types)
        return holes + max(0, end - max(self.high, self.read)) + pasts

    def cover(self, types: Collection[str], first: int) -> bool:
        """Say what the group handles. What is new to it gets its past; what comes back goes on where it was left.

        Args:
            types: All types that it handles of this log.
            first: Where the log begins.

        Returns:
            Whether something is new or comes back, and is to be saved before it is read.
        """
        before, self.types = self.types, frozenset(types)
        self.past += [self._left(each) for each in sorted(before - self.types)]
        for past in self.past:
            past.begin(first)
        # What stands behind `high` was read without the types that come now.
        until = max(self.high, self.position)
        coming = self.types - before
        for each in sorted(coming):
            known = [past for past in self.past if each in past.types]
            for past in known:
                past.until = until if past.until is None else past.until
            if not known and first < until:
                self.past.append(Cursor(self.log, self.partition, first, [each], main=self, until=until))
        return bool(coming)

    def _left(self, type_: str) -> Cursor:
        """Return a cursor that stands where this one does, for a type that is not handled any more."""
        left = Cursor(self.log, self.partition, self.position, [type_], main=self)
        left.high = self.high
        left._known = {**self._unfinished, **self._known}
        left._failures = dict(self._failures)
        return left

    def add(self, place: int) -> tuple[int, tuple[Failure, ...]] | None:
        """Take note of what was read at a place.

        Args:
            place: The place; each is read once, in order.

        Returns:
            How often it was handed out before and what failed then; None where it is finished.
        """
        attempts = 0
        if place < self.high or self._known:
            self.begin(place)
            known = self._known.pop(place, None)
            if known is None and place < self.high:
                self.read = place + 1
                return None
            attempts = known or 0
        self.read = place + 1
        self._unfinished[place] = attempts
        return attempts, self._failures.get(place, ())

    def skip(self, place: int) -> None:
        """Take note of a place that holds nothing for the group."""
        self.begin(place + 1)

    def begin(self, first: int) -> int:
        """Take note that there is nothing to read before `first`.

        Returns:
            How many places are passed over.
        """
        for place in [place for place in self._known if place < first]:
            del self._known[place]
            self._failures.pop(place, None)
        passed = max(0, first - self.read)
        self.read += passed
        return passed

    def hand_out(self, place: int, attempt: int) -> None:
        """Take note that a delivery is out for the `attempt`-th time; 0 takes it back."""
        self._unfinished[place] = attempt

    def fail(self, place: int, failure: Failure) -> None:
        """Take note of a failed call."""
        self._failures[place] = (*self._failures.get(place, ()), failure)

    def finish(self, place: int) -> None:
        """Take note that the event at a place is handled, or is a dead letter."""
        del self._unfinished[place]
        self._failures.pop(place, None)
        if place >= self.high:
            self.high = place + 1

    def to_json(self, limit: int | None = None) -> str:
        """Return the progress as text.

        Args:
            limit: The most bytes it may have. Texts of errors are shortened for that; where this is not enough, it is
                longer than the limit.
        """
        length: int | None = None
        while True:
            if not self._failures and not self.past:
                return to_json(self._document(None)).decode()  # numbers and names: in a third of the time
            text = json.dumps(self._document(length), separators=(",", ":"))
            longest = max((len(each.error) for failure in self._all_failures() for each in failure), default=0)
            if limit is None or len(text) <= limit or min(longest, length or longest) <= _SHORTEST_ERROR:
                return text
            length = max(_SHORTEST_ERROR, min(longest, length or longest) // 2)

    def _all_failures(self) -> Iterator[Sequence[Failure]]:
        for cursor in (self, *self.past):
            yield from cursor._failures.values()

    def _document(self, length: int | None) -> dict[str, Any]:
        # In order: what was read stands before what is still to be read again.
        unfinished = {**self._unfinished, **self._known} if self._known else self._unfinished
        high = max(self.high, self.position)
        document: dict[str, Any] = {"position": self.position, "high": high, "clean": self.clean}
        if holes := _ranges(takewhile(high.__gt__, unfinished)):
            document["holes"] = holes
        if attempts := {place: count for place, count in unfinished.items() if count}:
            document["attempts"] = attempts
        if self._failures:
            document["failures"] = {
                place: [[each.at.isoformat(), _shortened(each.error, length)] for each in failures]
                for place, failures in self._failures.items()
            }
        if self.types:
            document["types"] = sorted(self.types)
        if self.until is not None:
            document["until"] = self.until
        self.past = [past for past in self.past if len(past) or not past.ended]
        if self.past:
            document["past"] = [past._document(length) for past in self.past]
        return document

    @classmethod
    def from_json(cls, log: str, partition: int, text: str) -> Cursor:
        """Return the progress that `to_json` wrote.

        Raises:
            ValueError: The text is none.
        """
        try:
            return cls._of(json.loads(text), log, partition, None)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not the progress of a group: {text[:100]!r}") from error

    @classmethod
    def _of(cls, document: Any, log: str, partition: int, main: Cursor | None) -> Cursor:
        position, until = int(document["position"]), document.get("until")
        cursor = cls(log, partition, position, document.get("types", ()), main=main, until=until)
        cursor.high = int(document["high"])
        cursor.clean = bool(document["clean"])
        attempts = {int(place): int(count) for place, count in document.get("attempts", {}).items()}
        holes = {place for first, last in document.get("holes", ()) for place in range(int(first), int(last) + 1)}
        cursor._known = {place: attempts.get(place, 0) for place in sorted(holes | attempts.keys())}
        cursor._failures = {
            int(place): tuple(Failure(datetime.fromisoformat(at), str(error)) for at, error in failures)
            for place, failures in document.get("failures", {}).items()
        }
        cursor.past = [cls._of(past, log, partition, cursor) for past in document.get("past", ())]
        return cursor


def _ranges(places: Iterable[int]) -> list[list[int]]:
    """Put places that follow one another together, as the first and the last of them."""
    ranges: list[list[int]] = []
    behind = None
    for place in places:
        if place == behind:
            ranges[-1][1] = place
        else:
            ranges.append([place, place])
        behind = place + 1
    return ranges


def _shortened(error: str, length: int | None) -> str:
    return error if length is None or len(error) <= length else error[: length - 1] + "…"
