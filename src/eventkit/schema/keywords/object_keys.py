"""Names for the keys of objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eventkit.schema.cases import Fact, Found, Unsure
from eventkit.schema.keywords.strings import Matches
from eventkit.schema.regex import matches
from eventkit.schema.samples import NAMES

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node
    from eventkit.schema.solver import Solver


def sectors(
    solver: Solver,
    holds: tuple[Node, ...],
    fails: tuple[Node, ...],
    facts: tuple[Fact, ...],
    free: tuple[str, ...],
    asked: tuple[Node, ...],
    known: str | None = None,
) -> Iterator[str | Unsure]:
    """Yield one key for each way in which keys can match the free patterns, those that match few of them first.

    Args:
        solver: finds the keys.
        holds: the schemas of keys.
        fails: schemas that the keys violate.
        facts: what else is true of the keys.
        free: the patterns.
        asked: schemas that keys may satisfy or violate, likewise; those that violate many of them come first.
        known: a key of which all this is true, if one is known already.
    """
    if known is None:
        outcome = solver.text(holds, fails, facts, prefer=NAMES)
        if not isinstance(outcome, Found):
            if isinstance(outcome, Unsure):
                yield outcome
            return
        known = outcome.value
    if free:
        for contrary in (True, False):
            like = known if matches(free[0], known) is not contrary else None
            matching = (*facts, Matches(free[0], contrary=contrary))
            yield from sectors(solver, holds, fails, matching, free[1:], asked, like)
    elif asked:
        accepted = solver.accepts(asked[0], known)
        violating, satisfying = (*fails, asked[0]), (*holds, asked[0])
        yield from sectors(solver, holds, violating, facts, free, asked[1:], None if accepted else known)
        yield from sectors(solver, satisfying, fails, facts, free, asked[1:], known if accepted else None)
    else:
        yield known


def plain_names() -> Iterator[str]:
    """Yield names for keys that nobody mentions."""
    yield from NAMES
    number = 2
    while True:
        yield f"{NAMES[0]}{number}"
        number += 1
