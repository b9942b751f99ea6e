"""Whatever happens to the deliveries of a group: none is lost, and those of one key keep their order."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from eventkit.bus.sqlite.claims import RUN, Instance
from eventkit.bus.sqlite.dead_letters import oldest, replay
from eventkit.bus.sqlite.log import prune
from eventkit.bus.sqlite.order import SUSPECT
from eventkit.bus.sqlite.presence import appear
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Again, Dead, Delivery, Done, Reason, Released
from tests.bus.sqlite.tables import FAILURE, Tables, ids

LEASE = 30.0
KEYS = ("k", "l", None)
TYPES = ("a.happened", "b.happened")


@dataclass(eq=False)
class Out:
    """What an instance holds."""

    delivery: Delivery
    until: float


@dataclass
class Model:
    """What the tests know of the group, told without tables: events that are not settled, in their order."""

    open: dict[str | None, list[str]] = field(default_factory=lambda: {key: [] for key in KEYS})
    waiting: dict[str, float] = field(default_factory=dict)
    crashes: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    dead: list[Envelope] = field(default_factory=list)


class Deliveries(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.tables = Tables()
        new, old = self.tables.instance(TYPES, lease=LEASE), self.tables.instance(TYPES[:1], lease=LEASE)
        self.instances: list[Instance] = [new, old]
        self.out: dict[Instance, list[Out]] = {each: [] for each in self.instances}
        self.model = Model()

    # -- what happens

    @rule(key=st.sampled_from(KEYS), types=st.lists(st.sampled_from(TYPES), min_size=1, max_size=3))
    def publish(self, key: str | None, types: list[str]) -> None:
        for type_ in types:
            self.model.open[key].append(self.tables.publish(key, type_))

    @rule(which=st.integers(0, 1), limit=st.sampled_from([1, 2, 3, 100]))
    def claim(self, which: int, limit: int) -> None:
        instance = self.instances[which]
        for each in self.instances:
            self.tables.run(appear, each, None)
        deliveries = self.tables.claim(instance, limit)
        self.forget_ended_leases()
        assert len(deliveries) <= limit
        for key in KEYS[:-1]:
            self.check_key(key, [each for each in deliveries if envelope(each).key == key])
        for delivery in deliveries:
            id_ = envelope(delivery).id
            assert envelope(delivery).type in instance.types
            assert id_ in self.model.open[envelope(delivery).key], "handed out after it was settled"
            assert self.model.waiting.pop(id_, 0.0) <= self.tables.now, "handed out before its retry was due"
            crashes, failures = self.model.crashes.get(id_, 0), self.model.failures.get(id_, 0)
            assert (delivery.attempt, len(delivery.failures)) == (1 + crashes + failures, failures)
            self.out[instance].append(Out(delivery, self.tables.now + LEASE))
        suspects = [out for out in self.all_out() if self.model.crashes.get(envelope(out.delivery).id, 0) >= SUSPECT]
        assert len(suspects) <= 1, "suspects were handed out together"

    def check_key(self, key: str | None, deliveries: list[Delivery]) -> None:
        if not deliveries:
            return
        assert len(deliveries) <= RUN
        assert not [out for out in self.all_out() if envelope(out.delivery).key == key], "the key was out already"
        assert ids(deliveries) == self.model.open[key][: len(deliveries)], "overtaken"

    @precondition(lambda self: any(self.out.values()))
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        instance = data.draw(st.sampled_from([each for each in self.instances if self.out[each]]))
        outs = data.draw(st.lists(st.sampled_from(self.out[instance]), min_size=1, unique=True))
        outcomes = [
            data.draw(
                st.sampled_from(
                    [
                        Done(out.delivery),
                        Released(out.delivery),
                        Again(out.delivery, FAILURE, 50.0),
                        Dead(out.delivery, Reason.FAILED, FAILURE),
                    ]
                )
            )
            for out in outs
        ]
        self.tables.settle(instance, *outcomes)
        for out, outcome in zip(outs, outcomes, strict=True):
            self.out[instance].remove(out)
            id_ = envelope(out.delivery).id
            if isinstance(outcome, Done | Dead):
                self.model.open[envelope(out.delivery).key].remove(id_)
            if isinstance(outcome, Dead):
                self.model.dead.append(envelope(out.delivery))
                self.model.crashes.pop(id_, None)
                self.model.failures.pop(id_, None)
            elif isinstance(outcome, Again):
                self.model.waiting[id_] = self.tables.now + outcome.after
                self.model.failures[id_] = self.model.failures.get(id_, 0) + 1

    @precondition(lambda self: self.model.dead)
    @rule()
    def replay(self) -> None:
        letter, *_ = self.tables.run(oldest, group=None, limit=1)
        envelope = self.model.dead.pop(0)
        assert self.tables.run(replay, [letter.id]) == 1
        self.model.open[envelope.key].append(envelope.id)

    @rule()
    def remove_old_events(self) -> None:
        self.tables.run(prune, 0.0)

    @rule(seconds=st.sampled_from([1.0, 20.0, 31.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.tables.now += seconds

    # -- what must hold in the end

    def teardown(self) -> None:
        """When all leases have ended, the instance that handles everything empties the group."""
        self.tables.now += 1000.0
        for _ in range(1000):
            if not any(self.model.open.values()):
                break
            self.claim(0, 100)
            for out in self.out[self.instances[0]]:
                self.tables.done(self.instances[0], out.delivery)
                self.model.open[envelope(out.delivery).key].remove(envelope(out.delivery).id)
            self.out[self.instances[0]].clear()
        assert not any(self.model.open.values()), "stuck"
        assert self.tables.count("deliveries") == 0

    # -- the model's book-keeping

    def all_out(self) -> list[Out]:
        return [out for outs in self.out.values() for out in outs]

    def forget_ended_leases(self) -> None:
        for outs in self.out.values():
            for out in [each for each in outs if each.until <= self.tables.now]:
                outs.remove(out)
                id_ = envelope(out.delivery).id
                self.model.crashes[id_] = self.model.crashes.get(id_, 0) + 1


def envelope(delivery: Delivery) -> Envelope:
    assert isinstance(delivery.message, Envelope)
    return delivery.message


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(max_examples=100, stateful_step_count=40)
