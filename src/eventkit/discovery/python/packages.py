"""Which modules make up a service, from which folder they are imported, and under which names.

A service's modules are those that bind a `Service` to a name, and those that declare publishers, handlers or upcasters
and import such a module, directly or through others. Only they are imported: an app that opens connections is not.

A module's *root* is the folder that has to be on `sys.path`. It is the one above the topmost folder with an
`__init__.py`, unless the module's own imports tell that it lies higher: `from order_service.models import Order` in
`order_service/events/handlers.py`, where `order_service` has no `__init__.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from eventkit.discovery.python.syntax import Import, Module, UnreadableModuleError, read_module


@dataclass(frozen=True, slots=True)
class Package:
    """Modules that are imported together, in one process.

    Args:
        root: The folder that is put on `sys.path`.
        modules: Dotted names of the modules, each with the names that it binds to a service.
    """

    root: Path
    modules: Mapping[str, tuple[str, ...]]

    @property
    def folder(self) -> Path:
        """The folder in which all of the package lies."""
        tops = {name.partition(".")[0] for name in self.modules}
        folder = self.root / tops.pop()
        return folder if not tops and folder.is_dir() else self.root


def find_packages(modules: Iterable[Module]) -> list[Package]:
    """Return the packages with services among `modules`, sorted by their folders.

    Args:
        modules: Every module that `syntax.is_worth_parsing`.
    """
    by_path = {module.path: module for module in modules}
    roots = _roots(by_path.values())
    graph = _Graph(by_path, roots)
    found: defaultdict[tuple[Path, str], dict[str, tuple[str, ...]]] = defaultdict(dict)
    for path, module in sorted(by_path.items()):
        home = graph.service_of(module)
        if home is not None:
            root = roots.get(home.path, roots[path])
            package = found[root, _top(home.path, root).name]
            package[_name(home.path, root)] = home.services
            package[_name(path, root if path.is_relative_to(root) else roots[path])] = module.services
    return [Package(root, names) for (root, _), names in sorted(found.items())]


def _name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _roots(modules: Iterable[Module]) -> dict[Path, Path]:
    own: dict[Path, Path] = {}
    told: dict[Path, Path] = {}
    for module in modules:
        own[module.path] = _own_root(module)
        root = _told_root(module)
        if root is not None:
            told[module.path] = root
    told_tops = {_top(path, root) for path, root in told.items()}
    own_tops = {_top(path, root) for path, root in own.items()}
    roots = {}
    for path, root in own.items():
        # What one module tells holds for those in the same top folder that tell nothing; the nearest folder counts.
        near = (top.parent for top in path.parents if top in told_tops and root.is_relative_to(top.parent))
        highest = min((top.parent for top in path.parents if top in own_tops), key=_depth, default=root)
        roots[path] = told.get(path) or next(near, highest)
    return roots


def _top(path: Path, root: Path) -> Path:
    return root / path.relative_to(root).parts[0]


def _own_root(module: Module) -> Path:
    """Return the root that the module's folders and relative imports need; it may lie higher."""
    root = module.path.parent
    while (root / "__init__.py").exists():
        root = root.parent
    relative = (_start(module.path, statement).parent for statement in module.imports if statement.level)
    return min((root, *relative), key=_depth)


def _told_root(module: Module) -> Path | None:
    """Return the root from which the module's absolute imports lead into its own top folder; None without such."""
    roots = (
        folder.parent
        for statement in module.imports
        if not statement.level
        for folder in module.path.parents
        if folder.name == statement.module.partition(".")[0] and any(_targets(folder.parent, statement))
    )
    return min(roots, key=_depth, default=None)


def _start(importer: Path, statement: Import) -> Path:
    """Return the folder from which a relative import starts."""
    return importer.parents[min(statement.level, len(importer.parents)) - 1]


def _targets(start: Path, statement: Import) -> Iterator[Path]:
    """Yield the files below `start` that an import statement names."""
    for dotted in (statement.module, *(f"{statement.module}.{name}".lstrip(".") for name in statement.names)):
        base = start.joinpath(*dotted.split("."))
        candidates = (base / "__init__.py", base.with_suffix(".py")) if dotted else (base / "__init__.py",)
        yield from (file for file in candidates if file.is_file())


def _depth(folder: Path) -> int:
    return len(folder.parts)


class _Graph:
    """Who imports whom. Files that were not among the modules are read when they are reached."""

    def __init__(self, modules: dict[Path, Module], roots: Mapping[Path, Path]) -> None:
        self._modules: dict[Path, Module | None] = dict(modules)
        self._roots = roots

    def service_of(self, module: Module) -> Module | None:
        """Return the module that binds the service to which a module belongs; None where it belongs to none.

        That is the module itself, or, where it declares something, one that it imports, directly or through others.
        """
        root = self._roots[module.path]
        seen, unvisited = {module.path}, [module.path]
        while unvisited and (module.services or module.declares):
            reached = self._read(unvisited.pop())
            if reached is None:
                continue
            if reached.services:
                return reached
            for statement in reached.imports:
                start = _start(reached.path, statement) if statement.level else root
                for target in _targets(start, statement):
                    if target not in seen:
                        seen.add(target)
                        unvisited.append(target)
        return None

    def _read(self, path: Path) -> Module | None:
        if path not in self._modules:
            try:
                self._modules[path] = read_module(path, path.read_bytes())
            except (OSError, UnreadableModuleError):
                self._modules[path] = None  # importing it will tell what is wrong with it
        return self._modules[path]
