from eventkit.bus.amqp.suspects import Suspects
from eventkit.bus.amqp.window import Place
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Failure
from eventkit.testing.conformance.support import failure


def place(name: str, attempts: int = 0, failures: tuple[Failure, ...] = ()) -> Place:
    message = Envelope(id=name, source="test", type="order.created", data=b"{}")
    return Place(0, 1, message, attempts=attempts, failures=failures)


class Queue:
    """What is in the queue and not settled."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.suspects = Suspects(self.places.append)

    def came(self, *places: Place) -> None:
        for each in places:
            self.suspects.came(each, len(self.places))

    def finish(self, name: str) -> None:
        [found] = [each for each in self.places if self._name(each) == name]
        self.places.remove(found)
        self.suspects.finished([found], len(self.places))

    @property
    def names(self) -> list[str]:
        return [self._name(each) for each in self.places]

    def _name(self, each: Place) -> str:
        assert isinstance(each.message, Envelope)
        return each.message.id


def test_what_is_not_suspected_is_put_in_at_once() -> None:
    queue = Queue()

    queue.came(place("a"), place("b", attempts=1), place("c", attempts=3, failures=(failure(), failure())))

    assert queue.names == ["a", "b", "c"]


def test_a_suspect_waits_until_nothing_else_is_out_and_is_out_alone() -> None:
    queue = Queue()
    queue.came(place("a"), place("suspect", attempts=2), place("b"), place("c"))

    assert queue.names == ["a"]
    queue.finish("a")
    assert queue.names == ["suspect"]
    queue.finish("suspect")
    assert queue.names == ["b", "c"]
    queue.came(place("d"))
    assert queue.names == ["b", "c", "d"]


def test_events_stay_in_their_order_between_suspects() -> None:
    queue = Queue()
    queue.came(place("one", attempts=2), place("a"), place("two", attempts=2), place("b"))
    order = []
    while queue.names:
        order.append(queue.names)
        queue.finish(queue.names[0])

    assert order == [["one"], ["a"], ["two"], ["b"]]
