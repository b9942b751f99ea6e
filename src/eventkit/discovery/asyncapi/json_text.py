"""JSON as values with places."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from eventkit.contract import strict_json
from eventkit.contract.strict_json import DuplicateKeyError, Limits, NumberError, StrictJSONError
from eventkit.discovery.asyncapi.errors import DocumentError
from eventkit.discovery.asyncapi.text import MAX_BYTES, MAX_DEPTH, MAX_NODES, Mark, Text, escape
from eventkit.discovery.contract import Place

_LIMITS: Final = Limits(max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+|\n')

_NUMBER: Final = re.compile(r"-?(?:[0-9]+[.eE]|NaN$|Infinity$)")


def parse_json(text: str, file: str) -> Text:
    """Parse JSON text; raises DocumentError where it is not strict JSON or has too many values."""
    try:
        value = strict_json.loads(text, _LIMITS)
    except StrictJSONError as error:
        if isinstance(error, DuplicateKeyError):
            _Scanner(text, file).marks()  # finds where; up to there the text is known to be good
        if isinstance(error, NumberError):
            raise DocumentError(
                str(error), place=_first_number_too_large(text, file), mend="use a finite number"
            ) from None
        raise DocumentError(str(error), place=Place(file, *error.position)) from None
    # There are at most as many values as commas and opening brackets, and one: mostly there is no need to count.
    if text.count(",") + text.count("{") + text.count("[") >= MAX_NODES:
        _Scanner(text, file).marks()
    return Text(value, lambda: _Scanner(text, file).marks())


def _first_number_too_large(text: str, file: str) -> Place:
    """Return where the first number stands that is not finite; up to there the text is known to be good."""
    for token in _TOKEN.finditer(text):
        if _NUMBER.match(token[0]) and not math.isfinite(float(token[0])):
            before = text[: token.start()]
            return Place(file, before.count("\n") + 1, token.start() - before.rfind("\n"), len(token[0]))
    return Place(file, 1)


@dataclass(slots=True)
class _Open:
    """An object or array whose end has not been reached."""

    pointer: str
    is_array: bool
    count: int = 0
    key: str | None = None
    """The key whose value comes next."""
    start: tuple[int, int] = (0, 0)
    """Where the member that is being read starts."""


class _Scanner:
    """Finds the marks in a text that is known to be JSON, which spares it every check but that for keys."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._marks: dict[str, Mark] = {"": (1, 1, 0)}
        self._stack: list[_Open] = []

    def marks(self) -> dict[str, Mark]:
        line, line_start = 1, 0
        for token in _TOKEN.finditer(self._text):
            text, column = token[0], token.start() - line_start + 1
            if text == "\n":
                line, line_start = line + 1, token.end()
            elif text in "}]":
                self._stack.pop()
                self._end_member(line, column + 1)
            elif text == ",":
                self._stack[-1].key = None
            elif text != ":":
                self._begin(text, line, column)
        return self._marks

    def _begin(self, text: str, line: int, column: int) -> None:
        """Enter a key or a value."""
        parent = self._stack[-1] if self._stack else None
        end = column + len(text)
        if parent is not None and not parent.is_array and parent.key is None:
            parent.key = text[1:-1] if "\\" not in text else strict_json.loads(text)
            parent.start = (line, column)
            if self._pointer(parent) in self._marks:
                what = f"the key {parent.key[:100]!r} stands twice in one object"
                raise DocumentError(what, place=Place(self._file, line, column, len(text)), mend="keep one of the two")
            self._mark(parent, line, end)
            return
        if parent is not None and parent.is_array:
            parent.key = str(parent.count)
            parent.start = (line, column)
            parent.count += 1
        if text in "{[":
            pointer = self._pointer(parent) if parent else ""
            if parent is not None and parent.is_array:
                self._mark(parent, line, column)
            self._stack.append(_Open(pointer, is_array=text == "["))
        else:
            self._end_member(line, end)

    def _end_member(self, line: int, end: int) -> None:
        """Widen the mark of the member that ends here to all of it, if that is one line."""
        if self._stack:
            parent = self._stack[-1]
            if parent.start[0] == line:
                self._mark(parent, line, end)

    def _mark(self, parent: _Open, line: int, end: int) -> None:
        column = parent.start[1]
        self._marks[self._pointer(parent)] = (line, column, end - column)
        if len(self._marks) > MAX_NODES:
            raise DocumentError(f"the document has more than {MAX_NODES:,} values", place=Place(self._file, line))

    @staticmethod
    def _pointer(parent: _Open) -> str:
        return f"{parent.pointer}/{escape(parent.key or '')}"
