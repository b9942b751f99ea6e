"""Which modules make up a service, from which folder they are imported, and under which names.

A service's modules are those that bind a `Service` to a name, and those that decorate publishers, handlers or upcasters
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
        top = next(iter(self.modules)).partition(".")[0]
        return self.root / top if (self.root / top).is_dir() else self.root


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
        if module.services or (module.decorates and graph.reaches_service(path)):
            root = roots[path]
            parts = path.relative_to(root).with_suffix("").parts
            # Modules that lie in the root itself see each other, so they are one package.
            top = parts[0] if len(parts) > 1 else ""
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[root, top][name] = module.services
    return [Package(root, names) for (root, _), names in sorted(found.items())]


def _roots(modules: Iterable[Module]) -> dict[Path, Path]:
    own = {module.path: _root(module) for module in modules}
    # What one module tells of its root holds for all that lie in the same top folder.
    tops = {root / path.relative_to(root).parts[0] for path, root in own.items()}
    return {
        path: min((folder.parent for folder in path.parents if folder in tops), key=_depth, default=root)
        for path, root in own.items()
    }


def _root(module: Module) -> Path:
    chain = module.path.parent
    while (chain / "__init__.py").exists():
        chain = chain.parent
    return min((chain, *(_implied_roots(module))), key=_depth)


def _implied_roots(module: Module) -> Iterator[Path]:
    for statement in module.imports:
        if statement.level:
            yield _start(module.path, statement).parent
        else:
            first = statement.module.partition(".")[0]
            for folder in module.path.parents:
                if folder.name == first and any(_targets(folder.parent, statement)):
                    yield folder.parent


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

    def reaches_service(self, path: Path) -> bool:
        """Tell whether a module that binds a service is imported by `path`, directly or through others."""
        root = self._roots[path]
        seen, unvisited = {path}, [path]
        while unvisited:
            module = self._read(unvisited.pop())
            if module is None:
                continue
            if module.services:
                return True
            for statement in module.imports:
                start = _start(module.path, statement) if statement.level else root
                for target in _targets(start, statement):
                    if target not in seen:
                        seen.add(target)
                        unvisited.append(target)
        return False

    def _read(self, path: Path) -> Module | None:
        if path not in self._modules:
            try:
                self._modules[path] = read_module(path, path.read_bytes())
            except (OSError, UnreadableModuleError):
                self._modules[path] = None  # importing it will tell what is wrong with it
        return self._modules[path]
