"""Where classes, their members and functions stand in source files."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import tokenize
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from eventkit.discovery.contract import Place
from eventkit.discovery.landscape import shown

_HEAD: Final = re.compile(r"(?:class|(?:async\s+)?def)\s+\w+")
_DEFINITIONS: Final = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class SourceFiles:
    """Finds places in source files, each of which is read once."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, Place]] = {}

    def of_function(self, function: Callable[..., Any]) -> Place | None:
        """Return where a function is defined, or None where that cannot be told."""
        function = inspect.unwrap(function)
        code = getattr(function, "__code__", None)
        return self._find(code.co_filename, function.__qualname__) if code else None

    def of_class(self, cls: type) -> Place | None:
        """Return where a class is defined, or None where that cannot be told."""
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        return self._find(file, cls.__qualname__) if file else None

    def of_member(self, cls: type, name: str) -> Place | None:
        """Return where an annotated name or a method of a class is defined, in the class itself or in a base."""
        for base in cls.__mro__:
            file = getattr(sys.modules.get(base.__module__), "__file__", None)
            place = self._find(file, f"{base.__qualname__}.{name}") if file else None
            if place:
                return place
        return None

    def _find(self, file: str, name: str) -> Place | None:
        if file not in self._places:
            self._places[file] = _places_in(file)
        return self._places[file].get(name)


def _places_in(file: str) -> dict[str, Place]:
    """Return the places by qualified name; none for code that did not come from a file."""
    try:
        with tokenize.open(file) as stream:
            text = stream.read()
        collector = _Collector(shown(Path(file)), text)
        collector.visit(ast.parse(text), "")
    except (OSError, SyntaxError, UnicodeDecodeError):
        return {}
    return collector.places


class _Collector:
    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = text.split("\n")  # as the parser does: splitlines() sees more line ends
        self.places: dict[str, Place] = {}

    def visit(self, parent: ast.AST, prefix: str) -> None:
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, _DEFINITIONS):
                name = prefix + node.name
                self.places[name] = self._place_of_head(node)
                self.visit(node, f"{name}." if isinstance(node, ast.ClassDef) else f"{name}.<locals>.")
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self.places[prefix + node.target.id] = self._place_of_field(node)
            elif isinstance(node, ast.stmt | ast.excepthandler):
                self.visit(node, prefix)

    def _place_of_head(self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Place:
        """Return the place of `class Name` or `async def name`."""
        start = self._column(node.lineno, node.col_offset)
        head = _HEAD.match(self._lines[node.lineno - 1], start)
        return Place(self._file, node.lineno, start + 1, head.end() - start if head else 0)

    def _place_of_field(self, node: ast.AnnAssign) -> Place:
        """Return the place of `name: type`, or of its first line."""
        start = self._column(node.lineno, node.col_offset)
        end = len(self._lines[node.lineno - 1].rstrip())
        if node.annotation.end_lineno == node.lineno:
            end = self._column(node.lineno, node.annotation.end_col_offset or end)
        return Place(self._file, node.lineno, start + 1, end - start)

    def _column(self, line: int, offset: int) -> int:
        """Turn the parser's offset, in bytes of UTF-8, into characters."""
        return len(self._lines[line - 1].encode()[:offset].decode())
