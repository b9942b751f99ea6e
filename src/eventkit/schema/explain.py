"""What is wrong, place by place: every independent problem of a pair that does not fit.

Publisher and subscriber are walked side by side. At each place, each way of the publisher's is confronted with each
defect of the subscriber's schema, and what the solver can satisfy is either a problem, or leads further down.
"""

from __future__ import annotations

from collections.abc import Iterator

from eventkit.schema import codes
from eventkit.schema.budget import OutOfBudget, Undecided
from eventkit.schema.cases import Case, Found
from eventkit.schema.comparison import Problem
from eventkit.schema.documents import escape
from eventkit.schema.keywords.array_facts import ItemViolates, SomeItemViolates
from eventkit.schema.keywords.logic import AllOf, Union
from eventkit.schema.keywords.object_facts import Absent, KeyFails, Region, SomeKeyViolates, Violates
from eventkit.schema.keywords.types import LISTING
from eventkit.schema.messages import bad_key, message_of, missing, show
from eventkit.schema.nodes import Node
from eventkit.schema.places import Place
from eventkit.schema.samples import Hints
from eventkit.schema.search import Branch, Search
from eventkit.schema.solver import Solver
from eventkit.schema.stores import empty_store
from eventkit.schema.values import ANY, NULL, TYPES_IN, type_names

_MOST_PROBLEMS = 1_000
_MOST_LEAVES = 256
_MOST_COMPARED = 8
"""Branches of a union that are compared to find the nearest."""


class Explainer:
    """Collects the problems of one pair."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._problems: dict[tuple[str, str, str, str], Problem] = {}
        self._walking: set[tuple[tuple[int, ...], int]] = set()

    def problems(self, source: Node, target: Node) -> tuple[Problem, ...]:
        """Return the problems that were found; one without a name of its own if the walk found none."""
        if not self._problems:
            self._add(codes.NO_BETTER_NAME, "", codes.CODES[codes.NO_BETTER_NAME], source.pointer, target.pointer)
        return tuple(self._problems.values())

    def explain(self, source: Node, target: Node) -> None:
        """Walk the pair.

        Raises:
            OutOfBudget: there are no steps left; the problems that were found so far are kept.
        """
        self._walk((source,), target, "")

    def _add(
        self, code: str, path: str, message: str, publisher_pointer: str, subscriber_pointer: str, nearest: str = ""
    ) -> None:
        problem = Problem(code, path, message, publisher_pointer, subscriber_pointer)
        self._problems.setdefault((code, path, subscriber_pointer, nearest), problem)

    def _walk(self, holds: tuple[Node, ...], target: Node, path: str) -> None:
        """Explain why the target rejects some value at a place that satisfies the schemas of `holds`."""
        holds, target = tuple(node.meant for node in holds), target.meant
        key = (tuple(node.id for node in holds), target.id)
        if key in self._walking or len(self._problems) >= _MOST_PROBLEMS:
            return
        if not isinstance(self._solver.solve(holds, (target,)), Found):
            return
        self._walking.add(key)
        accepted = accepted_types(target)
        allowed = ANY
        for node in holds:
            allowed &= node.mask
        sent = TYPES_IN[allowed]
        wrong = 0
        for kind in sent:
            if not kind & accepted and self._can_be_sent(kind, holds):
                wrong |= kind
        if wrong:
            self._types(wrong, accepted, holds, target, path)
        for kind in sent:
            if kind & accepted:
                self._ways(kind, holds, target, path)
        self._walking.remove(key)

    def _ways(self, kind: int, holds: tuple[Node, ...], target: Node, path: str) -> None:
        """Explain each way of the publisher's; what is undecided is no problem that could be named."""
        try:
            for leaf in self._leaves(kind, holds):
                self._defects(Place(self._solver, kind, leaf, holds, path), target)
        except OutOfBudget:
            raise
        except Undecided:
            return

    def _can_be_sent(self, kind: int, holds: tuple[Node, ...]) -> bool:
        return isinstance(self._solver.of_kind(kind, holds, ()), Found)

    def _types(self, wrong: int, accepted: int, holds: tuple[Node, ...], target: Node, path: str) -> None:
        pointer = holds[0].pointer if holds else "#"
        if wrong & NULL and wrong != ANY & ~accepted:
            message = f"the publisher can send null, but the subscriber accepts {type_names(accepted) or 'nothing'}"
            self._add(codes.NULLABLE if accepted else codes.TYPE, path, message, pointer, target.pointer)
        if wrong & ~NULL:
            sent = "any type" if wrong == ANY & ~accepted else type_names(wrong & ~NULL)
            message = f"the publisher can send {sent}, but the subscriber accepts "
            self._add(codes.TYPE, path, message + (type_names(accepted) or "nothing"), pointer, target.pointer)

    def _leaves(self, kind: int, holds: tuple[Node, ...]) -> Iterator[Branch]:
        """Yield the ways in which the publisher's schemas can be satisfied, as far as is plain to see."""
        search, store = Search(self._solver, kind, exact=False), empty_store(kind, Hints(nodes=holds))
        todo: list[tuple[Branch, Case]] = [(Branch(search, store), Case("", holds=holds))]
        for _ in range(_MOST_LEAVES):
            if not todo:
                return
            branch, case = todo.pop()
            if not branch.assume(case):
                continue
            if branch.choices:
                options = branch.choices.pop()
                todo.extend((branch.copy(), option) for option in reversed(options))
            else:
                yield branch

    def _defects(self, place: Place, target: Node) -> None:
        """Explain each defect of the target that some value of one way of the publisher's has."""
        if not target.mask & place.kind:
            self._types(place.kind, accepted_types(target), place.holds, target, place.path)
            return
        for case in place.branch.sifted(target.defects(place.kind)):
            if len(self._problems) >= _MOST_PROBLEMS:
                return
            outcome = place.explore(case)
            if isinstance(outcome, Found) and place.confirms(outcome, target):
                self._report(place, target, case, outcome)

    def _report(self, place: Place, target: Node, case: Case, example: Found) -> None:
        fact = case.facts[0] if len(case.facts) == 1 else None
        if case.union is not None:
            self._union(place, target, case.union, example)
        elif isinstance(fact, Violates):
            path = f"{place.path}/{escape(fact.name)}"
            if not self._is_missing(place, path, fact.name):
                self._walk(place.cell(fact.name), fact.node, path)
        elif isinstance(fact, SomeKeyViolates):
            self._keys(place, target, fact)
        elif isinstance(fact, ItemViolates):
            self._walk(place.item(fact.index), fact.node, f"{place.path}/{fact.index}")
        elif isinstance(fact, SomeItemViolates):
            self._walk(place.item(fact.start), fact.node, f"{place.path}/*")
        elif case.fails and case.keyword not in LISTING:
            *others, violated = case.fails  # the others only tell when the last one matters, as `if` does
            when = Case(case.keyword, facts=case.facts, holds=case.holds, fails=tuple(others))
            self._defects(place.assuming(when), violated)
        else:
            self._keyword(place, target, case, example)

    def _keyword(self, place: Place, target: Node, case: Case, example: Found) -> None:
        """Report a keyword that is violated at this very place."""
        pointer = f"{target.pointer}/{case.keyword}"
        for fact in case.facts:
            if isinstance(fact, Absent):
                message = missing(fact.name, declared=place.mentions(fact.name))
                self._add(codes.REQUIRED, f"{place.path}/{escape(fact.name)}", message, place.pointer, pointer)
                return
            if isinstance(fact, KeyFails):
                name = next(key for key in example.value if not self._solver.accepts(fact.names, key))
                message = bad_key(name, fact.names.raw)
                self._add(codes.PATTERN, place.path, message, place.pointer, pointer)
                return
        code, message = message_of(case.keyword, target.raw, place.rejected_by(target) or [example.value])
        self._add(code, place.path, message, place.pointer, pointer)

    def _is_missing(self, place: Place, path: str, name: str) -> bool:
        """Tell whether a field is undeclared and was reported as such: then nothing is to be said of its type."""
        return not place.mentions(name) and any(
            (problem.code, problem.path) == (codes.REQUIRED, path) for problem in self._problems.values()
        )

    def _keys(self, place: Place, target: Node, fact: SomeKeyViolates) -> None:
        """Explain values of keys that are not named by the subscriber, above all: keys that it forbids."""
        for name in place.names():
            if name not in fact.region:
                continue
            path = f"{place.path}/{escape(name)}"
            if fact.node.mask:
                self._walk(place.cell(name), fact.node, path)
            elif isinstance(self._solver.solve(place.cell(name), ()), Found):
                message = f"the publisher can send the field {show(name)}, which the subscriber forbids"
                self._add(codes.EXTRA_FIELD, path, message, place.pointer, fact.node.pointer)
        others = Region(fact.region.names | set(place.names()), fact.region.others, fact.region.pattern)
        outcome = place.explore(Case("", facts=(SomeKeyViolates(others, fact.node),)))
        if isinstance(outcome, Found):
            accepts = self._solver.accepts
            name = next(key for key, item in outcome.value.items() if key in others and not accepts(fact.node, item))
            path = f"{place.path}/*"
            if fact.node.mask:
                self._walk(place.cell(name), fact.node, path)
            else:
                message = f"the publisher can send undeclared fields such as {show(name)}, which the subscriber forbids"
                self._add(codes.EXTRA_FIELD, path, message, place.pointer, fact.node.pointer)

    def _union(self, place: Place, target: Node, union: Union, example: Found) -> None:
        """Explain why no branch takes the value; if only one branch can be meant, explain what is wrong with it."""
        pointer = f"{target.pointer}/{union.keyword}"
        for narrowed in place.by_tag(union):
            if not isinstance(narrowed.explore(Case("", fails=union.branches, union=union)), Found):
                continue
            meant = [node for node in narrowed.branch.left_of(union) if accepted_types(node) & place.kind]
            if len(meant) == 1:
                self._defects(narrowed, meant[0])
            elif not meant and narrowed.tag:
                name, tag = narrowed.tag
                message = f"the subscriber's union has no branch for {show(name)} = {show(tag)}"
                self._add(codes.DISCRIMINATOR, f"{place.path}/{escape(name)}", message, place.pointer, pointer)
            else:
                self._homeless(narrowed, meant, pointer, example)

    def _homeless(self, place: Place, meant: list[Node], pointer: str, example: Found) -> None:
        """Report a value that no branch takes, with what keeps it from the branch that rejects the fewest things."""
        message = f"no branch of the subscriber's union takes {show(example.value)}"
        nearest = ""
        if len(meant) <= _MOST_COMPARED:
            explained = [(self._problems_of(place, node), node.pointer) for node in meant]
            ranked = sorted(((_rank(found), found, name) for found, name in explained if found), key=lambda row: row[0])
            if ranked and (len(ranked) == 1 or ranked[0][0] < ranked[1][0]):
                _, problems, nearest = ranked[0]
                message += f"; nearest is {nearest}: at {problems[0].path}, {problems[0].message}"
        self._add(codes.UNION, place.path, message, place.pointer, pointer, nearest)

    def _problems_of(self, place: Place, node: Node) -> list[Problem]:
        kept, self._problems = self._problems, {}
        try:
            self._defects(place, node)
        except OutOfBudget:
            return []
        else:
            return list(self._problems.values())
        finally:
            self._problems = kept


def _rank(problems: list[Problem]) -> tuple[int, int]:
    """Return how far a branch is from a value: what is missing tells more than what is wrong with what is there."""
    return sum(problem.code == codes.REQUIRED for problem in problems), len(problems)


def accepted_types(node: Node, above: tuple[int, ...] = ()) -> int:
    """Return the types of which a schema can accept values, as far as its combinations of schemas show."""
    if node.id in above:
        return node.mask
    mask, above = node.mask, (*above, node.id)
    for constraint in node.constraints:
        if isinstance(constraint, AllOf):
            for child in constraint.nodes:
                mask &= accepted_types(child, above)
        elif isinstance(constraint, Union):
            either = 0
            for child in constraint.branches:
                either |= accepted_types(child, above)
            mask &= either
    return mask
