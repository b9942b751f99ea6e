"""The configuration that fits what a folder holds, for a project that has none yet."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.config import OWN_FILE, PROJECT_FILE, Config
from eventkit.discovery.contract import Contract
from eventkit.discovery.discover import discover
from eventkit.discovery.landscape import SourceProblem

_MAX_FOLDERS: Final = 4
"""More folders than this are told as the one that holds them all."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration, and what it was made from.

    Args:
        file: The file to write, which may exist.
        settings: The lines of the table.
        text: What the whole file is to hold.
        coded: The services whose code is there.
        documents: The contracts that are there as documents, and of no service whose code is there.
        problems: What could not be read.
    """

    file: Path
    settings: str
    text: str
    coded: tuple[Contract, ...]
    documents: tuple[Contract, ...]
    problems: tuple[SourceProblem, ...]

    def write(self) -> None:
        """Write the file."""
        self.file.write_bytes(self.text.encode())


def propose(folder: Path) -> Proposal:
    """Return the configuration for a folder.

    Services are imported, as `eventkit verify` does. Their folders become `sources`; documents of other services become
    `neighbours`, or the sources where there is no code. Documents of the services themselves, such as `eventkit export`
    writes them, are left out.

    Args:
        folder: The working folder.

    Raises:
        ConfigurationError: The folder holds neither services nor documents, or its pyproject.toml cannot be read.
    """
    landscape = discover([folder], Config())
    coded = tuple(contract for contract in landscape.services if contract.coded)
    documents = tuple(contract for contract in landscape.services if not contract.coded)
    problems = tuple(problem for problem in landscape.problems if problem.leaves_gap)
    broken = [problem.place.file for problem in problems if Path(problem.place.file).suffix in ("", ".py")]
    if not documents and not coded and all(Path(folder / file) == folder for file in map(Path, broken)):
        raise ConfigurationError(
            "there is no service and no AsyncAPI document here",
            where=str(folder.absolute()),
            mend="write a service with `eventkit scaffold service NAME`, or copy the documents of your services into a "
            "folder, and run `eventkit init` again",
        )
    code = _folders([*(contract.source for contract in coded), *broken])
    contracts = _places(documents, code)
    tables = {"sources": code, "neighbours": contracts} if code else {"sources": contracts}
    settings = "".join(f"{key} = {json.dumps(value)}\n" for key, value in tables.items() if value)
    file, text = _file_with(settings, folder)
    return Proposal(file, settings, text, coded, documents, problems)


def _folders(paths: Iterable[str]) -> list[str]:
    """Return the topmost folders of some folders and files, or the working folder where there are many."""
    tops = set()
    for path in map(PurePosixPath, paths):
        top = path.parts[0] if path.parts else "."
        tops.add("." if top == path.as_posix() and path.suffix == ".py" else top)
    return ["."] if "." in tops or len(tops) > _MAX_FOLDERS else sorted(tops)


def _places(documents: Iterable[Contract], code: list[str]) -> list[str]:
    """Return the folders that hold documents and no code, and the other documents themselves."""
    files = [PurePosixPath(contract.source) for contract in documents]
    places = set()
    for file in files:
        top = file.parts[0]
        together = [other for other in files if other.parts[0] == top and len(other.parts) > 1]
        if len(file.parts) == 1:
            places.add(file.as_posix())
        elif top not in code and "." not in code:
            places.add(top)
        else:
            common = os.path.commonpath([other.parent for other in together])
            places.add(PurePosixPath(common).as_posix() if common not in code else file.as_posix())
    return sorted(places)


def _file_with(settings: str, folder: Path) -> tuple[Path, str]:
    """Return the file for the settings, and its text: pyproject.toml with a table more, or eventkit.toml."""
    project = folder / PROJECT_FILE
    if not project.is_file():
        return folder / OWN_FILE, settings
    try:
        before = project.read_bytes().decode()
        parsed = tomllib.loads(before)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"not TOML: {error}", where=str(project)) from None
    newline = "\r\n" if "\r\n" in before else "\n"
    gap = newline * (0 if not before else 1 if before.endswith("\n") else 2)
    after = before + gap + f"[tool.eventkit]\n{settings}".replace("\n", newline)
    # Where `tool` is written in a way that no table can be added to, the file is left alone.
    try:
        whole = tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        return folder / OWN_FILE, settings
    whole["tool"].pop("eventkit")
    unchanged = whole in (parsed, {**parsed, "tool": {}})
    return (project, after) if unchanged else (folder / OWN_FILE, settings)
