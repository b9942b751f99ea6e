"""How far a group has got in one partition of a log.

Events finish out of order: keys run side by side, and one that waits for its retry holds back nothing but its key. So
progress is more than a number:

    position   all that stands before it is finished
    high       nothing that stands here or later is finished
    holes      what is not finished between the two
    attempts   how often what is not finished was handed out
    failures   the failed calls of what is not finished
    clean      the owner gave the partition up in order; where not, what it had out may have ended it

Places in the log are whole numbers that grow, with gaps or without: the sequence of a stream, the offset of a topic.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from eventkit.delivery.subscription import Failure

_SHORTEST_ERROR: Final = 20


class Cursor:
    """The progress of one group in one partition of a log.

    Args:
        log: Names the log: a stream, a topic.
        partition: The partition.
        position: The first place that is not known to be finished.
    """

    __slots__ = ("_failures", "_known", "_unfinished", "clean", "high", "log", "partition", "read")

    def __init__(self, log: str, partition: int, position: int) -> None:
        self.log = log
        self.partition = partition
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

    @property
    def position(self) -> int:
        """The first place that is not finished."""
        # What was read stands before what is still to be read again.
        for places in (self._unfinished, self._known):
            if places:
                return next(iter(places))
        return self.read

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
        unfinished = {**self._unfinished, **self._known}
        high = max(self.high, self.position)
        document: dict[str, Any] = {"position": self.position, "high": high, "clean": self.clean}
        if holes := list(_ranges(sorted(place for place in unfinished if place < high))):
            document["holes"] = holes
        if attempts := {place: count for place, count in unfinished.items() if count}:
            document["attempts"] = attempts
        length: int | None = None
        while True:
            if self._failures:
                document["failures"] = {
                    place: [[each.at.isoformat(), _shortened(each.error, length)] for each in failures]
                    for place, failures in self._failures.items()
                }
            text = json.dumps(document, separators=(",", ":"))
            if limit is None or len(text) <= limit or not self._failures or length == _SHORTEST_ERROR:
                return text
            longest = max(len(each.error) for failures in self._failures.values() for each in failures)
            length = max(_SHORTEST_ERROR, min(longest, length or longest) // 2)

    @classmethod
    def from_json(cls, log: str, partition: int, text: str) -> Cursor:
        """Return the progress that `to_json` wrote.

        Raises:
            ValueError: The text is none.
        """
        try:
            document = json.loads(text)
            cursor = cls(log, partition, int(document["position"]))
            cursor.high = int(document["high"])
            cursor.clean = bool(document["clean"])
            attempts = {int(place): int(count) for place, count in document.get("attempts", {}).items()}
            holes = {place for first, last in document.get("holes", ()) for place in range(int(first), int(last) + 1)}
            cursor._known = {place: attempts.get(place, 0) for place in sorted(holes | attempts.keys())}
            cursor._failures = {
                int(place): tuple(Failure(datetime.fromisoformat(at), str(error)) for at, error in failures)
                for place, failures in document.get("failures", {}).items()
            }
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not the progress of a group: {text[:100]!r}") from error
        return cursor


def _ranges(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Put places that follow one another together, as the first and the last of them."""
    first = last = None
    for place in places:
        if last is not None and first is not None and place != last + 1:
            yield first, last
            first = place
        elif first is None:
            first = place
        last = place
    if first is not None and last is not None:
        yield first, last


def _shortened(error: str, length: int | None) -> str:
    return error if length is None or len(error) <= length else error[: length - 1] + "…"
