"""Finds the contracts of all sources: services in Python, and AsyncAPI documents.

A source is a folder, in which both are looked for, or one document. What cannot be read becomes a `SourceProblem`, and
everything else is read nevertheless.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from eventkit.discovery import codes
from eventkit.discovery.asyncapi import DocumentError
from eventkit.discovery.config import Config
from eventkit.discovery.contract import Contract, Place
from eventkit.discovery.documents import read_documents
from eventkit.discovery.landscape import Landscape, SourceProblem
from eventkit.discovery.python.launch import import_packages
from eventkit.discovery.source import Source
from eventkit.work import Work


def discover(sources: Sequence[Path], config: Config, work: Work | None = None) -> Landscape:
    """Return the landscape of the sources and of the neighbours that are configured.

    Args:
        sources: Folders and documents.
        config: The configuration; its `sources` are not used.
        work: The means to read many documents; by default this process alone, without a cache.

    Returns:
        All contracts that could be read, and what could not.
    """
    taken: set[str] = set()
    # First, as a source may hold a folder of neighbours, and no file belongs to both.
    neighbours = [Source.read(path, taken) for path in config.neighbours]
    own = [Source.read(path, taken) for path in sources]
    register = _Register(work or Work())
    register.problems += (problem for source in (*neighbours, *own) for problem in source.problems)
    services, others = (register.take_code(several, config.import_timeout) for several in (own, neighbours))
    services += register.take_documents(own)
    others += register.take_documents(neighbours)
    return Landscape(
        tuple(sorted(services, key=_service)),
        tuple(sorted(others, key=_service)),
        tuple(sorted(register.problems, key=lambda problem: (problem.place, problem.code, problem.message))),
    )


def _service(contract: Contract) -> str:
    return contract.service


class _Register:
    """Takes contracts in, one a service, and gathers what is wrong."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.problems: list[SourceProblem] = []
        self._coded: dict[str, Contract] = {}
        self._documented: dict[str, Contract] = {}

    def take_code(self, sources: Iterable[Source], import_timeout: float) -> list[Contract]:
        """Import the services in the sources and take their contracts."""
        packages = [package for source in sources for package in source.packages]
        taken = []
        for answer in import_packages(packages, import_timeout):
            if answer.problem is not None:
                self.problems.append(answer.problem)
            taken += [contract for contract in answer.contracts if self._is_new(contract, self._coded)]
        return taken

    def take_documents(self, sources: Iterable[Source]) -> list[Contract]:
        """Take the contracts in the sources' documents, except those of services whose code was read."""
        taken = []
        files = [file for source in sources for file in source.documents]
        for contract in read_documents(files, self._work):
            if isinstance(contract, DocumentError):
                mend = contract.mend or "correct the document"
                problem = SourceProblem(codes.UNREADABLE_DOCUMENT, contract.what, contract.place, mend)
                if problem not in self.problems:  # of a file to which several documents refer
                    self.problems.append(problem)
                continue
            code = self._coded.get(contract.service)
            if code is not None:
                message = f"{contract.service} is described by its code in {code.source}; the document is not used"
                mend = "nothing: `eventkit export --check` tells whether the document is up to date"
                self.problems.append(SourceProblem(codes.DOCUMENT_OF_CODE, message, Place(contract.source, 1), mend))
            elif self._is_new(contract, self._documented):
                taken.append(contract)
        return taken

    def _is_new(self, contract: Contract, known: dict[str, Contract]) -> bool:
        first = known.setdefault(contract.service, contract)
        if first is not contract:
            message = f"{contract.service} is described by {first.source} and by {contract.source}, which is not used"
            mend = "rename one of the services, or name only one of the sources"
            self.problems.append(SourceProblem(codes.TWICE, message, Place(contract.source, 1), mend))
        return first is contract
