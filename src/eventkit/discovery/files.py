"""Which files of a source can hold contracts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# What others wrote, what was built, and what only tests use.
_SKIPPED_FOLDERS: Final = frozenset({"__pycache__", "build", "dist", "node_modules", "site-packages", "test", "tests"})
_VIRTUALENV_MARK: Final = "pyvenv.cfg"


def files_of(source: Path) -> Iterator[Path]:
    """Yield the files of a source, sorted by folder and name: itself, or those in the folder and below.

    Left out are hidden folders, virtual environments, builds and tests; not the source itself, whatever it is called.
    """
    if source.is_file():
        yield source
    for parent, folders, files in os.walk(source):
        here = Path(parent)
        folders[:] = sorted(name for name in folders if not _is_skipped(here / name))
        yield from (here / name for name in sorted(files) if not _is_test_module(here / name))


def _is_skipped(folder: Path) -> bool:
    return folder.name in _SKIPPED_FOLDERS or folder.name.startswith(".") or (folder / _VIRTUALENV_MARK).exists()


def _is_test_module(file: Path) -> bool:
    return file.suffix == ".py" and (
        file.name == "conftest.py" or file.stem.startswith("test_") or file.stem.endswith("_test")
    )
