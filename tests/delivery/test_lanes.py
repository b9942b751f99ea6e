"""The laws of lanes, checked on random sequences of steps against a model that is slow and obvious."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from eventkit.delivery.lanes import Lanes

KEYS = st.sampled_from([None, "a", "b", "c"])
Item = tuple[str | None, int]


class LanesMachine(RuleBasedStateMachine):
    """Items are (key, number), numbered in the order in which they are added."""

    def __init__(self) -> None:
        super().__init__()
        self.added = 0
        self.waiting: list[Item] = []
        self.running: list[Item] = []

    @initialize(limit=st.integers(1, 4))
    def begin(self, limit: int) -> None:
        self.limit = limit
        self.lanes: Lanes[Item] = Lanes(limit)

    @rule(key=KEYS)
    def add(self, key: str | None) -> None:
        item = (key, self.added)
        self.added += 1
        if self.lanes.add(key, item):
            self.waiting.append(item)
        else:
            assert self.lanes.drained

    @rule()
    def start(self) -> None:
        startable = self.startable()
        started = self.lanes.start()
        if started is None:
            assert self.lanes.drained or len(self.running) == self.limit or not startable
            return
        key, item = started
        assert key == item[0]
        assert item in startable, "of each key the first one that waits, and only while none of it runs"
        self.waiting.remove(item)
        self.running.append(item)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        item = data.draw(st.sampled_from(self.running))
        self.running.remove(item)
        self.lanes.finish(item[0])

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        key, number = data.draw(st.sampled_from(self.running))
        self.running.remove((key, number))
        behind = [item for item in self.waiting if key is not None and item[0] == key]
        assert list(self.lanes.fail(key)) == behind, "all that wait behind it leave, in order, and no others"
        self.waiting = [item for item in self.waiting if item not in behind]

    @precondition(lambda self: not self.lanes.drained)
    @rule()
    def drain(self) -> None:
        left = self.lanes.drain()
        assert sorted(left, key=lambda item: item[1]) == self.waiting, "each leaves once"
        for key in ("a", "b", "c"):
            assert [item for item in left if item[0] == key] == [item for item in self.waiting if item[0] == key]
        self.waiting = []

    def startable(self) -> list[Item]:
        busy = {key for key, _ in self.running}
        first: dict[str, Item] = {}
        for item in self.waiting:
            if item[0] is not None and item[0] not in busy:
                first.setdefault(item[0], item)
        return [item for item in self.waiting if item[0] is None] + list(first.values())

    @invariant()
    def the_counts_are_right(self) -> None:
        assert self.lanes.running == len(self.running) <= self.limit
        assert self.lanes.waiting == len(self.waiting)

    @invariant()
    def it_says_whether_something_can_start(self) -> None:
        can_start = bool(self.startable()) and len(self.running) < self.limit and not self.lanes.drained
        assert self.lanes.startable == can_start


LanesMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=60)
TestLaws = LanesMachine.TestCase


def test_no_lane_waits_forever() -> None:
    """A busy key gives way to the others that are ready."""
    lanes: Lanes[str] = Lanes(limit=1)
    for item in ("hot 1", "hot 2", "hot 3", "cold 1"):
        lanes.add(item.partition(" ")[0], item)

    order = []
    while (started := lanes.start()) is not None:
        order.append(started[1])
        lanes.finish(started[0])

    assert order == ["hot 1", "cold 1", "hot 2", "hot 3"]


def test_lanes_that_are_empty_take_no_memory() -> None:
    lanes: Lanes[int] = Lanes(limit=2)
    for number in range(1000):
        lanes.add(f"key {number}", number)
        started = lanes.start()
        assert started is not None
        if number % 2:
            lanes.finish(started[0])
        else:
            lanes.fail(started[0])

    assert vars(lanes)["_behind"] == {}
