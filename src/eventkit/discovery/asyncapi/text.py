"""The text of a document as JSON values that know where they stand.

Documents come from anywhere, so a text is refused rather than guessed at: a key that stands twice, a text that is not
UTF-8, and whatever is larger, deeper or more entangled than a contract can be.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

MAX_BYTES: Final = 5_000_000
"""The largest document that is read."""

MAX_DEPTH: Final = 100
"""Levels of nested arrays and objects."""

MAX_NODES: Final = 200_000
"""Values in one document, those that a YAML alias repeats counted each time."""


MAX_MESSAGES: Final = 10_000
"""Messages that the operations of one document name, one that several name counted each time."""

MAX_DEFINITIONS: Final = 200_000
"""Schemas that those of all messages of one document refer to, one that several refer to counted each time."""

Mark = tuple[int, int, int]
"""Line, column and width of what stands in a text, as in `Place`; a tuple, as a document has thousands of them."""


class Text:
    """One parsed text.

    Args:
        value: The document as JSON values.
        find_marks: Finds where each member of an object and each item of an array stands, by JSON pointer from "" on.
            What a YAML alias repeats has its mark where it is written, and no second one.
    """

    def __init__(self, value: Any, find_marks: Callable[[], dict[str, Mark]]) -> None:
        self.value = value
        self._find_marks = find_marks

    @cached_property
    def marks(self) -> dict[str, Mark]:
        """Where everything stands; found when it is asked for, as of most documents nothing needs to be shown."""
        return self._find_marks()


def escape(name: str) -> str:
    """Return a name as one step of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1") if "~" in name or "/" in name else name


def unescape(step: str) -> str:
    """Return the name that one step of a JSON pointer means."""
    return step.replace("~1", "/").replace("~0", "~") if "~" in step else step
