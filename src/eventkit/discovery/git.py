"""Git revisions as sources: `git:REV`, or `git:REV:PATH` for a part of one.

The files of a revision are written into a temporary folder, all of them, because a service below PATH may import what
stands elsewhere. Neither the work tree nor the index is touched, no filter runs and no hook. What was found in the
folder is then told under its name in the revision, and quoted from there: the folder is gone by then.

The repository is the one in which the command runs. As in git, PATH starts at the top of the repository, and with `./`
at the working folder.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.landscape import shown

_SCHEME: Final = "git:"
_LINK, _SUBMODULE = b"120000", b"160000"


class Checkout(NamedTuple):
    """The files of a revision, in a temporary folder.

    Args:
        name: The revision, as `git:main`.
        folder: The folder.
        work_tree: The work tree of the repository; None where it has none.
        elsewhere: Paths in the repository that the folder does not hold, each with the reason.
    """

    name: str
    folder: Path
    work_tree: Path | None
    elsewhere: tuple[tuple[str, str], ...]

    def __hash__(self) -> int:
        return hash(self.folder)


def is_revision(source: Path | str) -> bool:
    """Tell whether a source is a git revision."""
    return str(source).startswith(_SCHEME)


@dataclass(slots=True)
class Revisions:
    """The revisions that are read together, each written once; a context manager that removes them in the end."""

    checkouts: dict[str, Checkout] = field(default_factory=dict)
    _folders: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Revisions:
        return self

    def __exit__(self, *error: object) -> None:
        self._folders.close()

    def find(self, source: Path | str) -> tuple[Checkout, Path]:
        """Return the revision of a source, and where its files are; there may be nothing.

        Raises:
            ConfigurationError: There is no git, no repository or no such revision, or it cannot be written.
        """
        revision, path = _parts(str(source))
        if revision not in self.checkouts:
            folder = self._folders.enter_context(TemporaryDirectory(prefix="eventkit-", ignore_cleanup_errors=True))
            self.checkouts[revision] = _check_out(revision, Path(folder).resolve())
        checkout = self.checkouts[revision]
        return checkout, checkout.folder / path

    def renamed(self, text: str) -> str:
        """Return a text in which the temporary folders have the names of their revisions."""
        for checkout in self.checkouts.values():
            for folder in (shown(checkout.folder), str(checkout.folder)):
                text = text.replace(f"{folder}/", f"{checkout.name}:").replace(folder, checkout.name)
        return text


@lru_cache(maxsize=64)
def content_of(file: str) -> bytes | None:
    """Return the content of a file of a revision, named as `git:REV:PATH`; None where there is no such file."""
    revision, _, path = file.removeprefix(_SCHEME).partition(":")
    try:
        return _git("cat-file", "blob", f"{_tree(revision)}:{path}")
    except ConfigurationError:
        return None


def _parts(source: str) -> tuple[str, str]:
    """Return the revision and the path in it, from the top of the repository."""
    revision, _, path = source.removeprefix(_SCHEME).partition(":")
    if not revision or revision.startswith("-"):
        raise ConfigurationError(f"{source} names no revision", mend="name one, as git:main or git:HEAD~1:services")
    if path == "." or path.startswith("./"):
        path = posixpath.join(os.fsdecode(_git("rev-parse", "--show-prefix")).rstrip("\n"), path)
    path = posixpath.normpath(path or ".")
    if path.startswith(("/", "..")):
        raise ConfigurationError(
            f"{source} leads out of the repository", mend="name a path from the top of the repository: git:REV:services"
        )
    return revision, path


def _check_out(revision: str, folder: Path) -> Checkout:
    """Write the files of a revision into an empty folder."""
    tree = _tree(revision)
    elsewhere = []
    links = []
    with _Objects() as objects:
        for mode, identity, path in _entries(tree):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if mode == _SUBMODULE:
                elsewhere.append((path, "is a submodule, whose files are in a repository of their own"))
            elif mode == _LINK:
                links.append((file, objects.read(identity)))
            else:
                file.write_bytes(objects.read(identity))
    # After the files, so that none is written through a link.
    for link, target in links:
        link.symlink_to(os.fsdecode(target))
    for link, _ in links:
        if not Path(os.path.realpath(link)).is_relative_to(folder):
            link.unlink()
            elsewhere.append((link.relative_to(folder).as_posix(), "is a link that leads out of the repository"))
    try:
        work_tree = Path(os.fsdecode(_git("rev-parse", "--show-toplevel")).rstrip("\n")).resolve()
    except ConfigurationError:  # a bare repository
        work_tree = None
    return Checkout(f"{_SCHEME}{revision}", folder, work_tree, tuple(sorted(elsewhere)))


def _entries(tree: str) -> Iterator[tuple[bytes, bytes, str]]:
    """Yield the mode, the identity and the path of everything in a tree."""
    for entry in _git("ls-tree", "-r", "-z", "--full-tree", tree).split(b"\0")[:-1]:
        about, _, name = entry.partition(b"\t")
        mode, _, identity = about.split(b" ")
        path = os.fsdecode(name)
        # git itself never makes such a tree; somebody who wants to write elsewhere would.
        if any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/")):
            raise ConfigurationError(f"the revision holds the path {path!r}", mend="do not trust this repository")
        yield mode, identity, path


def _tree(revision: str) -> str:
    _git("rev-parse", "--git-dir")
    try:
        return _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}").decode().strip()
    except ConfigurationError:
        mend = "name a branch, a tag or a commit of this repository; `git fetch` brings those of a remote one"
        if _git("rev-parse", "--is-shallow-repository").strip() == b"true":
            mend = "the clone is shallow: run `git fetch --unshallow`, in GitHub Actions check out with fetch-depth: 0"
        raise ConfigurationError(f"there is no revision {revision}", mend=mend) from None


def _git(*arguments: str) -> bytes:
    """Run a git command in the working folder, and return what it prints.

    Raises:
        ConfigurationError: It fails, in git's own words; or there is no git, or no repository.
    """
    run = subprocess.run(
        [_program(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, env=_environment(), check=False
    )
    if run.returncode == 0:
        return run.stdout
    said = run.stderr.decode("utf-8", "replace").strip().partition("\n")[0].removeprefix("fatal: ")
    if said.startswith("not a git repository"):
        raise ConfigurationError(
            "the working folder is in no git repository", mend="run the command in the repository of the revision"
        )
    raise ConfigurationError(
        f"git failed: {said or f'exit status {run.returncode}'}",
        mend="see what `git status` says in the working folder",
    )


def _program() -> str:
    program = shutil.which("git")
    if program is None:
        raise ConfigurationError("git is not installed", mend="install git, or verify folders and documents")
    return program


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


class _Objects:
    """Reads objects of the repository through one git process; a context manager."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [_program(), "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )

    def __enter__(self) -> _Objects:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def read(self, identity: bytes) -> bytes:
        """Return the content of an object.

        Raises:
            ConfigurationError: The repository does not hold it.
        """
        asked, told = self._process.stdin, self._process.stdout
        if asked is None or told is None:
            raise AssertionError("both are pipes")
        asked.write(identity + b"\n")
        asked.flush()
        head = told.readline().split()
        if len(head) != 3:
            raise ConfigurationError(
                f"the repository does not hold the object {identity.decode()}",
                mend="run `git fsck`; a partial clone needs its remote: `git fetch --refetch`",
            )
        content = told.read(int(head[2]))
        told.read(1)
        return content
