"""The search for a value that some schemas accept and others reject.

A *goal* is a set of schemas that must hold and a set that must fail. It is solved for each type of value on its own.
What the schemas demand becomes facts in a store of that type; where there are several ways (a union, or the defects
of a schema that must fail), each is tried. What is asked of a part of the value is a goal again.

Goals repeat, and recursive schemas make them cyclic. Results are remembered; a goal that is met again while it is
being solved counts as empty, because a smallest value never needs itself as a part: the values of a schema are a
least fixpoint. A result that rests on this is kept only once the goal that it rests on is shown to be empty, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eventkit.schema.budget import MAX_DEPTH, Budget, OutOfBudget, Undecided
from eventkit.schema.cases import EMPTY, Case, Empty, Fact, Found, Outcome, Store, Unsure
from eventkit.schema.identity import Identity
from eventkit.schema.keywords.logic import Union
from eventkit.schema.keywords.object_store import ObjectStore
from eventkit.schema.nodes import Node
from eventkit.schema.samples import Hints, any_of_type
from eventkit.schema.stores import Listed, empty_store
from eventkit.schema.validator import Validator
from eventkit.schema.values import ANY, ATOMIC_TYPES, FIRST_TYPES, STRING, Json, type_of

_NOTHING_BELOW = 1 << 30

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
        return Found(lambda: any_of_type(FIRST_TYPES[mask], Hints(nodes=holds)))

    def _solve_new(self, key: Key, mask: int, holds: tuple[Node, ...], fails: tuple[Node, ...]) -> Outcome:
        depth = len(self._active)
        if depth > MAX_DEPTH:
            return Unsure(f"values nested deeper than {MAX_DEPTH} levels are not looked at")
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

    def _by_type(self, mask: int, holds: tuple[Node, ...], fails: tuple[Node, ...]) -> Outcome:
        unsure: Unsure | None = None
        for kind in ATOMIC_TYPES:
            if not mask & kind:
                continue
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


class Search:
    """The search within one type: facts are gathered in a store until only choices are left, which are tried.

    Args:
        exact: take into account that only one branch of a `oneOf` may hold, and cases that are minor. It is left out
            at first, because an over-approximation that is empty proves as much, and is cheaper.
    """

    def __init__(self, solver: Solver, kind: int, *, exact: bool) -> None:
        self.solver = solver
        self.kind = kind
        self.exact = exact
        self.relaxed = False

    def run(
        self,
        holds: tuple[Node, ...],
        fails: tuple[Node, ...],
        facts: tuple[Fact, ...] = (),
        prefer: tuple[Json, ...] = (),
    ) -> Outcome:
        """Find a value, one of those that are preferred if it will do."""
        branch = Branch(self, empty_store(self.kind, Hints(prefer, holds)))
        return self.explore(branch, Case("", facts=facts, holds=holds, fails=fails))

    def explore(self, branch: Branch, case: Case) -> Outcome:
        """Find a value in the branch for which the case is true, too."""
        self.solver.budget.spend()
        if not branch.assume(case):
            return EMPTY
        if isinstance(branch.store, Listed):
            return branch.store.solve(self.solver)
        while not branch.choices:
            if not branch.unions:
                return branch.store.solve(self.solver)
            if not branch.assume(Case("", fails=branch.left_of(branch.unions.pop()))):
                return EMPTY
        choice = self._next_choice(branch)
        unsure: Unsure | None = None
        smallest: Found | None = None
        last = not branch.choices and not branch.unions
        seen = 0
        for option in branch.sifted(choice):
            outcome = self._try(branch, option, last=last)
            if isinstance(outcome, Found):
                seen += 1
                smallest = outcome if smallest is None or outcome.size < smallest.size else smallest
                if not last or smallest.size <= _SMALL or seen >= _COMPARED:
                    return smallest
            elif isinstance(outcome, Unsure):
                unsure = outcome
        return smallest or unsure or EMPTY

    def _try(self, branch: Branch, option: Case, *, last: bool) -> Outcome:
        try:
            if last and not option.holds and not option.fails:
                return self.settle(branch, option)
            return self.explore(branch.copy(), option)
        except OutOfBudget:
            raise
        except Undecided as undecided:
            return Unsure(str(undecided))

    def settle(self, branch: Branch, option: Case) -> Outcome:
        """Explore a last option that only adds facts: there is no need for a branch of its own."""
        self.solver.budget.spend()
        store: Store | None = branch.store
        for fact in option.facts:
            store = fact.apply(store) if store is not None else None
        return EMPTY if store is None else store.solve(self.solver)

    def _next_choice(self, branch: Branch) -> Sequence[Case]:
        """Take out the choice with the fewest options that are possible on their own."""
        if len(branch.choices) == 1:
            return branch.choices.pop()
        branch.choices = [self._possible(branch, options) for options in branch.choices]
        smallest = min(range(len(branch.choices)), key=lambda index: len(branch.choices[index]))
        return branch.choices.pop(smallest)

    def _possible(self, branch: Branch, options: Sequence[Case]) -> Sequence[Case]:
        possible = []
        for option in options:
            alone = branch.copy()
            alone.choices = []
            if not isinstance(self.explore(alone, option), Empty):
                possible.append(option)
            if len(possible) > 1 and len(options) > _FEW:
                return options
        return possible


_FEW = 64
_SMALL = 2
_COMPARED = 8
"""Of so many counterexamples the smallest is taken, unless one is small anyway."""


class Branch:
    """What is known on one path of a search: a store, the schemas that hold and fail, and choices to be made."""

    __slots__ = ("choices", "facts", "fails", "holds", "search", "store", "unions")

    def __init__(self, search: Search, store: Store) -> None:
        self.search = search
        self.store = store
        self.holds: dict[int, Node] = {}
        self.fails: dict[int, Node] = {}
        self.facts: tuple[Fact, ...] = ()
        self.choices: list[Sequence[Case]] = []
        self.unions: list[Union] = []

    def copy(self) -> Branch:
        self.search.solver.budget.spend((len(self.holds) + len(self.fails) + len(self.choices)) >> 4)
        copy = Branch(self.search, self.store)
        copy.holds, copy.fails, copy.facts = dict(self.holds), dict(self.fails), self.facts
        copy.choices, copy.unions = list(self.choices), list(self.unions)
        return copy

    def assume(self, case: Case) -> bool:
        """Add all that follows from a case without a choice; return False where a contradiction is plain to see.

        What fails is looked at last, and unions that fail are put off: both are easier once the rest is known.
        """
        todo = [case]
        fails: list[Node] = []
        while todo or fails:
            if not todo:
                node = fails.pop()
                if node.id not in self.fails and not self._assume_fails(node, todo):
                    return False
                continue
            case = todo.pop()
            for fact in case.facts:
                if not self._assume_fact(fact):
                    return False
            for node in case.holds:
                if node.id not in self.holds and not self._assume_holds(node, todo):
                    return False
            if case.minor and not self.search.exact:
                self.search.relaxed = True
            elif case.union is None or isinstance(self.store, Listed):
                fails.extend(case.fails)
            else:
                self.unions.append(case.union)
        return True

    def left_of(self, union: Union) -> tuple[Node, ...]:
        """Return the branches of a union that are not ruled out by the tags that an object is known to have."""
        if isinstance(self.store, ObjectStore):
            return union.tags.relevant(self.store.listed)
        return union.branches

    def sifted(self, cases: Sequence[Case]) -> Iterable[Case]:
        """Return the cases that are not refuted by a part of the value alone."""
        return self.store.sifted(cases, self.search.solver) if isinstance(self.store, ObjectStore) else cases

    def _assume_fact(self, fact: Fact) -> bool:
        self.facts = (*self.facts, fact)
        if isinstance(self.store, Listed):
            accepts = self.search.solver.accepts
            return self._list([value for value in self.store.values if fact.holds(value, accepts)])
        store = fact.apply(self.store)
        if store is None:
            return False
        self.store = store
        return True

    def _assume_holds(self, node: Node, todo: list[Case]) -> bool:
        if node.id in self.fails or not node.mask & self.search.kind:
            return False
        self.holds[node.id] = node
        if isinstance(self.store, Listed):
            accepts = self.search.solver.accepts
            return self._list([value for value in self.store.values if accepts(node, value)])
        if node.values is not None:
            return self._list([value for value in node.values if self._admits(value)])
        for constraint in node.constraints:
            if not constraint.types & self.search.kind:
                continue
            if isinstance(constraint, Union) and constraint.exclusive:
                self.search.relaxed = True
                if self.search.exact:
                    self._choose(tuple(constraint.exact_cases(self.search.kind)), todo)
                    continue
            self._choose(tuple(constraint.cases(self.search.kind)), todo)
        return True

    def _assume_fails(self, node: Node, todo: list[Case]) -> bool:
        if node.id in self.holds:
            return False
        self.fails[node.id] = node
        if not node.mask & self.search.kind:
            return True
        if isinstance(self.store, Listed):
            accepts = self.search.solver.accepts
            return self._list([value for value in self.store.values if not accepts(node, value)])
        options = node.defects(self.search.kind)
        if not options or self._is_shared(node):
            return False
        self._choose(options, todo)
        return True

    def _is_shared(self, node: Node) -> bool:
        """Tell whether a schema is the same as one that holds."""
        if node.plain:
            return False
        solver = self.search.solver
        solver.budget.spend(len(self.holds) >> 3)
        return any(solver.are_same(held, node) for held in self.holds.values())

    def _choose(self, options: Sequence[Case], todo: list[Case]) -> None:
        if len(options) == 1:
            todo.append(options[0])
        else:
            self.choices.append(options)

    def _list(self, values: list[Json]) -> bool:
        """Go on with these values only; they satisfy all that was assumed, choices included."""
        self.store = Listed(values)
        self.choices, self.unions = [], []
        return bool(values)

    def _admits(self, value: Json) -> bool:
        accepts = self.search.solver.accepts
        self.search.solver.budget.spend()
        return (
            type_of(value) == self.search.kind
            and all(accepts(node, value) for node in self.holds.values())
            and not any(accepts(node, value) for node in self.fails.values())
            and all(fact.holds(value, accepts) for fact in self.facts)
        )
