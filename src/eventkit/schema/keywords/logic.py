"""`allOf`, `anyOf`, `oneOf`, `not` and `if`/`then`/`else`: how schemas are combined."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eventkit.schema.cases import Accepts, Case, Constraint
from eventkit.schema.keywords.types import union_of_types
from eventkit.schema.tags import Tags
from eventkit.schema.validator import accepted_by_all
from eventkit.schema.values import ANY, Json

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node

KEYWORDS = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else"})


class AllOf:
    """All of these schemas hold; a reference is one that has a single schema."""

    __slots__ = ("keyword", "nodes")
    types = ANY

    def __init__(self, keyword: str, nodes: tuple[Node, ...]) -> None:
        self.keyword = keyword
        self.nodes = nodes

    def cases(self, kind: int) -> tuple[Case, ...]:
        return (Case(self.keyword, holds=self.nodes),)

    def defects(self, kind: int) -> list[Case]:
        return [Case(self.keyword, fails=(node,)) for node in self.nodes]

    def beside(self) -> tuple[Node, ...]:
        return self.nodes

    def accepts(self, value: Json, accepts: Accepts) -> bool:
        return accepted_by_all(((node, value) for node in self.nodes), accepts)


class Union:
    """At least one of these schemas holds (`anyOf`), or exactly one (`oneOf`)."""

    __slots__ = ("branches", "exclusive", "keyword", "tags")
    types = ANY

    def __init__(self, keyword: str, branches: tuple[Node, ...]) -> None:
        self.keyword = keyword
        self.branches = branches
        self.exclusive = keyword == "oneOf"
        self.tags = Tags(branches)

    def cases(self, kind: int) -> list[Case]:
        """Return a case for each branch; that no second branch of a `oneOf` holds is left out here.

        It is an over-approximation that the solver makes good (`exact_cases`) where it matters.
        """
        return [Case(self.keyword, holds=(branch,)) for branch in self.branches]

    def exact_cases(self, kind: int) -> Iterator[Case]:
        """Return a case for each branch of a `oneOf`, in which the other ones fail."""
        for branch in self.branches:
            yield Case(self.keyword, holds=(branch,), fails=self.tags.overlapping(branch, kind))

    def defects(self, kind: int) -> Iterator[Case]:
        yield Case(self.keyword, fails=self.branches, union=self)
        if self.exclusive:
            for branch in self.branches:
                for other in self.tags.overlapping(branch, kind):
                    if branch.id < other.id:
                        yield Case("oneOf", holds=(branch, other))

    def beside(self) -> tuple[Node, ...]:
        return self.branches

    def accepts(self, value: Json, accepts: Accepts) -> bool:
        branches = self.tags.taking(value)
        if not self.exclusive:
            return any(accepts(branch, value) for branch in branches)
        return sum(accepts(branch, value) for branch in branches) == 1


class Not:
    """The schema fails."""

    __slots__ = ("node",)
    types = ANY

    def __init__(self, node: Node) -> None:
        self.node = node

    def cases(self, kind: int) -> tuple[Case, ...]:
        return (Case("not", fails=(self.node,)),)

    def defects(self, kind: int) -> tuple[Case, ...]:
        return (Case("not", holds=(self.node,)),)

    def beside(self) -> tuple[Node, ...]:
        return (self.node,)

    def accepts(self, value: Json, accepts: Accepts) -> bool:
        return not accepts(self.node, value)


class Conditional:
    """Where the condition holds, so does `then`; where it fails, `otherwise` does."""

    __slots__ = ("condition", "otherwise", "then")
    types = ANY

    def __init__(self, condition: Node, then: Node | None, otherwise: Node | None) -> None:
        self.condition = condition
        self.then = then
        self.otherwise = otherwise

    def cases(self, kind: int) -> tuple[Case, ...]:
        if self.then is None and self.otherwise is None:
            return (Case("if"),)  # it only matters for what is unevaluated
        then = () if self.then is None else (self.then,)
        otherwise = () if self.otherwise is None else (self.otherwise,)
        return (
            Case("then", holds=(self.condition, *then)),
            Case("else", holds=otherwise, fails=(self.condition,)),
        )

    def defects(self, kind: int) -> Iterator[Case]:
        if self.then is not None:
            yield Case("then", holds=(self.condition,), fails=(self.then,))
        if self.otherwise is not None:
            yield Case("else", fails=(self.condition, self.otherwise))

    def beside(self) -> tuple[Node, ...]:
        return tuple(node for node in (self.condition, self.then, self.otherwise) if node is not None)

    def accepts(self, value: Json, accepts: Accepts) -> bool:
        consequence = self.then if accepts(self.condition, value) else self.otherwise
        return consequence is None or accepts(consequence, value)


def parse(raw: dict[str, Json], node: Node) -> tuple[Constraint, ...]:
    """Return the constraints that combine schemas."""
    found: list[Constraint] = []
    for keyword in raw:
        if keyword == "allOf":
            found.append(AllOf(keyword, _branches(raw, keyword, node)))
        elif keyword in ("anyOf", "oneOf"):
            if keyword == "oneOf":
                found.extend(_one_of(raw, node))
            elif union_of_types(raw) is None:
                found.append(Union(keyword, _branches(raw, keyword, node)))
        elif keyword == "not":
            found.append(Not(node.test(raw["not"], "/not")))
        elif keyword == "if":
            then = node.beside(raw["then"], "/then") if "then" in raw else None
            otherwise = node.beside(raw["else"], "/else") if "else" in raw else None
            found.append(Conditional(node.test(raw["if"], "/if"), then, otherwise))
    return tuple(found)


def _one_of(raw: dict[str, Json], node: Node) -> Iterator[Union]:
    """Return what `oneOf` demands.

    That a schema is closed must not let a value pass because a second branch, closed, rejects it. So where branches
    can overlap, a closed publisher satisfies one closed branch, and just one of them as they are written.
    """
    union = Union("oneOf", _branches(raw, "oneOf", node))
    if node.setting.closing:
        written = tuple(node.test(branch, f"/oneOf/{index}") for index, branch in enumerate(raw["oneOf"]))
        as_written = Union("oneOf", written)
        if any(as_written.tags.overlapping(branch, ANY) for branch in written):
            yield Union("anyOf", union.branches)
            yield as_written
            return
    yield union


def _branches(raw: dict[str, Json], keyword: str, node: Node) -> tuple[Node, ...]:
    branches = raw[keyword]
    if not isinstance(branches, list) or not branches:
        node.fault(keyword, f"{keyword} must be an array that is not empty")
    return tuple(node.beside(branch, f"/{keyword}/{index}") for index, branch in enumerate(branches))
