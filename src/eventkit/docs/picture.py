"""A picture of who publishes to whom: the services on an ellipse, an arrow for each pair.

The drawing is the same for the same links, on every machine: services that talk with each other are moved together by
exchanging two of them while that shortens the arrows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eventkit.docs.catalog import Link

MOST_SERVICES: Final = 60
"""More than these cannot be told apart in one picture."""

_MOST_ROUNDS: Final = 4
"""How often all exchanges are tried; later rounds hardly change anything."""

_BOX_HEIGHT: Final = 36
_CHARACTER: Final = 7.8
_PADDING: Final = 28
_MARGIN: Final = 24
_LEAST_ACROSS: Final = 260.0
_LEAST_DOWN: Final = 90.0
_INWARD: Final = 0.45
"""How far an arrow bends to the middle of the picture, as part of the way: past the boxes beside its own."""
_ASIDE: Final = 0.12
"""How far it bends to its side, as part of its length: the arrow back bends to the other one."""


@dataclass(frozen=True, slots=True)
class Box:
    """A service in the picture: its middle, and its size."""

    service: str
    x: float
    y: float
    width: float
    height: float = _BOX_HEIGHT

    @property
    def left(self) -> float:
        """The left edge."""
        return round(self.x - self.width / 2, 1)

    @property
    def top(self) -> float:
        """The upper edge."""
        return round(self.y - self.height / 2, 1)


@dataclass(frozen=True, slots=True)
class Arrow:
    """A link in the picture: the path in SVG's words, and where its number stands."""

    link: Link
    path: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be drawn."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def picture_of(links: Sequence[Link]) -> Picture | None:
    """Return the picture of some links; None where there is nothing to draw, or more than can be told apart."""
    services = sorted({service for link in links for service in (link.publisher, link.subscriber)})
    if not services or len(services) > MOST_SERVICES:
        return None
    ring = _arranged(services, links)
    widest = max(len(service) for service in ring) * _CHARACTER + _PADDING
    across = max(_LEAST_ACROSS, len(ring) * widest / 5.5)
    down = max(_LEAST_DOWN, len(ring) * _BOX_HEIGHT / 1.5)
    width, height = 2 * across + widest + 2 * _MARGIN, 2 * down + _BOX_HEIGHT + 4 * _MARGIN
    boxes = {}
    for index, service in enumerate(ring):
        angle = 2 * math.pi * index / len(ring) - math.pi / 2
        x, y = width / 2 + across * math.cos(angle), height / 2 + down * math.sin(angle)
        boxes[service] = Box(service, round(x, 1), round(y, 1), round(len(service) * _CHARACTER + _PADDING, 1))
    middle = (width / 2, height / 2)
    arrows = tuple(_arrow(link, boxes[link.publisher], boxes[link.subscriber], middle) for link in links)
    return Picture(round(width, 1), round(height, 1), tuple(boxes[service] for service in services), arrows)


def _arranged(services: list[str], links: Sequence[Link]) -> list[str]:
    """Return the services in an order around the ring in which those that talk with each other are near."""
    ring = list(services)
    best = _length(ring, links)
    for _ in range(_MOST_ROUNDS):
        before = best
        for first in range(len(ring)):
            for second in range(first + 1, len(ring)):
                ring[first], ring[second] = ring[second], ring[first]
                length = _length(ring, links)
                if length < best:
                    best = length
                else:
                    ring[first], ring[second] = ring[second], ring[first]
        if best == before:
            break
    return ring


def _length(ring: list[str], links: Sequence[Link]) -> int:
    """Return how many places apart on the ring the two ends of all links are, in sum."""
    places = {service: index for index, service in enumerate(ring)}
    total = 0
    for link in links:
        apart = abs(places[link.publisher] - places[link.subscriber])
        total += min(apart, len(ring) - apart)
    return total


def _arrow(link: Link, source: Box, target: Box, middle: tuple[float, float]) -> Arrow:
    if source is target:
        x, y = source.x, source.top
        path = f"M{x - 18:.1f} {y:.1f}C{x - 34:.1f} {y - 40:.1f} {x + 34:.1f} {y - 40:.1f} {x + 18:.1f} {y:.1f}"
        return Arrow(link, path, round(x, 1), round(y - 30, 1))
    over, down = target.x - source.x, target.y - source.y
    bend_x, bend_y = (source.x + target.x) / 2, (source.y + target.y) / 2
    bend_x += (middle[0] - bend_x) * _INWARD - down * _ASIDE
    bend_y += (middle[1] - bend_y) * _INWARD + over * _ASIDE
    start_x, start_y = _edge(source, bend_x, bend_y)
    end_x, end_y = _edge(target, bend_x, bend_y)
    path = f"M{start_x:.1f} {start_y:.1f}Q{bend_x:.1f} {bend_y:.1f} {end_x:.1f} {end_y:.1f}"
    # The middle of the curve: a quarter of each end and half of the bend.
    middle_x, middle_y = (start_x + end_x + 2 * bend_x) / 4, (start_y + end_y + 2 * bend_y) / 4
    return Arrow(link, path, round(middle_x, 1), round(middle_y, 1))


def _edge(box: Box, x: float, y: float) -> tuple[float, float]:
    """Return where the line from a box's middle to a point leaves the box."""
    over, down = x - box.x, y - box.y
    sides = [box.width / 2 / abs(over)] if over else []
    sides += [box.height / 2 / abs(down)] if down else []
    part = min([*sides, 1.0])
    return box.x + over * part, box.y + down * part
