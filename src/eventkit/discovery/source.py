"""Reads the files of one source."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from eventkit.discovery import codes
from eventkit.discovery.asyncapi import MAX_BYTES, DocumentError, is_asyncapi, read
from eventkit.discovery.contract import Contract, Place
from eventkit.discovery.files import files_of
from eventkit.discovery.landscape import SourceProblem, shown
from eventkit.discovery.python.syntax import Module, UnreadableModuleError, is_worth_parsing, read_module

_DOCUMENT_SUFFIXES: Final = frozenset({".json", ".yaml", ".yml"})


@dataclass(slots=True)
class Source:
    """What the files of one source hold.

    Args:
        path: A folder or a document.
        modules: The Python modules that may have to do with eventkit.
        documents: The contracts in AsyncAPI documents.
        problems: What could not be read.
    """

    path: Path
    modules: list[Module] = field(default_factory=list)
    documents: list[Contract] = field(default_factory=list)
    problems: list[SourceProblem] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, taken: dict[str, bool]) -> Source:
        """Read a source.

        Args:
            path: A folder or a document.
            taken: The files that were read before, and whether they hold contracts; those of this source are added.
        """
        source = cls(Path(os.path.abspath(path)))  # noqa: PTH100 - a link is shown by the name that was given
        fruitful = False
        for file in files_of(source.path):
            real = os.path.realpath(file)
            if real not in taken:
                taken[real] = source._read_file(file)
            fruitful |= taken[real]
        if not fruitful:
            source._report_nothing()
        return source

    def _read_file(self, file: Path) -> bool:
        """Read a file, and tell whether it holds a contract or what may be one."""
        try:
            if file.suffix == ".py":
                return self._read_module(file)
            if file.suffix in _DOCUMENT_SUFFIXES or file == self.path:
                return self._read_document(file)
        except OSError as error:
            self._report(codes.UNREADABLE_DOCUMENT, f"the file cannot be read: {error.strerror}", file)
            return True
        return False

    def _read_module(self, file: Path) -> bool:
        text = file.read_bytes()
        if not is_worth_parsing(text):
            return False
        try:
            module = read_module(file, text)
        except UnreadableModuleError as error:
            self._report(codes.UNREADABLE_MODULE, f"the file is no Python module: {error.reason}", file, error.line)
            return True
        self.modules.append(module)
        return bool(module.services or module.hidden_services)

    def _read_document(self, file: Path) -> bool:
        # One byte more than is accepted: what is longer is refused without being read.
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        # In a folder, other JSON and YAML is none of our business; a file that was named is meant to be a contract.
        if not is_asyncapi(raw) and ".asyncapi" not in file.suffixes and file != self.path:
            return False
        try:
            self.documents.append(read(raw, shown(file)))
        except DocumentError as error:
            self.problems.append(SourceProblem(codes.UNREADABLE_DOCUMENT, error.what, error.place, error.mend or ""))
        return True

    def _report_nothing(self) -> None:
        what = "holds no service and no AsyncAPI document" if self.path.exists() else "does not exist"
        self._report(codes.NOTHING_FOUND, f"{shown(self.path)} {what}", self.path)

    def _report(self, code: str, message: str, file: Path, line: int = 1) -> None:
        self.problems.append(SourceProblem(code, message, Place(shown(file), line)))
