"""Files that a command keeps up to date, in a folder that holds others, too.

Each file bears a mark. That is how one that is no longer needed is told from one that somebody else put there, which
is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eventkit.contract.errors import ConfigurationError

_HEAD: Final = 10_000
"""The mark stands among so many bytes at the start of a file."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What writing the files changes.

    Args:
        missing: Files that are not there yet.
        stale: Files whose text is another one.
        left_over: Files that were written once, and would not be written now.
        strays: Files that stand where only written ones belong, and that somebody else put there. They are left.
    """

    missing: tuple[Path, ...]
    stale: tuple[Path, ...]
    left_over: tuple[Path, ...]
    strays: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.stale or self.left_over or self.strays)


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one command in one folder.

    Args:
        folder: The folder.
        texts: The text of each file, by its path in the folder.
        patterns: Which files in the folder can be left over, as glob patterns.
        mark_of: Returns the mark in the text of a file; None where the command did not write it.
        is_left_over: Whether a file with this mark goes away when it has no text.
        command: The command, for messages.
        is_stray: Whether a file without a mark does not belong there.
        kept: Absolute paths of files that are neither left over nor strays.
    """

    folder: Path
    texts: dict[str, str]
    patterns: Iterable[str]
    mark_of: Callable[[str], str | None]
    is_left_over: Callable[[str], bool]
    command: str
    is_stray: Callable[[Path], bool] = lambda path: False
    kept: Collection[Path] = ()

    def changes(self) -> Changes:
        """Return what is to be done so that the folder holds the texts.

        Raises:
            ConfigurationError: A file stands in the way that the command did not write.
        """
        paths = {self.folder / name: text for name, text in self.texts.items()}
        missing = tuple(path for path in paths if not path.exists())
        stale = tuple(path for path in paths if path.exists() and path.read_bytes() != paths[path].encode())
        for path in stale:
            if self._mark(path) is None:
                raise ConfigurationError(
                    f"{path} was not written by `{self.command}`, and stands where it would write",
                    mend="move it, or choose another folder with --output",
                )
        found = sorted(path for pattern in self.patterns for path in self.folder.glob(pattern))
        marks = {path: self._mark(path) for path in found if path not in paths and path.resolve() not in self.kept}
        left_over = tuple(path for path, mark in marks.items() if mark is not None and self.is_left_over(mark))
        strays = tuple(path for path, mark in marks.items() if mark is None and self.is_stray(path))
        return Changes(missing, stale, left_over, strays)

    def write(self) -> Changes:
        """Make the folder hold the texts, and return what that changed.

        Raises:
            ConfigurationError: A file stands in the way that the command did not write; nothing was written.
        """
        changes = self.changes()
        for path in (*changes.missing, *changes.stale):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.texts[path.relative_to(self.folder).as_posix()].encode())
        for path in changes.left_over:
            path.unlink()
        return changes

    def _mark(self, path: Path) -> str | None:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return self.mark_of(file.read(_HEAD).decode("utf-8", "replace"))
