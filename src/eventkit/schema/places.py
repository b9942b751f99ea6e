"""One place of the event on the publisher's side, as the explanation of problems sees it."""

from __future__ import annotations

from collections.abc import Iterator

from eventkit.schema.cases import Case, Found, Outcome
from eventkit.schema.keywords.array_store import ArrayStore
from eventkit.schema.keywords.logic import Union
from eventkit.schema.keywords.object_store import ObjectStore
from eventkit.schema.keywords.objects import ObjectConstraint
from eventkit.schema.nodes import Node
from eventkit.schema.search import Branch
from eventkit.schema.solver import Solver
from eventkit.schema.stores import Listed
from eventkit.schema.values import Json


class Place:
    """One way of the publisher's at one place of the event.

    Args:
        solver: answers questions about it.
        kind: the atomic type of its values.
        branch: what is known of its values, all choices made.
        holds: the publisher's schemas for the place.
        path: the place, as `Problem.path` says it.
        tag: the name and the value of a property that the values all have, if they are told apart by it.
    """

    def __init__(
        self,
        solver: Solver,
        kind: int,
        branch: Branch,
        holds: tuple[Node, ...],
        path: str,
        tag: tuple[str, Json] | None = None,
    ) -> None:
        self.solver = solver
        self.kind = kind
        self.branch = branch
        self.holds = holds
        self.path = path
        self.tag = tag
        self.pointer = holds[0].pointer if holds else "#"

    def explore(self, case: Case) -> Outcome:
        """Find a value here for which a case is true."""
        branch = self.branch
        if not (branch.choices or branch.unions or case.holds or case.fails or isinstance(branch.store, Listed)):
            return branch.search.settle(branch, case)
        return branch.search.explore(branch.copy(), case)

    def confirms(self, outcome: Found, target: Node) -> bool:
        """Tell whether a value is a counterexample here, even if the search for it was not exact."""
        if not self.branch.search.relaxed:
            return True
        accepts, value = self.solver.accepts, outcome.value
        return all(accepts(node, value) for node in self.holds) and not accepts(target, value)

    def assuming(self, case: Case) -> Place:
        """Return this place, restricted to values for which a case is true."""
        branch = self.branch.copy()
        branch.assume(case)
        return Place(self.solver, self.kind, branch, self.holds, self.path, self.tag)

    def names(self) -> list[str]:
        """Return the names that the publisher's schemas mention."""
        store = self.branch.store
        if isinstance(store, ObjectStore):
            return list(store.skeleton.mentioned)
        return list(dict.fromkeys(name for value in self._listed() for name in value))

    def mentions(self, name: str) -> bool:
        """Tell whether the publisher's schemas mention a name."""
        store = self.branch.store
        return name in (store.skeleton.mentioned if isinstance(store, ObjectStore) else self.names())

    def cell(self, name: str) -> tuple[Node, ...]:
        """Return the publisher's schemas for the value of a key."""
        store = self.branch.store
        if isinstance(store, ObjectStore):
            return store.skeleton.cell(name)
        return self._values([value[name] for value in self._listed() if name in value])

    def item(self, index: int) -> tuple[Node, ...]:
        """Return the publisher's schemas for the item at a position."""
        store = self.branch.store
        if isinstance(store, ArrayStore):
            return store.cell(index)
        return self._values([value[index] for value in self._listed() if len(value) > index])

    def by_tag(self, union: Union) -> Iterator[Place]:
        """Yield this place once for each value of the property that tells the union's branches apart."""
        store = self.branch.store
        if isinstance(store, ObjectStore):
            for name in union.tags.names():
                nodes = [node for node in store.skeleton.cell(name) if node.values]
                if store.listed(name) and nodes:
                    for value in nodes[0].values or ():
                        yield self._tagged(name, value, nodes[0])
                    return
        yield self

    def _tagged(self, name: str, value: Json, node: Node) -> Place:
        only = ObjectConstraint()
        only.properties = {name: node.graph.listing(node, [value])}
        branch = self.branch.copy()
        branch.assume(Case("", facts=(only,)))
        return Place(self.solver, self.kind, branch, self.holds, self.path, (name, value))

    def rejected_by(self, target: Node) -> list[Json]:
        """Return the values that the target rejects, where the publisher's values are listed."""
        return [value for value in self._listed() if not self.solver.accepts(target, value)]

    def _listed(self) -> list[Json]:
        store = self.branch.store
        return list(store.values) if isinstance(store, Listed) else []

    def _values(self, values: list[Json]) -> tuple[Node, ...]:
        like = self.holds[0] if self.holds else self.solver.root
        return (like.graph.listing(like, values),)
