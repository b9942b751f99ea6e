"""Which instance of a group should own which partitions."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b


def shares(members: Collection[str], partitions: int) -> dict[str, frozenset[int]]:
    """Share partitions out: nobody has two more than another, and few move when members come and go.

    Every instance that knows the same members gets the same answer, so that they need not talk about it. Each partition
    goes to the member that wants it most (Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates",
    1998) among those that have room.

    Args:
        members: The names of the instances that are there.
        partitions: How many partitions there are.

    Returns:
        The partitions of each member; empty without members.
    """
    names = sorted(set(members))
    taken: dict[str, set[int]] = {name: set() for name in names}
    if not names:
        return {}
    # Everybody gets the floor, and some one more.
    floor, more = divmod(partitions, len(names))
    for partition in range(partitions):
        room = floor + (sum(len(owned) > floor for owned in taken.values()) < more)
        free = [name for name in names if len(taken[name]) < room]
        taken[max(free, key=lambda name: _wish(name, partition))].add(partition)
    return {name: frozenset(owned) for name, owned in taken.items()}


def _wish(member: str, partition: int) -> bytes:
    return blake2b(f"{partition}:{member}".encode(), digest_size=8).digest()
