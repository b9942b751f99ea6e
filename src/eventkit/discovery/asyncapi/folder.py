"""The files that documents may refer to: those below the folder of their source, and nothing else.

A document from elsewhere must not make eventkit look at the rest of a disk, or at a network. So a reference is a path,
and what it leads to, links followed, lies below the folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from eventkit.discovery.asyncapi.document import Document, Node, Opened
from eventkit.discovery.asyncapi.text import MAX_BYTES
from eventkit.discovery.landscape import shown


def load(path: Path) -> bytes:
    """Return what a file holds, at most one byte more than a document may have: the rest of it is never read."""
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


class Folder:
    """A folder of documents.

    Args:
        root: The folder.
        load: Returns what a file holds.
    """

    def __init__(self, root: Path, load: Callable[[Path], bytes] = load) -> None:
        self._root = root
        self._real_root = os.path.realpath(root)
        self._load = load
        self._documents: dict[str, Document] = {}

    def beside(self, path: Path) -> Opened:
        """Return what opens the files that a document at this path refers to; each is read once."""
        return partial(self._open, path)

    def _open(self, path: Path, node: Node, reference: str) -> Document:
        target = self._target(path, node, reference)
        real = os.path.realpath(target)
        if real not in self._documents:
            try:
                raw = self._load(target)
            except OSError as error:
                raise node.error(
                    f"the reference {reference!r} leads to {shown(target)}, which cannot be read: {error.strerror}",
                    "let it be read, or correct the reference",
                ) from None
            self._documents[real] = Document(raw, shown(target), self.beside(target))
        return self._documents[real]

    def _target(self, path: Path, node: Node, reference: str) -> Path:
        """Return the file that a reference names; raises DocumentError where it names none that may be read."""
        file = unquote(reference.partition("#")[0])
        if not file.isprintable():
            raise node.error(f"the reference {reference!r} is no path", "write the path of a file")
        if _is_url(reference):
            raise node.error(
                f"the reference {reference!r} is a URL: nothing is ever fetched",
                f"copy the file into {shown(self._root)}, and refer to it by its path from here",
            )
        target = Path(os.path.normpath(path.parent / file))
        if not Path(os.path.realpath(target)).is_relative_to(self._real_root):
            raise node.error(
                f"the reference {reference!r} leads out of {shown(self._root)}, the folder of the source",
                "name a folder that holds both files as the source, or copy the file into this one",
            )
        if not target.is_file():
            raise node.error(
                f"the reference {reference!r} leads to {shown(target)}, which is no file", "correct the reference"
            )
        return target


def _is_url(reference: str) -> bool:
    try:
        parts = urlsplit(reference)
    except ValueError:  # such as "//[": what cannot be taken apart is no path, either
        return True
    return bool(parts.scheme or parts.netloc)
