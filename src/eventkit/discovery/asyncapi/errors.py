"""The errors of this package."""

from __future__ import annotations

from eventkit.contract.errors import EventkitError
from eventkit.discovery.contract import Place


class DocumentError(EventkitError):
    """An AsyncAPI document that cannot be read, or that says something which eventkit does not read.

    Args:
        what: What is wrong.
        place: Where, in the document.
        mend: What to do about it.
    """

    def __init__(self, what: str, *, place: Place, mend: str | None = None) -> None:
        super().__init__(what, where=f"{place.file}:{place.line}:{place.column}", mend=mend)
        self.place = place

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.place, self.mend)


class NoAsyncAPIError(DocumentError):
    """A JSON or YAML document that is about something else."""


def _rebuild(cls: type[DocumentError], what: str, place: Place, mend: str | None) -> DocumentError:
    return cls(what, place=place, mend=mend)
