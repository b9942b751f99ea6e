"""EK208: events can go in a circle.

A contract does not say which handler publishes what, so a circle is one of services: A publishes an event that B
handles, and B publishes one that A handles. Services that reach each other are one finding, whose path is a shortest
circle through the first of them; more would only repeat it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Contract
from eventkit.verify.finding import Finding, title
from eventkit.verify.rules.topology import CYCLE
from eventkit.verify.traffic import Side, Traffic

_Graph = Mapping[str, Mapping[str, Side]]
"""For each service the services that handle what it publishes, with one such event."""


def cycles(services: Sequence[Contract], traffic: Traffic) -> Iterator[Finding]:
    """Yield EK208 for each group of services that reach each other, where one of the checked services is among them.

    Args:
        services: The services that are checked.
        traffic: Who publishes and who handles what.
    """
    graph = _graph(traffic)
    checked = {contract.service for contract in services}
    for group in _groups(graph):
        start = min(group & checked, default=None)
        if start is not None:
            yield _finding(_circle(graph, start, group))


def _graph(traffic: Traffic) -> _Graph:
    graph: dict[str, dict[str, Side]] = {}
    for name, publishers in traffic.published.items():
        readers = dict.fromkeys(side.service for side in traffic.handled_as(name))
        for publisher in publishers:
            for subscriber in readers:
                graph.setdefault(publisher.service, {}).setdefault(subscriber, publisher)
    return graph


def _groups(graph: _Graph) -> Iterator[set[str]]:
    """Yield the strongly connected components that hold a circle (Kosaraju's algorithm, without recursion)."""
    backward: dict[str, list[str]] = {}
    for service, following in graph.items():
        for other in following:
            backward.setdefault(other, []).append(service)
    seen: set[str] = set()
    for service in reversed(_by_end(graph)):
        group, todo = set(), [service]
        while todo:
            reached = todo.pop()
            if reached not in seen:
                seen.add(reached)
                group.add(reached)
                todo += backward.get(reached, ())
        if len(group) > 1 or service in graph.get(service, {}):
            yield group


def _by_end(graph: _Graph) -> list[str]:
    """Return the services in the order in which a search, depth first, is done with them."""
    done: list[str] = []
    seen: set[str] = set()
    for start in sorted(graph):
        todo = [(start, iter(sorted(graph[start])))] if start not in seen else []
        seen.add(start)
        while todo:
            service, following = todo[-1]
            other = next((name for name in following if name not in seen), None)
            if other is None:
                done.append(service)
                todo.pop()
            else:
                seen.add(other)
                todo.append((other, iter(sorted(graph.get(other, {})))))
    return done


def _circle(graph: _Graph, start: str, group: set[str]) -> list[Side]:
    """Return the publishers on a shortest way from a service of the group back to itself."""
    ways: deque[tuple[str, list[Side]]] = deque([(start, [])])
    seen: set[str] = set()
    while ways:
        service, way = ways.popleft()
        for other in sorted(graph.get(service, {}).keys() & group - seen):
            longer = [*way, graph[service][other]]
            if other == start:
                return longer
            seen.add(other)
            ways.append((other, longer))
    raise ValueError(f"{start} is not on a circle")


def _finding(circle: Sequence[Side]) -> Finding:
    steps = [f"{side.service} publishes {title(side.message.event)}" for side in circle]
    event: EventType = circle[0].message.event
    return Finding(
        code=CYCLE,
        message=f"events can go in a circle: {', '.join(steps)}, which {circle[0].service} handles",
        event=event,
        publisher=circle[0].service,
        spots=tuple(
            spot for side in circle for spot in side.spots(f"{side.service} publishes {title(side.message.event)}")
        ),
        help="nothing, where a handler on the way ends the circle",
    )
