"""Runs a check again whenever a file of the sources changes, until Ctrl-C."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import typer
from watchfiles import watch

from eventkit.cli.failure import describe
from eventkit.contract.errors import EventkitError
from eventkit.discovery.config import OWN_FILE, PROJECT_FILE, Config, load_config
from eventkit.discovery.git import is_revision

_TICK: Final = 200
"""Milliseconds in which the watcher says that it is there."""
_CLEAR: Final = "\x1b[2J\x1b[3J\x1b[H"
_UNREADABLE: Final = 2


def run_again(run: Callable[[], int], sources: Sequence[Path] | None) -> int:
    """Run a check now and after each change, and return the status of the last run at Ctrl-C.

    An error of usage or configuration is told, and the next change tried again. Only a terminal is cleared.

    Args:
        run: The check; returns its exit status.
        sources: The sources that were named; without any, those of the configuration.
    """
    status = _UNREADABLE
    try:
        for _ in _changes(sources):
            if sys.stdout.isatty():
                typer.echo(_CLEAR, nl=False)
            try:
                status = run()
            except (EventkitError, OSError) as error:
                status = _UNREADABLE
                typer.echo(describe(error), err=True, nl=False)
            sys.stdout.flush()
            typer.echo("waiting for changes, Ctrl-C ends", err=True)
    except KeyboardInterrupt:
        pass
    return status


def _watched(sources: Sequence[Path] | None) -> set[Path]:
    """Return the folders in which changes count; of what does not exist yet, the nearest one around it."""
    try:
        config = load_config(Path.cwd())
    except EventkitError:  # told by the run; its file is in one of the folders upward
        config = Config()
    paths = [path for path in (*(sources or config.sources), *config.neighbours) if not is_revision(path)]
    watched = {next(each for each in (path, *path.parents) if each.is_dir()) for path in map(Path.absolute, paths)}
    return watched or {Path.cwd()}


def _changes(sources: Sequence[Path] | None) -> Iterator[None]:
    """Yield now, and whenever the content of a file has changed."""
    known: dict[str, str] = {}
    while True:
        folders = _watched(sources)
        configs = _Configs()
        with closing(watch(*folders, rust_timeout=_TICK, yield_on_timeout=True, raise_interrupt=True)) as ticks:
            next(ticks)  # tells that the watcher has started: what changes from then on is not missed
            yield
            for changes in ticks:
                # A report that is written into the folder, always the same, must not lead to the next one.
                digests = {path: _digest(Path(path)) for _, path in changes}
                if any(known.get(path) != digest for path, digest in digests.items()):
                    known |= digests
                    configs.have_changed()  # the same change is not told twice
                    if _watched(sources) != folders:
                        break  # the configuration names other sources, or one that was missing has come
                    yield
                elif configs.have_changed():
                    break


class _Configs:
    """The files that may hold the configuration, here or in a folder above.

    They are looked at, and their folders not watched: a whole home folder would be too much, and one file alone is lost
    by a watcher when an editor puts another one in its place.
    """

    def __init__(self) -> None:
        folders = (Path.cwd(), *Path.cwd().parents)
        self._files = [folder / name for folder in folders for name in (OWN_FILE, PROJECT_FILE)]
        self._stamps = self._stamped()
        self._digests = list(map(_digest, self._files))

    def have_changed(self) -> bool:
        """Tell whether the content of one is another than at the last call, or whether one has come or is gone."""
        stamps = self._stamped()
        if stamps == self._stamps:
            return False
        digests = list(map(_digest, self._files))
        changed = digests != self._digests
        self._stamps, self._digests = stamps, digests
        return changed

    def _stamped(self) -> list[tuple[int, int, int] | None]:
        return list(map(_stamp, self._files))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _digest(file: Path) -> str:
    try:
        return hashlib.blake2b(file.read_bytes()).hexdigest()
    except OSError:
        return "not readable"
