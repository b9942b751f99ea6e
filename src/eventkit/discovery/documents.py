"""Reads many AsyncAPI documents: those that were read before come from the cache, the others are shared out."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from eventkit.discovery.asyncapi import DocumentError, Folder, NoAsyncAPIError, read
from eventkit.discovery.asyncapi.folder import load
from eventkit.discovery.contract import Contract, Place
from eventkit.discovery.landscape import shown
from eventkit.discovery.progress import Observer, unobserved
from eventkit.discovery.renamed import Rename, renamed_contract
from eventkit.discovery.stored import Body, pack, unpack
from eventkit.work import Work

_DOING: Final = "reading documents"
_OUTLINE: Final = "outline"
_SCHEMAS: Final = "schemas"
_PLACES: Final = "places"
_WORTH_SHARING: Final = 2_000_000
"""Bytes of documents that take about a second to read."""

Needed = dict[str, str]
"""The digests of the files that a document refers to, by their paths from the document's folder."""


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A file with an AsyncAPI document.

    Args:
        path: The file.
        digest: What tells its content from any other, see `digest_of`.
        size: Its size in bytes.
        root: The folder of the source: files outside of it are not read, whatever the document refers to.
        is_meant: It is said to be an AsyncAPI document, so that it is an error if it is none.
    """

    path: Path
    digest: bytes
    size: int
    root: Path
    is_meant: bool = True

    @property
    def name(self) -> str:
        """The file as places show it."""
        return shown(self.path)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was found in a document, as it is kept: what it needed, the outline, and the schemas if they are at hand."""

    needed: Needed
    outline: bytes
    schemas: bytes | None = None

    @property
    def entry(self) -> bytes:
        return json.dumps(self.needed).encode() + b"\n" + self.outline


def digest_of(path: Path, raw: bytes) -> bytes:
    """Return what a document depends on: its content, and whether that is read as JSON or as YAML."""
    form = b"json\0" if path.suffix.lower() == ".json" else b"yaml\0"
    return sha256(form + raw).digest()


def read_documents(
    files: Sequence[DocumentFile], work: Work, observe: Observer = unobserved, rename: Rename = str
) -> list[Contract | DocumentError]:
    """Read documents; schemas and places when they are asked for, as of most documents nothing needs to be shown.

    Args:
        files: The files.
        work: The means to read many.
        observe: Told how far it has come.
        rename: Returns the name under which contracts tell a file.

    Returns:
        For each file its contract, or why there is none; nothing for one that turns out to be about something else.
    """
    entries = work.cache.get_many(_OUTLINE, [file.digest for file in files])
    found: dict[DocumentFile, Contract | DocumentError | None] = {
        file: _from_cache(file, entries.get(file.digest), work, rename) for file in files
    }
    missing = [file for file in files if found[file] is None]
    is_shared = sum(file.size for file in missing) > _WORTH_SHARING
    answers = work.processes.map(_pack_some, missing, len(missing)) if is_shared else map(_pack, missing)
    for done, (file, answer) in enumerate(zip(missing, answers, strict=True)):
        observe(_DOING, done, len(missing))
        found[file] = _taken(file, answer, work, rename) if isinstance(answer, _Kept) else answer
    return [answer for file, answer in found.items() if answer is not None and not _is_another(file, answer)]


def _is_another(file: DocumentFile, answer: Contract | DocumentError) -> bool:
    return isinstance(answer, NoAsyncAPIError) and not file.is_meant


def _from_cache(file: DocumentFile, entry: bytes | None, work: Work, rename: Rename) -> Contract | None:
    if entry is None:
        return None
    needed, _, outline = entry.partition(b"\n")
    try:
        kept = _Kept(json.loads(needed), outline)
        return _contract(file, kept, work, rename) if _is_there(file, kept.needed) else None
    except (OSError, ValueError, AttributeError, TypeError):
        return None


def _is_there(file: DocumentFile, needed: Needed) -> bool:
    """Whether all files that a document refers to still hold the same, and may be read from this source."""
    root = os.path.realpath(file.root)
    for name, digest in needed.items():
        path = file.path.parent / name
        if not Path(os.path.realpath(path)).is_relative_to(root) or digest_of(path, load(path)).hex() != digest:
            return False
    return True


def _taken(file: DocumentFile, kept: _Kept, work: Work, rename: Rename) -> Contract:
    work.cache.put(_OUTLINE, file.digest, kept.entry)
    if kept.schemas is not None:
        work.cache.put(_SCHEMAS, sha256(kept.entry).digest(), kept.schemas)
    return _contract(file, kept, work, rename)


def _pack_some(files: Sequence[DocumentFile]) -> list[_Kept | DocumentError]:
    """Read documents, perhaps in another process."""
    return [_pack(file) for file in files]


def _pack(file: DocumentFile) -> _Kept | DocumentError:
    try:
        contract, needed = _read(file, with_places=False)
        packed = pack(contract)
        return _Kept(needed, packed.outline, packed.schemas)
    except DocumentError as error:
        return error
    except OSError as error:
        what, mend = f"the file cannot be read: {error.strerror}", "let it be read, or leave it out of the sources"
        return DocumentError(what, place=Place(file.name, 1), mend=mend)


def _read(file: DocumentFile, *, with_places: bool) -> tuple[Contract, Needed]:
    needed: Needed = {}

    def note(path: Path) -> bytes:
        raw = load(path)
        needed[os.path.relpath(path, file.path.parent)] = digest_of(path, raw).hex()
        return raw

    raw = load(file.path)
    if digest_of(file.path, raw) != file.digest:
        raise DocumentError(
            "the document was changed while it was read", place=Place(file.name, 1), mend="run the command again"
        )
    opened = Folder(file.root, note).beside(file.path)
    return read(raw, file.name, opened, with_places=with_places), needed


def _contract(file: DocumentFile, kept: _Kept, work: Work, rename: Rename) -> Contract:
    name = rename(file.name)
    # The entry holds the digests of the schemas and of all that was referred to. A line that is added to the document
    # itself changes neither, but where everything stands.
    key = sha256(kept.entry).digest()
    key_of_places = sha256(kept.entry + file.digest + name.encode()).digest()
    body = Body(
        schemas=lambda: kept.schemas or work.cache.get(_SCHEMAS, key),
        places=lambda: work.cache.get(_PLACES, key_of_places),
        whole=lambda: renamed_contract(_read(file, with_places=True)[0], rename),
        keep_places=lambda packed: work.cache.put(_PLACES, key_of_places, packed),
    )
    return unpack(kept.outline, name, body)
