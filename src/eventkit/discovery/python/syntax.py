"""A Python module read as syntax: whether it makes a service, may declare publishers or handlers, what it imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DECORATORS: Final = frozenset({"publisher", "handler", "upcaster"})
_WORTH_PARSING: Final = re.compile(rb"\beventkit\b|\.(?:publisher|handler|upcaster)\b")
_CERTAIN: Final = re.compile(rb"\beventkit\b|^[ \t]*@[\w.]+\.(?:publisher|handler|upcaster)\b", re.MULTILINE)
_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class UnreadableModuleError(Exception):
    """A file that is no Python module.

    Args:
        reason: Why.
        line: Where, 1 for the first.
    """

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(frozen=True, slots=True)
class Import:
    """One module that an import statement names.

    Args:
        level: How many packages up it starts: 0 for an absolute import, 1 for `from . import x`.
        module: The dotted name; empty for `from . import x`.
        names: What is taken from it; any of them may be a module, too.
    """

    level: int
    module: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Module:
    """What the syntax of one module says.

    Args:
        path: The file.
        services: The names to which `Service(...)` is bound at the top of the module.
        hidden_services: The lines where `Service(...)` is called anywhere else.
        declares: It uses an attribute that is called like the decorators of a service: `@service.handler`, or
            `service.handler(function)`.
        imports: What it imports.
    """

    path: Path
    services: tuple[str, ...]
    hidden_services: tuple[int, ...]
    declares: bool
    imports: tuple[Import, ...]


def is_worth_parsing(text: bytes) -> bool:
    """Tell, from the text alone, whether a module can have to do with eventkit."""
    return _WORTH_PARSING.search(text) is not None


def is_meant_for_eventkit(text: bytes) -> bool:
    """Tell whether a module that cannot be parsed would be missed: other people's Python 2 would not."""
    return _CERTAIN.search(text) is not None


def read_module(path: Path, text: bytes) -> Module:
    """Read a module.

    Args:
        path: The file.
        text: What it holds.

    Raises:
        UnreadableModuleError: The text is no Python, or not in the encoding that it declares.
    """
    try:
        tree = ast.parse(text)
        return _module(path, tree)
    except SyntaxError as error:
        raise UnreadableModuleError(error.msg, error.lineno or 1) from None
    except ValueError as error:  # null bytes
        raise UnreadableModuleError(str(error)) from None
    except (RecursionError, MemoryError):
        raise UnreadableModuleError("nested too deeply for Python's parser") from None


def _module(path: Path, tree: ast.Module) -> Module:
    imports = tuple(_imports(tree))
    makers = set(_names_of_service(tree))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _dotted(node.func) in makers]
    services: dict[str, ast.expr | None] = {}
    for statement in _top_level(tree):
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value in calls:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            services.update((target.id, statement.value) for target in targets if isinstance(target, ast.Name))
    hidden = tuple(call.lineno for call in calls if call not in services.values())
    return Module(path, tuple(services), hidden, any(map(_is_decorator, ast.walk(tree))), imports)


def _imports(tree: ast.Module) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield Import(node.level, node.module or "", tuple(alias.name for alias in node.names))


def _names_of_service(tree: ast.Module) -> Iterator[str]:
    """Yield how the module calls `eventkit.Service`, as dotted names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "eventkit":
                    yield f"{alias.asname or alias.name}.Service"
        elif isinstance(node, ast.ImportFrom) and node.module in ("eventkit", "eventkit.contract.service"):
            for alias in node.names:
                if alias.name == "Service":
                    yield alias.asname or alias.name


def _top_level(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements that run when the module is imported, those inside of `if`, `try` and `with`, too."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _SCOPES):
            if isinstance(child, ast.stmt):
                yield child
            yield from _top_level(child)


def _is_decorator(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in _DECORATORS and isinstance(node.ctx, ast.Load)


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
