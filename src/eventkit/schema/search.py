"""The search for a value within one type: facts are gathered in a store, and choices are tried one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from eventkit.schema.budget import OutOfBudget, Undecided
from eventkit.schema.cases import EMPTY, Case, Empty, Fact, Found, Outcome, Store, Unsure
from eventkit.schema.keywords.logic import Union
from eventkit.schema.keywords.object_facts import Violates
from eventkit.schema.keywords.object_store import ObjectStore
from eventkit.schema.nodes import Node
from eventkit.schema.samples import Hints
from eventkit.schema.stores import Listed, empty_store
from eventkit.schema.values import Json, type_of

if TYPE_CHECKING:
    from eventkit.schema.solver import Solver

_FEW = 64
_MANY = 3
_SMALL = 2
_COMPARED = 8
"""Of so many counterexamples the smallest is taken, unless one is small anyway."""


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
            left = branch.left_of(branch.unions.pop())
            if len(left) >= _MANY and case.holds and (outcome := self._by_sample(branch, case.holds, left)) is not None:
                return outcome
            if not branch.assume(Case("", fails=left)):
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

    def _by_sample(self, branch: Branch, holds: tuple[Node, ...], left: tuple[Node, ...]) -> Outcome | None:
        """Decide without a search that all branches of a union fail, by a value that some schemas hold for, or not.

        If no branch takes the value, it is found. If one takes it, that may be the branch that takes all such values.
        """
        accepts = self.solver.accepts
        outcome = self.solver.solve(holds, ())
        if not isinstance(outcome, Found) or type_of(outcome.value) != self.kind:
            return None
        try:
            taking = [node for node in left if accepts(node, outcome.value)]
            if not taking:
                put_off = (node for union in branch.unions for node in union.branches)
                fits = branch.admits(outcome.value) and not any(accepts(node, outcome.value) for node in put_off)
                return outcome if fits else None
        except OutOfBudget:
            raise
        except Undecided:
            return None
        if len(taking) <= _SMALL and any(isinstance(self.solver.solve(holds, (node,)), Empty) for node in taking):
            return EMPTY
        return None

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
        fact = option.facts[0] if len(option.facts) == 1 else None
        if isinstance(fact, Violates) and isinstance(store, ObjectStore) and store.is_open:
            return store.violating(fact.name, fact.node, self.solver)
        for fact in option.facts:
            store = fact.apply(store) if store is not None else None
        return EMPTY if store is None else store.solve(self.solver)

    def _next_choice(self, branch: Branch) -> Sequence[Case]:
        """Take out the choice with the fewest options that are possible on their own."""
        if len(branch.choices) == 1:
            return branch.choices.pop()
        choices = []
        for options in branch.choices:
            choices.append(self._possible(branch, options))
            if not choices[-1]:  # a contradiction, whatever the others are
                return ()
        branch.choices = choices
        smallest = min(range(len(branch.choices)), key=lambda index: len(branch.choices[index]))
        return branch.choices.pop(smallest)

    def _possible(self, branch: Branch, options: Sequence[Case]) -> Sequence[Case]:
        possible = []
        for option in branch.sifted(options):
            alone = branch.copy()
            alone.choices = []
            if not isinstance(self.explore(alone, option), Empty):
                possible.append(option)
            if len(possible) > 1 and len(options) > _FEW:
                return options
        return possible


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
            elif case.union is not None and self._may_wait(case.union):
                self.unions.append(case.union)
            else:
                fails.extend(case.fails)
        return True

    def _may_wait(self, union: Union) -> bool:
        """Tell whether it pays to know more before the branches of a union fail: tags may rule some of them out."""
        if not isinstance(self.store, ObjectStore):
            return not isinstance(self.store, Listed)
        try:
            return len(union.branches) >= _MANY or bool(union.tags.names())
        except Undecided:  # a branch is not well formed; perhaps it does not matter
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
            return self._list([value for value in node.values if self.admits(value)])
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

    def admits(self, value: Json) -> bool:
        accepts = self.search.solver.accepts
        self.search.solver.budget.spend()
        return (
            type_of(value) == self.search.kind
            and all(accepts(node, value) for node in self.holds.values())
            and not any(accepts(node, value) for node in self.fails.values())
            and all(fact.holds(value, accepts) for fact in self.facts)
        )
