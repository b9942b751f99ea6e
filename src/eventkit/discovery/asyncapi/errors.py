"""The one error of this package."""

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
        return _rebuild, (self.what, self.place, self.mend)


def _rebuild(what: str, place: Place, mend: str | None) -> DocumentError:
    return DocumentError(what, place=place, mend=mend)
