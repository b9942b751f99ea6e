"""Finds the contracts of all sources: services in Python, and AsyncAPI documents.

A source is a folder, in which both are looked for, or one document, in the work tree or in a git revision. What cannot
be read becomes a `SourceProblem`, and everything else is read nevertheless.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery import codes
from eventkit.discovery.agreement import difference
from eventkit.discovery.asyncapi import DocumentError
from eventkit.discovery.config import Config
from eventkit.discovery.contract import Contract, Place
from eventkit.discovery.documents import read_documents
from eventkit.discovery.files import files_of
from eventkit.discovery.git import Revisions, is_revision
from eventkit.discovery.landscape import Landscape, SourceProblem, shown
from eventkit.discovery.progress import Observer, unobserved
from eventkit.discovery.python.launch import import_packages
from eventkit.discovery.renamed import renamed
from eventkit.discovery.retained import read_retained_versions
from eventkit.discovery.source import Source
from eventkit.work import Work


def discover(
    sources: Sequence[Path],
    config: Config,
    work: Work | None = None,
    observe: Observer = unobserved,
    *,
    apart: Path | None = None,
) -> Landscape:
    """Return the landscape of the sources and of the neighbours that are configured.

    Args:
        sources: Folders and documents; `Path("git:main:services")` is one in a git revision.
        config: The configuration; its `sources` are not used.
        work: The means to read many documents; by default this process alone, without a cache. What is to be shown of
            documents is read when it is asked for, and of revisions only until the work ends.
        observe: Told how far it has come.
        apart: What the sources are compared with: where it lies in a folder of theirs, it is no part of them.

    Returns:
        All contracts that could be read, and what could not.
    """
    if work is not None:
        return _discover(sources, config, work.keep(Revisions()), work, observe, apart)
    with Revisions() as revisions:
        landscape = _discover(sources, config, revisions, Work(), observe, apart)
        for contract in landscape.contracts if revisions.checkouts else ():
            for message in (*contract.publishes, *contract.handles):
                message.places  # noqa: B018 - what it is read from is gone afterwards
        return landscape


def _discover(
    sources: Sequence[Path],
    config: Config,
    revisions: Revisions,
    work: Work,
    observe: Observer,
    apart: Path | None = None,
) -> Landscape:
    taken: set[str] = set()
    # First, as a source may hold a folder of neighbours, and no file belongs to both.
    neighbours = [_read(path, taken, revisions, (), observe) for path in config.neighbours]
    files_of_neighbours = tuple(taken)
    if apart is not None and any(_lies_in(apart, source) for source in sources):
        taken.update(map(os.path.realpath, files_of(apart)))
    own = [_read(path, taken, revisions, files_of_neighbours, observe) for path in sources]
    register = _Register(config, revisions, work)
    register.problems += (problem for source in (*neighbours, *own) for problem in source.problems)
    services, others = (register.take_code(several, observe) for several in (own, neighbours))
    services += register.take_documents(own, observe)
    others += register.take_documents(neighbours, observe)
    published = {message.event for contract in (*services, *others) for message in contract.publishes}
    retained, problems = read_retained_versions(config.retained, published)
    register.problems += problems
    landscape = Landscape(
        tuple(sorted(services, key=_service)),
        tuple(sorted(others, key=_service)),
        tuple(sorted(register.problems, key=lambda problem: (problem.place, problem.code, problem.message))),
        tuple(sorted(file for source in own for file in source.files)),
        tuple(retained),
    )
    return renamed(landscape, revisions.renamed) if revisions.checkouts else landscape


def _read(path: Path, taken: set[str], revisions: Revisions, neighbours: Iterable[str], observe: Observer) -> Source:
    """Read one source; in a revision, what is configured as a neighbour in the work tree is left out as well."""
    if not is_revision(path):
        return Source.read(path, taken, observe)
    try:
        checkout, here = revisions.find(path)
    except ConfigurationError as error:
        mend = error.mend or "name another source"
        what = error.what if error.what.startswith(f"{path} ") else f"{path}: {error.what}"
        problem = SourceProblem(codes.UNREADABLE_REVISION, what, Place(str(path), 1), mend)
        return Source(path, problems=[problem])
    if checkout.work_tree is not None:
        trees = (str(checkout.work_tree), str(checkout.folder))
        taken.update(trees[1] + file.removeprefix(trees[0]) for file in neighbours if file.startswith(trees[0] + "/"))
    source = Source.read(here, taken, observe)
    for name, reason in checkout.elsewhere:
        file = checkout.folder / name
        if file.is_relative_to(here) or here.is_relative_to(file):
            message = f"{name} {reason}: what it holds was not read"
            mend = "name a source that holds its contracts, if it has some"
            source.problems.append(SourceProblem(codes.KEPT_ELSEWHERE, message, Place(shown(file), 1), mend))
    return source


def _lies_in(path: Path, source: Path) -> bool:
    """Whether a source is a part of another one, and not all of it; revisions are neither."""
    if is_revision(path) or is_revision(source):
        return False
    return Path(os.path.realpath(source)) in Path(os.path.realpath(path)).parents


def _service(contract: Contract) -> str:
    return contract.service


class _Register:
    """Takes contracts in, one a service, and gathers what is wrong."""

    def __init__(self, config: Config, revisions: Revisions, work: Work) -> None:
        self._config = config
        self._revisions = revisions
        self._work = work
        self.problems: list[SourceProblem] = []
        self._coded: dict[str, Contract] = {}
        self._documented: dict[str, Contract] = {}

    def take_code(self, sources: Iterable[Source], observe: Observer) -> list[Contract]:
        """Import the services in the sources and take their contracts."""
        packages = [package for source in sources for package in source.packages]
        taken = []
        config = self._config
        checkouts = tuple(self._revisions.checkouts.values())
        answers = import_packages(packages, config.import_timeout, config.interpreters, checkouts, observe)
        for answer in answers:
            if answer.problem is not None:
                self.problems.append(answer.problem)
            taken += [contract for contract in answer.contracts if self._is_new(contract, self._coded)]
        return taken

    def take_documents(self, sources: Iterable[Source], observe: Observer) -> list[Contract]:
        """Take the contracts in the sources' documents, except those of services whose code was read."""
        taken = []
        files = [file for source in sources for file in source.documents]
        for contract in read_documents(files, self._work, observe, self._revisions.renamed):
            if isinstance(contract, DocumentError):
                mend = contract.mend or "correct the document"
                problem = SourceProblem(codes.UNREADABLE_DOCUMENT, contract.what, contract.place, mend)
                if problem not in self.problems:  # of a file to which several documents refer
                    self.problems.append(problem)
                continue
            code = self._coded.get(contract.service)
            if code is not None:
                self.problems.append(_described_twice(contract, code))
            elif self._is_new(contract, self._documented):
                taken.append(contract)
        return taken

    def _is_new(self, contract: Contract, known: dict[str, Contract]) -> bool:
        first = known.setdefault(contract.service, contract)
        if first is not contract:
            used, unused = Place(first.source, 1), Place(contract.source, 1)
            if used == unused:  # two modules of one folder
                used, unused = _declared_at(first) or used, _declared_at(contract) or unused
            message = f"{contract.service} is described by {used.file} and by {unused.file}, which is not used"
            mend = "rename one of the services, or name only one of the sources"
            self.problems.append(SourceProblem(codes.TWICE, message, unused, mend))
        return first is contract


def _declared_at(contract: Contract) -> Place | None:
    """Return the first function of a service; None where none is known."""
    places = (message.function_place for message in (*contract.publishes, *contract.handles))
    return min((place for place in places if place), default=None)


def _described_twice(document: Contract, code: Contract) -> SourceProblem:
    different = difference(document, code)
    message = f"{document.service} is described by its code in {code.source}; the document is not used"
    place = Place(document.source, 1)
    if different is None:
        mend = "nothing: `eventkit export --check` tells whether the document is up to date"
        return SourceProblem(codes.DOCUMENT_OF_CODE, f"{message}, and says the same", place, mend)
    mend = "write it anew with `eventkit export`; or remove it; or rename the service that it describes"
    return SourceProblem(codes.DOCUMENT_DIFFERS, f"{message}, and differs: {different}", place, mend)
