"""What is told under other names: those of a git revision instead of a temporary folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from eventkit.discovery.contract import Contract, Message, Place
from eventkit.discovery.landscape import Landscape, SourceProblem
from eventkit.discovery.stored import StoredMessage

Rename = Callable[[str], str]


def renamed(landscape: Landscape, rename: Rename) -> Landscape:
    """Return a landscape with the names of all files changed, but for messages of documents, which are read that way.

    Args:
        landscape: The landscape.
        rename: Returns the new text for one that is, or holds, the path of a file.
    """
    return Landscape(
        tuple(renamed_contract(contract, rename) for contract in landscape.services),
        tuple(renamed_contract(contract, rename) for contract in landscape.neighbours),
        tuple(_problem(problem, rename) for problem in landscape.problems),
        tuple(map(rename, landscape.files)),
        landscape.retained,
    )


def renamed_contract(contract: Contract, rename: Rename) -> Contract:
    """Return a contract with the names of its files changed."""
    return replace(
        contract,
        source=rename(contract.source),
        publishes=tuple(_message(message, rename) for message in contract.publishes),
        handles=tuple(_message(message, rename) for message in contract.handles),
    )


def _message(message: Message, rename: Rename) -> Message:
    if isinstance(message, StoredMessage):
        return message  # and load nothing of it
    places = {path: _place(place, rename) for path, place in message.places.items()}
    function_place = message.function_place and _place(message.function_place, rename)
    return replace(message, places=places, function_place=function_place)


def _problem(problem: SourceProblem, rename: Rename) -> SourceProblem:
    return replace(
        problem,
        message=rename(problem.message),
        place=_place(problem.place, rename),
        mend=rename(problem.mend),
    )


def _place(place: Place, rename: Rename) -> Place:
    return replace(place, file=rename(place.file))
