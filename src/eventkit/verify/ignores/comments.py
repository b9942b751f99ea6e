"""Finds the comments in Python and YAML that silence findings. JSON has no comments: there, it is the configuration."""

from __future__ import annotations

import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import yaml

from eventkit.discovery.contract import Place
from eventkit.verify.ignores.ignore import MARK, Comment, Ignore, parse_comment
from eventkit.verify.source_lines import content_of

# The scanner of libyaml reads ten times as fast; PyYAML's own one gives the same tokens.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_YAML_COMMENT: Final = re.compile(r"(?:^|(?<=[ \t]))#[^\r\n]*", re.MULTILINE)
_SPACE: Final = frozenset(
    {tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.COMMENT, tokenize.ENDMARKER}
)


def comments_in(file: str) -> list[Ignore]:
    """Return the ignores in the comments of a file, from top to bottom; none where it cannot be read."""
    read = {".py": _in_python, ".yaml": _in_yaml, ".yml": _in_yaml}.get(Path(file).suffix)
    # One that is gone was read before, or is said to be unreadable by another finding.
    text = content_of(file) if read else None
    return read(text, file) if read and text and MARK.encode() in text else []


def _in_python(text: bytes, file: str) -> list[Ignore]:
    """Find them by tokens: a string that looks like a comment is none.

    A comment belongs to the statement in or after which it stands, or to the next one where it stands alone.
    """
    found: list[Ignore] = []
    waiting: list[tuple[Comment, Place]] = []
    inside: list[tuple[Comment, Place]] = []
    start = 0
    decorates = False
    try:
        for token in tokenize.tokenize(io.BytesIO(text).readline):
            if token.type == tokenize.COMMENT:
                comment = parse_comment(token.string)
                if comment:
                    line, column = token.start
                    placed = comment, Place(file, line, column + comment.column + 1, comment.width)
                    (inside if start else waiting).append(placed)
            elif token.type == tokenize.NEWLINE:
                # One that stands above a decorator is meant for what is decorated, too.
                found += (_ignore(comment, place, {start, place.line}) for comment, place in inside)
                found += (_ignore(comment, place, {start}) for comment, place in waiting if not decorates)
                waiting = waiting if decorates else []
                inside, start = [], 0
            elif token.type not in _SPACE and not start:
                start, decorates = token.start[0], token.string == "@"
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError):
        return []  # it was no Python, which is another finding
    found += (_ignore(comment, place, set()) for comment, place in waiting)
    return sorted(found, key=lambda ignore: ignore.place)


def _in_yaml(text: bytes, file: str) -> list[Ignore]:
    """Find them outside of scalars. One that stands alone in its line belongs to the next line that says something."""
    try:
        document = text.decode("utf-8-sig")
        scalars = [
            (token.start_mark.index, token.end_mark.index)
            for token in yaml.scan(document, Loader=_LOADER)
            if isinstance(token, yaml.ScalarToken)
        ]
    except (UnicodeDecodeError, yaml.YAMLError):
        return []  # it was no YAML, which is another finding
    starts = [start for start, _ in scalars]
    lines = document.splitlines()
    found = []
    for match in _YAML_COMMENT.finditer(document):
        before = bisect_right(starts, match.start()) - 1
        comment = parse_comment(match[0])
        if comment is None or (before >= 0 and match.start() < scalars[before][1]):
            continue
        line = document.count("\n", 0, match.start()) + 1
        column = match.start() - (document.rfind("\n", 0, match.start()) + 1)
        place = Place(file, line, column + comment.column + 1, comment.width)
        alone = not lines[line - 1][:column].strip()
        found.append(_ignore(comment, place, set(_next_line(lines, line)) if alone else {line}))
    return found


def _next_line(lines: list[str], line: int) -> Iterator[int]:
    for number, text in enumerate(lines[line:], start=line + 1):
        if text.strip() and not text.lstrip().startswith("#"):
            yield number
            return


def _ignore(comment: Comment, place: Place, lines: Iterable[int]) -> Ignore:
    return Ignore(comment.codes, comment.reason, place, frozenset(lines))
