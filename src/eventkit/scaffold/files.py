"""Writes the files of a scaffold, and leaves alone those that people have edited since.

A small file in the service's folder remembers what was asked for and what was written. So a second run can tell a file
that nobody touched, which it may write anew, from one that somebody edited, to which it only adds, and only where that
changes nothing that they wrote. Where it cannot add to one file of code, it leaves all of them as they are: they import
each other, and a part of what is new would not run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from eventkit.contract.errors import ConfigurationError
from eventkit.scaffold.merge import merge
from eventkit.scaffold.plan import Reader

RECORD: Final = ".eventkit-scaffold.json"


class State(StrEnum):
    """What becomes of one file."""

    CREATE = "create"  # it is not there
    IDENTICAL = "identical"  # it is as it should be
    UPDATE = "update"  # it is as it was written, and there is something new
    EXTEND = "extend"  # it was edited, and what is new can be added to it
    KEPT = "kept"  # it was edited, and there is nothing new
    CONFLICT = "conflict"  # it was edited or is not ours, and there is something new that cannot be added
    HELD = "held"  # there is something new, which needs what a conflict keeps from being added


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one file.

    Args:
        path: The file, in the service's folder.
        state: What becomes of it.
        content: What it should hold.
        addition: What has to be added by hand, as a unified diff; empty where nothing has.
    """

    path: str
    state: State
    content: str
    addition: str = ""


class Record(BaseModel):
    """What is remembered in a service's folder.

    Args:
        publishes: The events that it publishes, as they were asked for.
        readers: The reader models, as they were written: what publishers send by now does not matter.
        clients: The services that it asks.
        files: The SHA-256 of each file as it was written, by its path.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    publishes: tuple[str, ...] = ()
    readers: tuple[Reader, ...] = ()
    clients: tuple[str, ...] = ()
    files: dict[str, str] = {}


def read_record(folder: Path) -> Record:
    """Return what is remembered in a folder; an empty record where the folder is empty or is not there.

    Raises:
        ConfigurationError: The folder is something else, or what it remembers cannot be read.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ConfigurationError("a service needs a folder of its own", where=str(folder), mend="choose another name")
    file = folder / RECORD
    if not file.exists():
        if folder.is_dir() and any(folder.iterdir()):
            raise ConfigurationError(
                f"the folder is there, and was not made by `eventkit scaffold`: it has no {RECORD}",
                where=str(folder),
                mend="choose another name, or another place with --dir",
            )
        return Record()
    try:
        return Record.model_validate_json(file.read_bytes())
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise ConfigurationError(
            f"it is not as `eventkit scaffold` wrote it: {problem['msg']}",
            where=str(file),
            mend="restore it from version control",
        ) from None


def compare(
    folder: Path, written: Mapping[str, str], before: Mapping[str, str], after: Mapping[str, str]
) -> list[Change]:
    """Tell what becomes of each file.

    Args:
        folder: The service's folder.
        written: The hashes of its files as they were written.
        before: The files of what was asked for until now.
        after: The files of what is asked for now.
    """
    changes = [_change(folder, path, written.get(path), before.get(path, ""), after[path]) for path in after]
    if any(change.state is State.CONFLICT and _is_code(change.path) for change in changes):
        return [_held(change, before.get(change.path, ""), after[change.path]) for change in changes]
    return changes


def write(folder: Path, changes: Sequence[Change], record: Record) -> None:
    """Write what is new, and what is to be remembered.

    Args:
        folder: The service's folder.
        changes: What `compare` told.
        record: What was asked for. The hashes in it are those of earlier runs.
    """
    ours = {change.path: _hash(change.content) for change in changes if change.state in _OURS}
    # What is held back is added by hand, as to a file that was edited.
    held = {change.path for change in changes if change.state is State.HELD}
    files = {path: sha for path, sha in sorted({**record.files, **ours}.items()) if path not in held}
    # A run that was interrupted can be run again: what is added once is not added twice, and what is remembered is
    # written where it is missing.
    _write_all(folder, changes, State.EXTEND)
    _write(folder / RECORD, record.model_copy(update={"files": files}).model_dump_json(indent=2) + "\n")
    _write_all(folder, changes, State.CREATE, State.UPDATE)


_OURS: Final = frozenset({State.CREATE, State.IDENTICAL, State.UPDATE})


def _change(folder: Path, path: str, written: str | None, before: str, after: str) -> Change:
    file = folder / path
    if not os.path.lexists(file) and _is_inside(file, folder):
        return Change(path, State.CREATE, after)
    current = _read(file) if _is_inside(file, folder) else None
    if current == after:
        return Change(path, State.IDENTICAL, after)
    if current is not None and _hash(current) == written:
        return Change(path, State.UPDATE, after)
    if before == after:
        return Change(path, State.KEPT, after)
    merged = merge(before, current, after) if _is_code(path) and before and current is not None else None
    if merged is not None:
        return Change(path, State.KEPT if merged == current else State.EXTEND, merged)
    return Change(path, State.CONFLICT, after, _diff(path, before, after))


def _held(change: Change, before: str, after: str) -> Change:
    """Return the change of a file that goes with one in conflict."""
    if change.state not in (State.CREATE, State.UPDATE, State.EXTEND) or not _is_code(change.path) or before == after:
        return change
    there = "" if change.state is State.CREATE else before
    return replace(change, state=State.HELD, addition=_diff(change.path, there, after))


def _is_code(path: str) -> bool:
    return path.endswith(".py")


def _diff(path: str, before: str, after: str) -> str:
    return "".join(unified_diff(before.splitlines(True), after.splitlines(True), path, path, n=2))


def _is_inside(file: Path, folder: Path) -> bool:
    """Tell whether the file really is in the folder: a link may lead out of it."""
    return file.resolve().is_relative_to(folder.resolve())


def _read(file: Path) -> str | None:
    """Return the text of a file, with plain line ends; None where it is no file of text."""
    try:
        return file.read_text("utf-8")
    except (IsADirectoryError, UnicodeDecodeError):
        return None


def _write_all(folder: Path, changes: Sequence[Change], *states: State) -> None:
    for change in changes:
        if change.state in states:
            _write(folder / change.path, change.content)


def _write(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Not in place: a file that is half written would look edited ever after.
    scratch = file.with_name(f".{file.name}.new")
    scratch.write_text(content, "utf-8", newline=_line_end(file))
    scratch.replace(file)


def _line_end(file: Path) -> str:
    """Return how the lines of a file end: an edited one keeps what its editor made of them."""
    return "\r\n" if file.exists() and b"\r\n" in file.read_bytes() else "\n"


def _hash(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
