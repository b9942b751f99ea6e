"""Adds what is new to code that somebody edited, where that changes nothing that they wrote.

Code is seen as a list of parts: its imports and the statements of its modules and classes. A part that is new is added
behind the one that it follows in the new code. A part that is to be changed is changed only where nobody edited it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from eventkit.scaffold.imports import import_from

_DOCSTRING: Final = "its docstring"


class _CannotMergeError(Exception):
    """What is new changes something that was edited, or what was edited is no code that can be added to."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A statement with the lines that it takes, counted from 0, without the last.

    Args:
        node: The statement.
        lead: Where the blank lines and comments before it begin.
        start: Its first line.
        end: Behind its last line, and behind the comments in its block.
    """

    node: ast.stmt
    lead: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Edit:
    """Lines to be put in the place of others.

    Args:
        start: The first line that goes.
        end: Behind the last line that goes.
        lines: What comes.
    """

    start: int
    end: int
    lines: Sequence[str]


def merge(before: str, edited: str, after: str) -> str | None:
    """Add to edited code what is new.

    Args:
        before: The code as it was before somebody edited it.
        edited: The code as it is.
        after: The code as it would have to be, had nobody edited it.

    Returns:
        The edited code with all that is in `after` and not in `before`; None where that would change what was edited.
    """
    try:
        merged = _Merge(before, edited, after).result()
        compile(merged, "<merged>", "exec", dont_inherit=True)
    except (_CannotMergeError, SyntaxError, ValueError):  # ValueError: a null byte, which is no source code
        return None
    return merged


class _Merge:
    """One merge of three texts.

    Args:
        before: As for `merge`.
        edited: As for `merge`.
        after: As for `merge`.
    """

    def __init__(self, before: str, edited: str, after: str) -> None:
        # Not `splitlines`, which also parts lines where Python does not.
        self._before, self._edited, self._after = before.split("\n"), edited.split("\n"), after.split("\n")
        self._trees = ast.parse(before), ast.parse(edited), ast.parse(after)

    def result(self) -> str:
        before, edited, after = self._trees
        edits = self._edits(
            _parts(before, self._before), _parts(edited, self._edited), _parts(after, self._after), at=0
        )
        lines: list[str] = []
        position = 0
        for edit in sorted(edits, key=lambda each: each.start):  # stable: what is added in one place keeps its order
            lines += [*self._edited[position : edit.start], *edit.lines]
            position = edit.end
        return "\n".join([*lines, *self._edited[position:]])

    def _edits(
        self, before: Mapping[str, _Part], edited: Mapping[str, _Part], after: Mapping[str, _Part], *, at: int
    ) -> Iterator[_Edit]:
        """Yield what has to be done in one block; what is new at its beginning is added at line `at`."""
        if any(key not in after and not isinstance(part.node, ast.ImportFrom) for key, part in before.items()):
            raise _CannotMergeError
        for key, new in after.items():
            old, mine = before.get(key), edited.get(key)
            at = mine.end if mine else at
            if isinstance(new.node, ast.ImportFrom):
                yield from self._import(new, new.node, old, mine, at)
            elif old is None:
                if mine is None:
                    yield _Edit(at, at, self._after[new.lead : new.end])
                elif _text(mine, self._edited) != _text(new, self._after):
                    raise _CannotMergeError  # somebody wrote something else with this name
            elif _text(old, self._before) != _text(new, self._after):
                yield from self._changed(key, old, mine, new)

    def _import(
        self, new: _Part, node: ast.ImportFrom, old: _Part | None, mine: _Part | None, at: int
    ) -> Iterator[_Edit]:
        present = _names(mine)
        missing = [name for name in _names(new) if name not in {*_names(old), *present}]
        if not missing:
            return
        module = f"{'.' * node.level}{node.module or ''}"
        if mine is not None and "#" not in _text(mine, self._edited):
            yield _Edit(mine.start, mine.end, import_from(module, [*present, *missing]).split("\n"))
        else:
            lead = [] if mine else self._after[new.lead : new.start]
            yield _Edit(at, at, [*lead, *import_from(module, missing).split("\n")])

    def _changed(self, key: str, old: _Part, mine: _Part | None, new: _Part) -> Iterator[_Edit]:
        """Yield what makes of a part what it has to be now."""
        current = _text(mine, self._edited) if mine else None
        if current == _text(new, self._after):
            return
        if mine and current == _text(old, self._before):
            yield _Edit(mine.start, mine.end, self._after[new.start : new.end])
        elif key == _DOCSTRING:
            return  # the words are theirs now
        elif (
            mine
            and isinstance(old.node, ast.ClassDef)
            and isinstance(mine.node, ast.ClassDef)
            and isinstance(new.node, ast.ClassDef)
            and self._before[old.start : _body(old.node)] == self._after[new.start : _body(new.node)]
            and _body(mine.node) > mine.node.lineno - 1
        ):
            yield from self._edits(
                _parts(old.node, self._before, old.end),
                _parts(mine.node, self._edited, mine.end),
                _parts(new.node, self._after, new.end),
                at=_body(mine.node),
            )
        else:
            raise _CannotMergeError


def _parts(block: ast.Module | ast.ClassDef, lines: Sequence[str], end: int | None = None) -> dict[str, _Part]:
    """Return the statements of a module or class by what they define; `end` is the end of a class."""
    parts: dict[str, _Part] = {}
    indent = block.col_offset + 1 if isinstance(block, ast.ClassDef) else 0
    limit = len(lines) if end is None else end
    position = _body(block) if isinstance(block, ast.ClassDef) else 0
    for index, node in enumerate(block.body):
        start = _first_line(node)
        stop = _end(node, lines, limit, indent if index == len(block.body) - 1 else node.col_offset + 1)
        if start < position:
            raise _CannotMergeError  # several statements in one line
        parts[_key(node, index)] = _Part(node, position, start, stop)
        position = stop
    return parts


def _end(node: ast.stmt, lines: Sequence[str], limit: int, indent: int) -> int:
    """Return the line behind a statement and behind the comments that follow it with this indent or more."""
    end = position = node.end_lineno or node.lineno
    while position < limit:
        line = lines[position]
        if line.strip() and not (line.lstrip().startswith("#") and len(line) - len(line.lstrip()) >= indent):
            break
        position += 1
        end = position if line.strip() else end
    return end


def _key(node: ast.stmt, index: int) -> str:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.ImportFrom(module=module, level=level):
            return f"from {'.' * level}{module or ''}"
        case ast.Expr(value=ast.Constant(value=str())) if index == 0:
            return _DOCSTRING
    return ast.unparse(node)


def _names(part: _Part | None) -> list[str]:
    if part is None or not isinstance(part.node, ast.ImportFrom):
        return []
    return [f"{each.name} as {each.asname}" if each.asname else each.name for each in part.node.names]


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) else []
    return min([node.lineno, *(each.lineno for each in decorators)]) - 1


def _body(node: ast.ClassDef) -> int:
    """Return the line behind the head of a class."""
    return _first_line(node.body[0])


def _text(part: _Part, lines: Sequence[str]) -> str:
    return "\n".join(lines[part.start : part.end])
