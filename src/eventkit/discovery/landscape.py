"""`Landscape`: all contracts that are verified together, and what could not be read of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from eventkit.discovery import codes
from eventkit.discovery.contract import Contract, Place


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """Something of a source that could not be read, and was therefore not checked.

    Args:
        code: What kind of problem it is, one of `eventkit.discovery.codes`.
        message: What is wrong, in a sentence without a full stop.
        place: Where.
        mend: What to do about it.
    """

    code: str
    message: str
    place: Place
    mend: str

    @property
    def leaves_gap(self) -> bool:
        """Whether a contract may be missing because of it; none is where a document gave way to code."""
        return self.code not in (codes.DOCUMENT_OF_CODE, codes.DOCUMENT_DIFFERS)


@dataclass(frozen=True, slots=True)
class Landscape:
    """All contracts that are verified together.

    Args:
        services: The contracts of the sources, sorted by service.
        neighbours: The contracts of services that belong to others, sorted likewise: they publish and handle more
            than the landscape shows.
        problems: What could not be read, in the order of the places.
        files: The files of the sources, not of the neighbours, that were read, sorted.
        retained: What services published once, and what is still to be read: each contract holds one such event.
    """

    services: tuple[Contract, ...] = ()
    neighbours: tuple[Contract, ...] = ()
    problems: tuple[SourceProblem, ...] = ()
    files: tuple[str, ...] = ()
    retained: tuple[Contract, ...] = ()

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """All contracts, sorted by service."""
        return tuple(sorted((*self.services, *self.neighbours), key=lambda contract: contract.service))


def shown(path: Path) -> str:
    """Return a path as places show it: relative to the working folder where it lies below it, with slashes."""
    return _shown(path, Path.cwd())


@lru_cache(maxsize=10_000)
def _shown(path: Path, here: Path) -> str:
    # Each document is shown several times, and taking paths apart is slow.
    absolute = here / path
    written = (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute).as_posix()
    # What is no UTF-8 in a name could be written into no report.
    return written.encode("utf-8", "backslashreplace").decode()
