"""Finds the contracts of all sources: services in Python, and AsyncAPI documents.

A source is a folder, in which both are looked for, or one document. What cannot be read becomes a `SourceProblem`, and
everything else is read nevertheless.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from eventkit.discovery import codes
from eventkit.discovery.config import Config
from eventkit.discovery.contract import Contract, Place
from eventkit.discovery.landscape import Landscape, SourceProblem
from eventkit.discovery.progress import Observer, unobserved
from eventkit.discovery.python.launch import import_packages
from eventkit.discovery.source import Source


def discover(sources: Sequence[Path], config: Config, observe: Observer = unobserved) -> Landscape:
    """Return the landscape of the sources and of the neighbours that are configured.

    Args:
        sources: Folders and documents.
        config: The configuration; its `sources` are not used.
        observe: Told how far it has come.

    Returns:
        All contracts that could be read, and what could not.
    """
    taken: set[str] = set()
    # First, as a source may hold a folder of neighbours, and no file belongs to both.
    neighbours = [Source.read(path, taken, observe) for path in config.neighbours]
    own = [Source.read(path, taken, observe) for path in sources]
    register = _Register()
    register.problems += (problem for source in (*neighbours, *own) for problem in source.problems)
    services, others = (register.take_code(several, config.import_timeout, observe) for several in (own, neighbours))
    services += register.take_documents(own)
    others += register.take_documents(neighbours)
    return Landscape(
        tuple(sorted(services, key=_service)),
        tuple(sorted(others, key=_service)),
        tuple(sorted(register.problems, key=lambda problem: (problem.place, problem.code, problem.message))),
        tuple(sorted(file for source in own for file in source.files)),
    )


def _service(contract: Contract) -> str:
    return contract.service


class _Register:
    """Takes contracts in, one a service, and gathers what is wrong."""

    def __init__(self) -> None:
        self.problems: list[SourceProblem] = []
        self._coded: dict[str, Contract] = {}
        self._documented: dict[str, Contract] = {}

    def take_code(self, sources: Iterable[Source], import_timeout: float, observe: Observer) -> list[Contract]:
        """Import the services in the sources and take their contracts."""
        packages = [package for source in sources for package in source.packages]
        taken = []
        for answer in import_packages(packages, import_timeout, observe):
            if answer.problem is not None:
                self.problems.append(answer.problem)
            taken += [contract for contract in answer.contracts if self._is_new(contract, self._coded)]
        return taken

    def take_documents(self, sources: Iterable[Source]) -> list[Contract]:
        """Take the contracts in the sources' documents, except those of services whose code was read."""
        taken = []
        for contract in (contract for source in sources for contract in source.documents):
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
