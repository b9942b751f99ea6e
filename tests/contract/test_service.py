"""A service: what is declared wrongly is refused while the module is imported."""

import asyncio
import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from pydantic import ValidationError

from eventkit import (
    BusError,
    ConfigurationError,
    DefinitionError,
    Envelope,
    Event,
    EventType,
    PublishError,
    Retry,
    Service,
    publish_to,
)
from eventkit.contract.context import handling


class Paid(Event, type="payment.completed"):
    payment_id: str


class PaidV2(Event, type="payment.completed", version=2):
    payment_id: str
    amount: Decimal | None = None


class PaidV3(Event, type="payment.completed", version=3):
    payment_id: str
    amount: Decimal | None = None
    currency: str = "USD"


class Placed(Event, type="order.placed", key="order_id"):
    order_id: str


class Sink:
    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def publish(self, envelope: Envelope) -> None:
        self.envelopes.append(envelope)


class Host(Sink):
    def __init__(self) -> None:
        super().__init__()
        self.served: list[object] = []

    @asynccontextmanager
    async def serve(self, service: Service, dependencies: tuple[object, ...]) -> AsyncIterator[str]:
        self.served = [service.name, *dependencies]
        yield "worker"
        self.served = []


@pytest.fixture
def service() -> Service:
    return Service("order_service")


@pytest.mark.parametrize("name", [5, "", "Order", "order service", "1st", "order.service", "x" * 64, "order\n"])
def test_a_wrong_name_is_refused(name):
    with pytest.raises(DefinitionError, match="no service name"):
        Service(name)


def test_a_wrong_policy_for_unknown_types_is_refused():
    with pytest.raises(DefinitionError, match="unknown_types='drop' is no policy"):
        Service("order_service", unknown_types="drop")


class TestPublisher:
    async def test_its_call_builds_publishes_and_returns_the_event(self, service):
        @service.publisher
        async def publish_placed(order_id: str) -> Placed:
            """Tell that an order was placed."""
            return Placed(order_id=order_id)

        sink = Sink()
        with publish_to(sink):
            event = await publish_placed("o1")
        assert event == Placed(order_id="o1")
        assert [(e.type, e.source, e.key) for e in sink.envelopes] == [("order.placed", "order_service", "o1")]
        assert publish_placed.__doc__ == "Tell that an order was placed."
        assert [publisher.model for publisher in service.publishers] == [Placed]

    async def test_it_passes_on_the_correlation_of_the_event_being_handled(self, service):
        @service.publisher
        async def publish_placed() -> Placed:
            return Placed(order_id="o1")

        sink = Sink()
        cause = Envelope(id="c", source="shop", type="cart.closed", data=b"{}", correlation="first")
        with publish_to(sink), handling(cause, "order_service"):
            await publish_placed()
        assert (sink.envelopes[0].correlation, sink.envelopes[0].causation) == ("first", "c")

    async def test_tasks_and_threads_inherit_where_events_go_and_what_caused_them(self, service):
        @service.publisher
        async def publish_placed() -> Placed:
            return Placed(order_id="o1")

        def publish_in_a_thread() -> None:
            asyncio.run(publish_placed())

        sink = Sink()
        cause = Envelope(id="c", source="shop", type="cart.closed", data=b"{}")
        with publish_to(sink), handling(cause, "order_service"):
            await asyncio.create_task(publish_placed())
            await asyncio.gather(publish_placed(), publish_placed())
            await asyncio.to_thread(publish_in_a_thread)
        assert [envelope.causation for envelope in sink.envelopes] == ["c"] * 4

    async def test_outside_of_run_it_says_how_to_get_inside(self, service):
        @service.publisher
        async def publish_placed() -> Placed:
            return Placed(order_id="o1")

        with pytest.raises(PublishError, match=r"order_service does not run.*async with order_service.run\(bus\)"):
            await publish_placed()

    async def test_it_publishes_nothing_but_what_it_declares(self, service):
        class More(Placed, type="order.placed"):
            more: int = 1

        @service.publisher
        async def publish_placed(event) -> Placed:
            return event

        sink = Sink()
        with publish_to(sink):
            for wrong in (More(order_id="o1"), {"order_id": "o1"}, None):
                with pytest.raises(PublishError, match=r"returned .*, not Placed"):
                    await publish_placed(wrong)
        assert sink.envelopes == []

    async def test_an_error_in_it_publishes_nothing(self, service):
        @service.publisher
        async def publish_placed() -> Placed:
            raise ValueError("no order")

        sink = Sink()
        with publish_to(sink), pytest.raises(ValueError, match="no order"):
            await publish_placed()
        assert sink.envelopes == []

    def test_it_is_declared_async_and_returns_one_event(self, service):
        def plain() -> Placed: ...
        async def untyped(): ...
        async def no_event() -> dict: ...
        async def optional() -> Placed | None: ...
        async def unnamed() -> Event: ...
        async def unknown() -> "Nowhere": ...  # noqa: F821

        for function, problem in [
            (plain, "is not async"),
            (untyped, "return value of publisher .*untyped has no annotation"),
            (no_event, "is dict, not an event"),
            (optional, "is .*None, not an event"),
            (unnamed, "is Event, which has no type name"),
            (unknown, "'Nowhere' .* is not defined"),
        ]:
            with pytest.raises(DefinitionError, match=problem):
                service.publisher(function)
        assert service.publishers == ()

    def test_several_may_publish_one_event_with_one_model(self, service):
        @service.publisher
        async def first() -> Placed: ...
        @service.publisher
        async def second() -> Placed: ...

        class OtherPlaced(Event, type="order.placed"):
            id: int

        with pytest.raises(DefinitionError, match=r"with two models, Placed and .*OtherPlaced"):

            @service.publisher
            async def third() -> OtherPlaced: ...

        assert len(service.publishers) == 2

    def test_versions_stand_side_by_side_in_the_order_of_definition(self, service):
        @service.publisher
        async def one() -> Paid: ...
        @service.publisher
        async def two() -> PaidV2: ...
        @service.publisher
        async def three() -> Paid: ...

        assert [publisher.model for publisher in service.publishers] == [Paid, PaidV2, Paid]


class TestHandler:
    def test_it_stays_the_function_it_was(self, service):
        async def handle_paid(event: Paid) -> None: ...

        assert service.handler(handle_paid) is handle_paid
        assert service.handlers[0].retry == Retry()

    def test_it_takes_retry_and_timeout(self, service):
        @service.handler(retry=Retry(attempts=2), timeout=None)
        async def handle_paid(event: Paid) -> None: ...

        assert (service.handlers[0].retry.attempts, service.handlers[0].timeout) == (2, None)

    def test_it_is_declared_async_with_an_event_first(self, service):
        def plain(event: Paid) -> None: ...
        async def nothing() -> None: ...
        async def untyped(event) -> None: ...
        async def as_dict(event_data: dict) -> None: ...
        async def unnamed(event: Event) -> None: ...
        async def untyped_dependency(event: Paid, orders) -> None: ...
        async def many(event: Paid, *rest: int) -> None: ...

        for function, problem in [
            (plain, "is not async"),
            (nothing, "takes no event"),
            (untyped, "parameter 'event' of handler .* has no annotation"),
            (as_dict, "is dict, not an event.*declare it: async def"),
            (unnamed, r"is Event, which has no type name.*declare it: async def"),
            (untyped_dependency, "parameter 'orders' of .* has no annotation"),
            (many, r"takes \*rest"),
        ]:
            with pytest.raises(DefinitionError, match=problem) as caught:
                service.handler(function)
            assert "test_service.py:" in str(caught.value)
        assert service.handlers == ()

    def test_an_event_has_one_handler_in_a_service(self, service):
        @service.handler
        async def first(event: Paid) -> None: ...

        class OtherReader(Event, type="payment.completed"): ...

        with pytest.raises(
            DefinitionError, match=r"two handlers of payment.completed v1, .*first \(.*:\d+\) and .*second"
        ):

            @service.handler
            async def second(event: OtherReader) -> None: ...

    def test_a_retry_is_one(self, service):
        async def handle_paid(event: Paid) -> None: ...

        with pytest.raises(DefinitionError, match=r"retry=3 of .*handle_paid.*give Retry\(attempts"):
            service.handler(retry=3)(handle_paid)

    @pytest.mark.parametrize("timeout", [0, -1, float("nan"), "5"])
    def test_a_timeout_is_positive(self, service, timeout):
        async def handle_paid(event: Paid) -> None: ...

        with pytest.raises(DefinitionError, match=f"timeout={timeout!r}"):
            service.handler(timeout=timeout)(handle_paid)


class TestUpcaster:
    @pytest.fixture
    def service(self, service):
        @service.handler
        async def handle_paid(event: PaidV3) -> None: ...

        @service.upcaster
        def from_1(old: Paid) -> PaidV2:
            return PaidV2(payment_id=old.payment_id)

        @service.upcaster
        def from_2(old: PaidV2) -> PaidV3:
            return PaidV3(payment_id=old.payment_id, amount=old.amount)

        return service

    def test_a_reader_of_a_new_version_understands_the_old_ones(self, service):
        readers = service.readers()
        assert sorted(readers) == [EventType("payment.completed", version) for version in (1, 2, 3)]
        assert readers[EventType("payment.completed", 1)].read(b'{"payment_id": "p1"}') == PaidV3(payment_id="p1")
        assert readers[EventType("payment.completed", 2)].read(b'{"payment_id": "p1", "amount": 2}').amount == 2
        with pytest.raises(ValidationError):
            readers[EventType("payment.completed", 1)].read(b"{}")

    def test_a_handler_of_the_old_version_itself_comes_first(self, service):
        @service.handler
        async def handle_old(event: Paid) -> None: ...

        assert service.readers()[EventType("payment.completed", 1)].handler.function is handle_old

    def test_it_leads_upwards_within_one_event(self, service):
        def down(old: PaidV3) -> PaidV2: ...
        def aside(old: Placed) -> PaidV3: ...
        def twice(old: Paid) -> PaidV3: ...
        def more(old: PaidV2, orders: int) -> PaidV3: ...

        for function, problem in [
            (more, r"more takes more than the event.*declare it: def upcast"),
            (down, "turns payment.completed v3 into payment.completed v2"),
            (aside, "turns order.placed v1 into payment.completed v3"),
            (twice, "two upcasters from payment.completed v1"),
        ]:
            with pytest.raises(DefinitionError, match=problem):
                service.upcaster(function)

    def test_it_is_no_coroutine_function(self, service):
        async def later(old: Paid) -> PaidV2: ...

        with pytest.raises(DefinitionError, match=r"the upcaster .*later is async.*declare it with `def`"):
            service.upcaster(later)

    def test_it_returns_what_it_declares(self):
        service = Service("order_service")

        @service.handler
        async def handle_paid(event: PaidV2) -> None: ...

        @service.upcaster
        def from_1(old: Paid) -> PaidV2:
            return {"payment_id": old.payment_id}

        reader = service.readers()[EventType("payment.completed", 1)]
        with pytest.raises(DefinitionError, match=r"upcaster .*from_1 returned dict, not PaidV2"):
            reader.read(b'{"payment_id": "p1"}')

    def test_it_must_lead_to_the_reader_model_of_a_handler(self):
        service = Service("order_service")

        @service.upcaster
        def from_1(old: Paid) -> PaidV2: ...

        with pytest.raises(DefinitionError, match=r"nothing in order_service handles payment.completed v2"):
            service.readers()

        class OtherV2(Event, type="payment.completed", version=2): ...

        @service.handler
        async def handle(event: OtherV2) -> None: ...

        with pytest.raises(DefinitionError, match=r"returns PaidV2, and the reader model .* is .*OtherV2"):
            service.readers()


class TestRun:
    async def test_the_bus_serves_the_service_while_the_block_runs(self, service):
        @service.publisher
        async def publish_placed() -> Placed:
            return Placed(order_id="o1")

        host = Host()
        async with service.run(host, "orders") as worker:
            assert (worker, host.served) == ("worker", ["order_service", "orders"])
            await publish_placed()
        assert len(host.envelopes) == 1
        with pytest.raises(PublishError):
            await publish_placed()

    async def test_it_runs_once_and_can_run_again(self, service):
        async with service.run(Host()):
            with pytest.raises(ConfigurationError, match="runs already"):
                async with service.run(Host()):
                    pass
        async with service.run(Host()):
            pass

    async def test_a_sink_set_for_the_block_comes_before_the_bus(self, service):
        @service.publisher
        async def publish_placed() -> Placed:
            return Placed(order_id="o1")

        host, sink = Host(), Sink()
        with service.publishing(host):
            with publish_to(sink):
                await publish_placed()
            await publish_placed()
        assert (len(sink.envelopes), len(host.envelopes)) == (1, 1)


def test_errors_travel_between_processes_whole():
    error = pickle.loads(pickle.dumps(BusError("no bus", where="sqlite:///x", mend="make one")))
    assert (type(error), str(error), error.mend) == (BusError, "no bus (sqlite:///x); make one", "make one")


@pytest.mark.parametrize(
    "setting",
    [
        {"attempts": 0},
        {"attempts": 2.5},
        {"attempts": "3"},
        {"delay": -1},
        {"delay": float("nan")},
        {"max_delay": float("inf")},
        {"factor": 0.5},
        {"delay": 9, "max_delay": 3},
        {"jitter": 2},
        {"crashes": 0},
        {"give_up_on": ValueError},
        {"give_up_on": [ValueError]},
        {"give_up_on": (ValueError(),)},
        {"give_up_on": (KeyboardInterrupt,)},
    ],
)
def test_a_retry_out_of_range_is_refused(setting):
    with pytest.raises(DefinitionError, match=rf"Retry\({list(setting)[-1]}=.*give a"):
        Retry(**setting)
