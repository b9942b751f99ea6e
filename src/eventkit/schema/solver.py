"""The search for a value that some schemas accept and others reject.

A *goal* is a set of schemas that must hold and a set that must fail. It is solved for each type of value on its own.
What is asked of a part of the value is a goal again. The search within one type is in `search`.

Goals repeat, and recursive schemas make them cyclic. Results are remembered; a goal that is met again while it is
being solved counts as empty, because a smallest value never needs itself as a part: the values of a schema are a
least fixpoint. A result that rests on this is kept only once the goal that it rests on is shown to be empty, too.
"""

from __future__ import annotations

from collections.abc import Iterable

from eventkit.schema.budget import MAX_DEPTH, Budget, OutOfBudget, Undecided
from eventkit.schema.cases import EMPTY, Empty, Fact, Found, Outcome, Unsure
from eventkit.schema.identity import Identity
from eventkit.schema.nodes import Node
from eventkit.schema.samples import Hints, any_of_type
from eventkit.schema.search import Search
from eventkit.schema.validator import Validator
from eventkit.schema.values import ANY, STRING, TYPES_IN

_NOTHING_BELOW = 1 << 30
_SEVERAL = 3

Key = tuple[int, ...]


class Solver:
    """Solves goals about the nodes of one graph.

    Args:
        root: the node to whose graph new nodes are added.
        budget: the steps that may be taken.
    """

    def __init__(self, root: Node, budget: Budget) -> None:
        self.root = root
        self.budget = budget
        self.accepts = Validator(budget)
        self._same = Identity(budget)
        self._known: dict[Key, Outcome] = {}
        self._provisional: dict[Key, tuple[Outcome, int]] = {}
        self._active: dict[Key, int] = {}
        self._latest: dict[Key, Found] = {}
        self._rests_on = _NOTHING_BELOW

    def solve(self, holds: tuple[Node, ...], fails: tuple[Node, ...]) -> Outcome:
        """Find a value that all schemas of `holds` accept and all of `fails` reject.

        Raises:
            OutOfBudget: there are no steps left.
        """
        pair = len(holds) == 1 == len(fails)
        if pair:
            known = self._known.get((holds[0].id, 0, fails[0].id))
            if known is not None:
                return known
            # Before anything is asked of the two: most of what both sides share need not even be parsed.
            if self._same.is_plain_to_see(holds[0], fails[0]):
                return EMPTY
        try:
            holds, fails = tuple([node.meant for node in holds]), tuple([node.meant for node in fails])
            mask, free = _room(ANY, holds, fails)
        except Undecided as undecided:  # a schema that is not well formed
            return Unsure(str(undecided))
        if not mask:
            return EMPTY
        if len(holds) == 1 and len(fails) < 2:
            key: Key = (holds[0].id, 0, fails[0].id) if fails else (holds[0].id, 0)
        else:
            key = (*sorted({node.id for node in holds}), 0, *sorted({node.id for node in fails}))
        known = self._met(key)
        if known is not None:
            return known
        if free:
            return self._known.setdefault(key, self._any(mask, holds))
        if pair and self.are_same(holds[0], fails[0]):
            return self._known.setdefault(key, EMPTY)
        return self._solve_new(key, mask, holds, fails)

    def are_same(self, one: Node, other: Node) -> bool:
        """Tell whether two schemas are the same; what can be seen without a look into them rules most out.

        That a publisher's schema is closed may add constraints to it.
        """
        return (
            one.mask == other.mask
            and len(one.constraints) >= len(other.constraints)
            and not one.plain
            and self._same(one, other)
        )

    def _met(self, key: Key) -> Outcome | None:
        """Return what is known of a goal that was met before; one that is being solved counts as empty."""
        known = self._known.get(key)
        if known is None and self._active:
            if key in self._provisional:
                known, depth = self._provisional[key]
                self._rests_on = min(self._rests_on, depth)
            elif key in self._active:
                self._rests_on = min(self._rests_on, self._active[key])
                known = EMPTY
        return known

    def _any(self, mask: int, holds: tuple[Node, ...]) -> Found:
        """Return a value of one of some types, where any will do, as no schema says more of it."""
        self.budget.spend()
        return Found(lambda: any_of_type(TYPES_IN[mask][0], Hints(nodes=holds)))

    def _solve_new(self, key: Key, mask: int, holds: tuple[Node, ...], fails: tuple[Node, ...]) -> Outcome:
        depth = len(self._active)
        if depth > MAX_DEPTH:
            return Unsure(f"values nested deeper than {MAX_DEPTH} levels are not looked at")
        if len(fails) >= _SEVERAL and (guessed := self._guess(holds, fails)) is not None:
            return self._known.setdefault(key, guessed)
        outer, self._rests_on = self._rests_on, _NOTHING_BELOW
        self._active[key] = depth
        mark = len(self._provisional)
        try:
            outcome = self._by_type(mask, holds, fails)
        finally:
            del self._active[key]
        below, self._rests_on = self._rests_on, outer
        since = list(self._provisional)[mark:] if len(self._provisional) > mark else []
        if isinstance(outcome, Found):
            for other in since:
                del self._provisional[other]
            self._known[key] = outcome
            self._latest[key[: key.index(0)]] = outcome
        elif below >= depth:
            for other in since:
                self._known[other] = self._provisional.pop(other)[0]
            self._known[key] = outcome
        else:
            for other in since:  # what rests on this goal rests on what this goal rests on
                self._provisional[other] = (self._provisional[other][0], min(self._provisional[other][1], below))
            self._provisional[key] = (outcome, below)
            self._rests_on = min(outer, below)
        return outcome

    def _guess(self, holds: tuple[Node, ...], fails: tuple[Node, ...]) -> Outcome | None:
        """Answer from what was found about the same schemas that hold and some that fail, or return None.

        Where unions lie within unions, more and more schemas must fail, and what violates one often violates all.
        """
        held = tuple(sorted({node.id for node in holds}))
        for node in fails:
            if isinstance(self._known.get((*held, 0, node.id)), Empty):
                return EMPTY
        latest = self._latest.get(held)
        if latest is None:
            return None
        try:
            fits = not any(self.accepts(node, latest.value) for node in fails)
        except OutOfBudget:
            raise
        except Undecided:
            return None
        return latest if fits else None

    def _by_type(self, mask: int, holds: tuple[Node, ...], fails: tuple[Node, ...]) -> Outcome:
        unsure: Unsure | None = None
        for kind in TYPES_IN[mask]:
            outcome = self.of_kind(kind, holds, fails)
            if isinstance(outcome, Found):
                return outcome
            if isinstance(outcome, Unsure):
                unsure = outcome
        return unsure or EMPTY

    def of_kind(self, kind: int, holds: tuple[Node, ...], fails: tuple[Node, ...]) -> Outcome:
        """Solve a goal for values of one atomic type, which all schemas that hold allow."""
        room, free = _room(kind, holds, fails)
        if free and room:
            return self._any(kind, holds)
        try:
            search = Search(self, kind, exact=False)
            outcome = search.run(holds, fails)
            if isinstance(outcome, Found) and search.relaxed and not self._confirmed(outcome, holds, fails):
                outcome = Search(self, kind, exact=True).run(holds, fails)
                if isinstance(outcome, Found) and not self._confirmed(outcome, holds, fails):
                    return Unsure("a value was found that the check does not confirm")
            return outcome
        except OutOfBudget:
            raise
        except Undecided as undecided:
            return Unsure(str(undecided))

    def _confirmed(self, outcome: Found, holds: tuple[Node, ...], fails: tuple[Node, ...]) -> bool:
        value = outcome.value
        return all(self.accepts(node, value) for node in holds) and not any(self.accepts(node, value) for node in fails)

    def text(
        self, holds: tuple[Node, ...], fails: tuple[Node, ...], facts: Iterable[Fact], prefer: tuple[str, ...]
    ) -> Outcome:
        """Find a string, of which also facts are known, preferring some strings where they will do."""
        return Search(self, STRING, exact=True).run(holds, fails, tuple(facts), prefer)


def _room(mask: int, holds: tuple[Node, ...], fails: tuple[Node, ...]) -> tuple[int, bool]:
    """Return which of some types are left, and whether the schemas say no more of these, so that any value will do."""
    free = True
    for node in holds:
        mask &= node.mask
        free = free and node.plain
    for node in fails:
        if node.plain:
            mask &= ~node.mask
        elif node.mask & mask:
            free = False
    return mask, free
