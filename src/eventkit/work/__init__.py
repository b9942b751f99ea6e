"""How large landscapes are worked on: what was found is kept in a cache, and several processes share what is left."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from eventkit.work.cache import Cache
from eventkit.work.collector import collect_seldom
from eventkit.work.processes import Processes

__all__ = ["Cache", "Processes", "Work"]

T = TypeVar("T")


@dataclass(slots=True)
class Work:
    """The means to work with: a context manager, at whose end the cache is written and the processes end.

    From its beginning on, this process looks for cycles of objects seldom.

    Without arguments there is no cache, and all is done in this process.

    Args:
        cache: What was found before.
        processes: Who helps.
    """

    cache: Cache = field(default_factory=lambda: Cache(None))
    processes: Processes = field(default_factory=lambda: Processes(1))
    _kept: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def on_all_cores(cls, cache: Path | None) -> Work:
        """Return the means to use the whole machine.

        Args:
            cache: The cache's folder, which is made where it is missing; None for no cache.
        """
        return cls(Cache(cache), Processes())

    def keep(self, resource: AbstractContextManager[T]) -> T:
        """Enter what the work needs until its end."""
        return self._kept.enter_context(resource)

    def __enter__(self) -> Self:
        collect_seldom()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.processes.close(cancel=error is not None)
        self.cache.close()
        self._kept.close()
