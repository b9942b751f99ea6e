"""Which delivery may start now: order per key, bounded concurrency.

Theory of operation. A *lane* holds the deliveries of one key that are here and not finished. The rules:

1. Of one lane, one delivery runs at a time; the others wait behind it in the order in which they were added.
2. Different lanes run side by side, and so does everything without a key, up to `limit` at once.
3. What may start, starts in the order in which it became ready: no lane waits forever.
4. When a delivery is finished, the next of its lane may start.
5. When one failed, all that wait behind it leave: they must not overtake its retry. They go back to the bus, which
   holds them until the retry has succeeded or is given up.
6. At the end (`drain`), all that have not started leave, and nothing is taken or started any more.

So each delivery that was added leaves exactly once: finished, failed, or handed back.

The machine knows neither tasks nor clocks nor the bus. Whoever drives it calls `start` until it returns None, again
after each `add`, `finish` and `fail`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """The deliveries that are here, waiting and running.

    Args:
        limit: How many may run at once, 1 or more.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.running = 0
        self.waiting = 0
        self.drained = False
        # Each item with its key. A key stands in `_behind` while one of its items is ready or runs.
        self._ready: deque[tuple[str | None, T]] = deque()
        self._behind: dict[str, deque[T]] = {}

    @property
    def startable(self) -> bool:
        """Whether `start` would return something."""
        return bool(self._ready) and self.running < self.limit

    def add(self, key: str | None, item: T) -> bool:
        """Take one item; False where the lanes are drained and it must go back.

        Args:
            key: The key whose order counts; None for an item that waits for nobody.
            item: The item.
        """
        if self.drained:
            return False
        self.waiting += 1
        if key is None:
            self._ready.append((None, item))
        elif key in self._behind:
            self._behind[key].append(item)
        else:
            self._behind[key] = deque()
            self._ready.append((key, item))
        return True

    def start(self) -> tuple[str | None, T] | None:
        """Return the key and the item that runs from now on, or None where nothing may start."""
        if not self._ready or self.running >= self.limit:
            return None
        self.running += 1
        self.waiting -= 1
        return self._ready.popleft()

    def finish(self, key: str | None) -> None:
        """A running item of this key is settled for good: the lane goes on."""
        self.running -= 1
        if key is None:
            return
        behind = self._behind[key]
        if behind:
            self._ready.append((key, behind.popleft()))
        else:
            del self._behind[key]

    def fail(self, key: str | None) -> Iterable[T]:
        """The running item of this key will come again: return those behind it, in order, which must go back."""
        self.running -= 1
        if key is None:
            return ()
        behind = self._behind.pop(key)
        self.waiting -= len(behind)
        return behind

    def drain(self) -> list[T]:
        """Return all that has not started, each lane in order; from now on nothing starts."""
        self.drained = True
        self.waiting = 0
        left = []
        for key, item in self._ready:
            left.append(item)
            if key is not None:
                left.extend(self._behind.pop(key))
        self._ready.clear()
        for behind in self._behind.values():
            left.extend(behind)
            behind.clear()
        return left
