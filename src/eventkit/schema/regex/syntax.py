"""The syntax of ECMA-262 regular expressions (with the `u` flag), read into a tree.

Source: ECMA-262, section 22.2.1. Captures are groups like any other; lazy quantifiers match the same language. Where
all engines of validators agree against ECMA-262, they are followed: a dot matches all but a line feed.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, NoReturn

from eventkit.schema.budget import Undecided
from eventkit.schema.regex import charsets
from eventkit.schema.regex.charsets import Ranges

_MOST_NESTED = 60


class Chars(NamedTuple):
    """One character of a set."""

    ranges: Ranges


class Sequence(NamedTuple):
    """One after the other."""

    parts: tuple[Tree, ...]


class Choice(NamedTuple):
    """Any one of these."""

    options: tuple[Tree, ...]


class Repeat(NamedTuple):
    """The body, so many times; without end where `most` is None."""

    body: Tree
    least: int
    most: int | None


class Look(NamedTuple):
    """What comes next matches (or, where `negative`, does not match) the body."""

    body: Tree
    negative: bool


class Anchor(NamedTuple):
    """A position: the start, the end, a word boundary or none."""

    kind: Literal["start", "end", "boundary", "inside"]


Tree = Chars | Sequence | Choice | Repeat | Look | Anchor


class NotAPattern(ValueError):
    """The text is no regular expression."""


_CLASSES: dict[str, Ranges] = {"d": charsets.DIGITS, "w": charsets.WORD, "s": charsets.SPACE}
_CLASSES |= {name.upper(): charsets.complement(ranges) for name, ranges in list(_CLASSES.items())}
_CONTROLS = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D}
_SYNTAX = frozenset("^$\\.*+?()[]{}|/-")
_DOT = charsets.complement(charsets.LINE_END)


def parse(pattern: str) -> Tree:
    """Return the tree of a pattern.

    Raises:
        NotAPattern: the pattern is not well formed.
        Undecided: it uses what is not regular or not supported: references to captures, look-behind, flags.
    """
    parser = _Parser(pattern)
    tree = parser.choice()
    if not parser.at_end():
        parser.fail("an unmatched )")
    return tree


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def fail(self, what: str) -> NoReturn:
        raise NotAPattern(f"{self._pattern!r} is not a regular expression: {what} at {self._at}")

    def _unsupported(self, what: str) -> NoReturn:
        raise Undecided(f"the pattern {self._pattern!r} is not decided: it has {what}")

    def at_end(self) -> bool:
        return self._at >= len(self._pattern)

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self, text: str) -> bool:
        if self._pattern.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _next(self) -> str:
        if self.at_end():
            self.fail("an unexpected end")
        self._at += 1
        return self._pattern[self._at - 1]

    def choice(self) -> Tree:
        self._depth += 1
        if self._depth > _MOST_NESTED:
            self._unsupported("groups that are nested too deeply")
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        self._depth -= 1
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Tree:
        parts: list[Tree] = []
        while not self.at_end() and self._peek() not in "|)":
            parts.append(self._quantified(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _quantified(self, atom: Tree) -> Tree:
        least, most = 0, None
        if self._take("*"):
            pass
        elif self._take("+"):
            least = 1
        elif self._take("?"):
            most = 1
        elif self._peek() == "{":
            self._at += 1
            least = self._number()
            most = least
            if self._take(","):
                most = None if self._peek() == "}" else self._number()
            if not self._take("}"):
                self.fail("an unclosed quantifier")
            if most is not None and most < least:
                self.fail("a quantifier that is out of order")
        else:
            return atom
        self._take("?")
        if isinstance(atom, Anchor):
            self.fail("a quantifier of a position")
        if self._peek() and self._peek() in "*+?{":
            self.fail("nothing to repeat")
        return Repeat(atom, least, most)

    def _number(self) -> int:
        start = self._at
        while self._peek() in set("0123456789"):
            self._at += 1
        digits = self._pattern[start : self._at]
        if not digits:
            self.fail("a quantifier without a number")
        if len(digits) > 9:
            self._unsupported("an enormous quantifier")
        return int(digits)

    def _atom(self) -> Tree:
        char = self._next()
        if char == "^":
            return Anchor("start")
        if char == "$":
            return Anchor("end")
        if char == ".":
            return Chars(_DOT)
        if char == "(":
            return self._group()
        if char == "[":
            return Chars(self._class())
        if char == "\\":
            return self._escape()
        if char in "*+?{":
            self.fail("nothing to repeat")
        return Chars(((ord(char), ord(char)),))

    def _group(self) -> Tree:
        look = None
        if self._take("?="):
            look = False
        elif self._take("?!"):
            look = True
        elif self._pattern.startswith(("?<=", "?<!"), self._at):
            self._unsupported("look-behind")
        elif self._take("?<"):
            end = self._pattern.find(">", self._at)
            if not self._pattern[self._at : end].isidentifier():
                self.fail("a group without a name")
            self._at = end + 1
        elif not self._take("?:") and self._peek() == "?":
            self._unsupported("flags or a kind of group that ECMA-262 has not")
        body = self.choice()
        if not self._take(")"):
            self.fail("an unclosed group")
        if look is not None:
            return Look(body, look)
        return Sequence((body,)) if isinstance(body, Anchor) else body

    def _escape(self) -> Tree:
        char = self._peek()
        if char in ("b", "B"):
            self._at += 1
            return Anchor("boundary" if char == "b" else "inside")
        if char and char in "123456789k":
            self._unsupported("references to captures")
        return Chars(self._character_escape())

    def _character_escape(self) -> Ranges:
        """Return the characters of an escape, its backslash taken already."""
        char = self._next()
        if char in _CLASSES:
            return _CLASSES[char]
        if char in ("p", "P"):
            return self._property(negative=char == "P")
        if char in _CONTROLS:
            code = _CONTROLS[char]
        elif char == "0" and not self._peek().isdecimal():
            code = 0
        elif char == "c" and self._peek().isascii() and self._peek().isalpha():
            code = ord(self._next()) % 32
        elif char == "x":
            code = self._hex(2)
        elif char == "u":
            code = self._unicode()
        elif char in _SYNTAX or not char.isascii() or not char.isalnum():
            code = ord(char)
        else:
            self.fail(f"an escape \\{char} that ECMA-262 has not")
        return ((code, code),)

    def _property(self, *, negative: bool) -> Ranges:
        end = self._pattern.find("}", self._at)
        if not self._take("{") or end < 0:
            self.fail("a property without a name")
        name = self._pattern[self._at : end]
        self._at = end + 1
        ranges = charsets.category(name)
        if ranges is None:
            self._unsupported(f"the property {name}")
        return charsets.complement(ranges) if negative else ranges

    def _hex(self, digits: int) -> int:
        text = self._pattern[self._at : self._at + digits]
        if len(text) < digits or not all(digit in "0123456789abcdefABCDEF" for digit in text):
            self.fail("a character without its number")
        self._at += digits
        return int(text, 16)

    def _unicode(self) -> int:
        if self._take("{"):
            end = self._pattern.find("}", self._at)
            code = self._hex(max(end - self._at, 1))
            self._at += 1
            if code > charsets.LAST:
                self.fail("a character beyond Unicode")
            return code
        code = self._hex(4)
        if 0xD800 <= code < 0xDC00 and self._pattern.startswith("\\u", self._at):
            mark = self._at
            self._at += 2
            low = self._hex(4)
            if 0xDC00 <= low < 0xE000:
                return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
            self._at = mark
        return code

    def _class(self) -> Ranges:
        negative = self._take("^")
        ranges: list[tuple[int, int]] = []
        while not self._take("]"):
            low = self._class_atom()
            if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._class_atom()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
                    self.fail("a range whose ends are not characters")
                if low[0][0] > high[0][0]:
                    self.fail("a range that is out of order")
                ranges.append((low[0][0], high[0][0]))
            else:
                ranges.extend(low)
        united = charsets.union(ranges)
        return charsets.complement(united) if negative else united

    def _class_atom(self) -> Ranges:
        char = self._next()
        if char != "\\":
            return ((ord(char), ord(char)),)
        if self._take("b"):
            return ((8, 8),)
        return self._character_escape()
