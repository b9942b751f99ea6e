"""Reads the files of one source."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from eventkit.discovery import codes
from eventkit.discovery.asyncapi import is_asyncapi
from eventkit.discovery.asyncapi.folder import load
from eventkit.discovery.contract import Place
from eventkit.discovery.documents import DocumentFile, digest_of
from eventkit.discovery.files import files_of
from eventkit.discovery.landscape import SourceProblem, shown
from eventkit.discovery.progress import Observer, unobserved
from eventkit.discovery.python.packages import Package, find_packages
from eventkit.discovery.python.syntax import (
    Module,
    UnreadableModuleError,
    is_meant_for_eventkit,
    is_worth_parsing,
    read_module,
)

_DOCUMENT_SUFFIXES: Final = frozenset({".json", ".yaml", ".yml"})
_MEND_NOTHING: Final = "name a folder with Python services or AsyncAPI documents, or one such document"
_NAME_NOT_UTF8: Final = "the name of the file, or of a folder around it, is not UTF-8"
_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"


@dataclass(slots=True)
class Source:
    """What the files of one source hold.

    Args:
        path: A folder or a document.
        packages: The Python packages with services.
        documents: The files with AsyncAPI documents.
        problems: What could not be read.
        files: The files that have to do with contracts, whether they could be read or not.
    """

    path: Path
    packages: list[Package] = field(default_factory=list)
    documents: list[DocumentFile] = field(default_factory=list)
    problems: list[SourceProblem] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    _modules: list[Module] = field(default_factory=list)

    @property
    def _root(self) -> Path:
        return self.path if self.path.is_dir() else self.path.parent

    @classmethod
    def read(cls, path: Path, taken: set[str], observe: Observer = unobserved) -> Source:
        """Read a source.

        Args:
            path: A folder or a document.
            taken: The files that belong to a source that was read before; those of this one are added.
            observe: Told how far it has come.
        """
        source = cls(Path(os.path.abspath(path)))  # noqa: PTH100 - a link is shown by the name that was given
        overlaps = False
        files = list(files_of(source.path))
        for done, file in enumerate(files):
            observe("reading files", done, len(files))
            real = os.path.realpath(file)
            if real in taken:
                overlaps = True
            elif source._read_file(file):
                taken.add(real)
                source.files.append(shown(file))
        source.packages = find_packages(source._modules)
        source.problems += (_hidden_service(module) for module in source._modules if module.hidden_services)
        if not (overlaps or source.packages or source.documents or source.problems):
            what = "holds no service and no AsyncAPI document" if source.path.exists() else "does not exist"
            source._report(codes.NOTHING_FOUND, f"{shown(source.path)} {what}", source.path, _MEND_NOTHING)
        return source

    def _read_file(self, file: Path) -> bool:
        """Read a file, and tell whether it has to do with contracts."""
        if file.exists() and not file.is_file():
            return False  # a pipe would be waited for, and a device has no end
        try:
            if file.suffix == ".py":
                return self._read_module(file)
            if file.suffix in _DOCUMENT_SUFFIXES or file == self.path:
                return self._read_document(file)
        except OSError as error:
            message = f"the file cannot be read: {error.strerror}"
            self._report(codes.UNREADABLE_DOCUMENT, message, file, "let it be read, or leave it out of the sources")
            return True
        return False

    def _read_module(self, file: Path) -> bool:
        text = file.read_bytes()
        if not is_worth_parsing(text):
            return False
        if not _is_utf8(str(file)):
            self._report(codes.UNREADABLE_MODULE, _NAME_NOT_UTF8, file, "rename it")
            return True
        try:
            self._modules.append(read_module(file, text))
        except UnreadableModuleError as error:
            if not is_meant_for_eventkit(text):
                return False
            message = f"the file is no Python module: {error.reason}"
            self._report(
                codes.UNREADABLE_MODULE, message, file, "correct it, or leave it out of the sources", error.line
            )
        return True

    def _read_document(self, file: Path) -> bool:
        raw = load(file)
        is_meant = ".asyncapi" in file.suffixes or file == self.path
        if raw.startswith(_LFS_POINTER):
            message = f"{shown(file)} is a pointer of Git LFS: what it stands for was not read"
            code = codes.UNREADABLE_DOCUMENT if is_meant else codes.KEPT_ELSEWHERE
            self._report(code, message, file, "run `git lfs pull` and name the folder; a revision holds only pointers")
            return True
        # In a folder, other JSON and YAML is none of our business; a file that was named is meant to be a contract.
        if not is_asyncapi(raw) and not is_meant:
            return False
        if not _is_utf8(str(file.relative_to(self._root))):
            self._report(codes.UNREADABLE_DOCUMENT, _NAME_NOT_UTF8, file, "rename it")
            return True
        self.documents.append(DocumentFile(file, digest_of(file, raw), len(raw), self._root, is_meant=is_meant))
        return True

    def _report(self, code: str, message: str, file: Path, mend: str, line: int = 1) -> None:
        self.problems.append(SourceProblem(code, message, Place(shown(file), line), mend))


def _is_utf8(name: str) -> bool:
    """Whether a name of the file system can be written in UTF-8: into a report, or a request to another process."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _hidden_service(module: Module) -> SourceProblem:
    first, *others = module.hidden_services
    more = f" (and in {len(others)} more)" if others else ""
    return SourceProblem(
        codes.SERVICE_IN_FUNCTION,
        f"in this line{more} a service is made that is not bound to a name at the top of the module",
        Place(shown(module.path), first),
        "make it at the top of a module: `service = Service(...)`",
    )
