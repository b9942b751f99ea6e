"""Names of things in documents and of files: of a form that every tool accepts, and each given once."""

from __future__ import annotations

import re
from typing import Final

_NOT_A_WORD: Final = re.compile(r"[^A-Za-z0-9]+")


class Names:
    """Gives each name once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, *wanted: str) -> str:
        """Return the first of the wanted names that is free, or the first one of all with a number."""
        number = 2
        for name in wanted:
            if name not in self._taken:
                break
        else:
            while f"{wanted[0]}_{number}" in self._taken:
                number += 1
            name = f"{wanted[0]}_{number}"
        self._taken.add(name)
        return name


def pascal_case(text: str) -> str:
    """Return a text as one capitalised word: `OrderCreated` of `order.created`."""
    words = _NOT_A_WORD.sub(" ", text).split()
    name = "".join(word[0].upper() + word[1:] for word in words)
    return name if name[:1].isalpha() else f"Event{name}"


def snake_case(text: str) -> str:
    """Return a text as lower-case words: `order_created` of `order.created`."""
    return _NOT_A_WORD.sub("_", text).strip("_").lower() or "event"


def file_name(text: str) -> str:
    """Return a text as the name of a file, in lower case as some file systems do not tell the cases apart."""
    return re.sub(r"[^a-z0-9._]+", "-", text.lower()).strip(".-") or "unnamed"
