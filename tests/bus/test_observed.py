"""`telemetry=True`: what OpenTelemetry is told, by its own SDK."""

from __future__ import annotations

import functools
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from opentelemetry import context, metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from eventkit import ConfigurationError, Envelope, Event, PublishError, Retry, Service, connect
from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import new_id
from eventkit.contract.tracing import TRACING, TraceContext
from eventkit.delivery import telemetry
from eventkit.testing.conformance.operations import OperationsConformance
from eventkit.testing.conformance.services import ServiceConformance
from eventkit.testing.conformance.support import BusFactory
from tests.delivery.running import until

ZERO_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class OrderCreated(Event, type="order.created", key="order_id"):
    order_id: str


class OrderPaid(Event, type="order.paid"):
    order_id: str


class Told:
    """What OpenTelemetry was told since the test began."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()

    def spans(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name == name]

    def span(self, name: str) -> ReadableSpan:
        [span] = self.spans(name)
        return span

    def points(self, name: str) -> list[Any]:
        """Return the data points of a metric."""
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """Configure OpenTelemetry as a program does, for one test: the API allows that once in a process."""
    told = Told()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(told.exporter))
    meters = MeterProvider([told.reader])
    monkeypatch.setattr(trace, "get_tracer", lambda name: tracers.get_tracer(name))
    monkeypatch.setattr(metrics, "get_meter", lambda name: meters.get_meter(name))
    telemetry._instruments.cache_clear()
    yield told
    telemetry._instruments.cache_clear()
    monkeypatch.setattr(TRACING, "context", None)
    tracers.shutdown()
    meters.shutdown()


class Ledger:
    def __init__(self, errors: list[Exception]) -> None:
        self.errors = errors
        self.traces: list[TraceContext | None] = []


service = Service("shop")


@service.publisher
async def publish_order_created(order_id: str) -> OrderCreated:
    return OrderCreated(order_id=order_id)


@service.publisher
async def publish_order_paid(order_id: str) -> OrderPaid:
    return OrderPaid(order_id=order_id)


@service.handler(retry=Retry(attempts=2, delay=0.01))
async def handle_order_created(event: OrderCreated, envelope: Envelope, ledger: Ledger) -> None:
    if ledger.errors:
        raise ledger.errors.pop()
    ledger.traces.append(envelope.trace)
    await publish_order_paid(event.order_id)


@asynccontextmanager
async def shop(*errors: Exception) -> AsyncIterator[tuple[Bus, Ledger, Any]]:
    ledger = Ledger(list(errors))
    async with connect("memory://", telemetry=True) as bus, service.run(bus, ledger) as worker:
        yield bus, ledger, worker


class TestWithoutProvider(ServiceConformance, OperationsConformance):
    """Where nobody listens, it does what the bus does by itself."""

    @pytest.fixture
    def bus_factory(self, monkeypatch: pytest.MonkeyPatch) -> BusFactory:
        monkeypatch.setattr(TRACING, "context", None)  # puts it back after the test
        return functools.partial(connect, "memory://", telemetry=True)


class TestTraces:
    async def test_handling_is_linked_to_publishing_and_publishing_in_it_is_a_part_of_it(self, told: Told) -> None:
        async with shop() as (_, ledger, worker):
            with trace.get_tracer("test").start_as_current_span("request") as request:
                await publish_order_created("o-1")
            await until(lambda: worker.counters.handled)

        published, handled = told.span("publish order.created"), told.span("process order.created")
        paid = told.span("publish order.paid")
        assert (published.kind, handled.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
        assert published.parent == request.get_span_context()
        assert handled.parent is None
        assert [link.context.span_id for link in handled.links] == [published.context.span_id]
        assert handled.context.trace_id != published.context.trace_id
        assert paid.parent is not None
        assert (paid.parent.span_id, paid.context.trace_id) == (handled.context.span_id, handled.context.trace_id)
        [carried] = ledger.traces
        assert carried is not None
        assert carried.traceparent.startswith(f"00-{published.context.trace_id:032x}-{published.context.span_id:016x}-")

    async def test_spans_have_the_attributes_of_the_conventions(self, told: Told) -> None:
        async with shop() as (_, _, worker):
            await publish_order_created("o-1")
            await until(lambda: worker.counters.handled)

        published, handled = told.span("publish order.created"), told.span("process order.created")
        message = published.attributes["messaging.message.id"]
        assert dict(published.attributes) == {
            "messaging.system": "memory",
            "messaging.operation.name": "publish",
            "messaging.operation.type": "send",
            "messaging.destination.name": "order.created",
            "messaging.message.id": message,
            "messaging.message.conversation_id": message,
            "messaging.message.body.size": len(b'{"order_id":"o-1"}'),
        }
        assert dict(handled.attributes) == {
            **published.attributes,
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.consumer.group.name": "shop",
            "eventkit.attempt": 1,
            "eventkit.outcome": "done",
        }

    async def test_each_call_has_a_span_and_failures_are_errors(self, told: Told) -> None:
        async with shop(ValueError("no"), KeyError("x")) as (_, _, worker):
            await publish_order_created("o-1")
            await until(lambda: worker.counters.dead)

        again, dead = told.spans("process order.created")
        assert [each.status.status_code for each in (again, dead)] == [StatusCode.ERROR, StatusCode.ERROR]
        assert (again.status.description, dead.status.description) == ("KeyError: 'x'", "ValueError: no")
        names = ("eventkit.attempt", "eventkit.outcome", "eventkit.reason", "error.type")
        assert [tuple(each.attributes.get(name) for name in names) for each in (again, dead)] == [
            (1, "again", None, "KeyError"),
            (2, "dead", "failed", "ValueError"),
        ]

    async def test_an_event_that_is_not_valid_has_one_too(self, told: Told) -> None:
        async with shop() as (bus, _, worker):
            await bus.publish(Envelope(id="a", source="shop", type="order.created", data=b"{}"))
            await until(lambda: worker.counters.dead)

        span = told.span("process order.created")
        assert (span.attributes["error.type"], span.attributes["eventkit.reason"]) == ("invalid", "invalid")

    async def test_a_trace_that_an_event_brings_goes_on(self, told: Told) -> None:
        async with shop() as (bus, _, _):
            with trace.get_tracer("test").start_as_current_span("relay"):
                await bus.publish(Envelope(id="a", source="shop", type="a.b", data=b"{}", traceparent=ZERO_TRACE))

        span = told.span("publish a.b")
        assert f"{span.context.trace_id:032x}" == ZERO_TRACE.split("-")[1]
        assert f"{span.parent.span_id:016x}" == ZERO_TRACE.split("-")[2]

    async def test_what_tracing_systems_note_goes_with_the_trace(self, told: Told) -> None:
        async with shop() as (_, ledger, worker):
            carried = {"traceparent": ZERO_TRACE, "tracestate": "vendor=1,other=a b"}
            token = context.attach(TraceContextTextMapPropagator().extract(carried))
            try:
                await publish_order_created("o-1")
            finally:
                context.detach(token)
            await until(lambda: worker.counters.handled)

        [found] = ledger.traces
        assert found is not None
        assert (found.traceparent[:36], found.tracestate) == (ZERO_TRACE[:36], "vendor=1,other=a b")
        handled = told.span("process order.created")
        assert handled.links[0].context.trace_state.to_header() == "vendor=1,other=a b"

    async def test_what_was_noted_in_another_trace_stays_behind(self, told: Told) -> None:
        async with shop() as (bus, ledger, worker):
            with trace.get_tracer("test").start_as_current_span("request"):
                data, noted = b'{"order_id":"o-1"}', {"tracestate": "vendor=1", "tenant": "a"}
                await bus.publish(
                    Envelope(id="a", source="shop", type="order.created", data=data, traceparent="?", extensions=noted)
                )
            await until(lambda: worker.counters.handled)

        [found] = ledger.traces
        assert found is not None
        assert (found.traceparent != "?", found.tracestate) == (True, "")

    async def test_one_that_cannot_be_read_is_left_aside(self, told: Told) -> None:
        async with shop() as (bus, _, worker):
            await bus.publish(Envelope(id="a", source="shop", type="order.created", data=b"{}", traceparent="nonsense"))
            await until(lambda: worker.counters.dead)

        assert told.span("publish order.created").parent is None

    async def test_what_is_stored_elsewhere_first_carries_the_trace_in_which_it_was_made(self, told: Told) -> None:
        async with shop():
            with trace.get_tracer("test").start_as_current_span("request") as request:
                envelope = Envelope.of(OrderPaid(order_id="o-1"), source="shop")

        assert envelope.traceparent is not None
        assert f"{request.get_span_context().span_id:016x}" in envelope.traceparent

    async def test_what_was_not_stored_is_an_error(self, told: Told) -> None:
        bus = connect("memory://", telemetry=True)
        with pytest.raises(PublishError):
            await bus.publish(Envelope(id=new_id(), source="shop", type="a.b", data=b"{}"))

        span = told.span("publish a.b")
        assert (span.attributes["error.type"], span.status.status_code) == ("PublishError", StatusCode.ERROR)


class TestMetrics:
    async def test_published_and_handled_events_are_counted_and_timed(self, told: Told) -> None:
        async with shop() as (_, _, worker):
            for number in range(3):
                await publish_order_created(f"o-{number}")
            await until(lambda: worker.counters.handled == 3)

            sent = {
                point.attributes["messaging.destination.name"]: point.value
                for point in told.points("messaging.client.sent.messages")
            }
            assert sent == {"order.created": 3, "order.paid": 3}
            [consumed] = told.points("messaging.client.consumed.messages")
            [processing] = told.points("messaging.process.duration")
            operations = told.points("messaging.client.operation.duration")
            assert (consumed.value, processing.count) == (3, 3)
            assert sorted(point.count for point in operations) == [3, 3]
            assert dict(consumed.attributes) == {
                "messaging.system": "memory",
                "messaging.operation.name": "process",
                "messaging.operation.type": "process",
                "messaging.destination.name": "order.created",
                "messaging.consumer.group.name": "shop",
            }

    async def test_outcomes_are_counted(self, told: Told) -> None:
        async with shop(ValueError("no"), ValueError("no"), KeyError("x")) as (_, _, worker):
            await publish_order_created("o-1")
            await until(lambda: worker.counters.dead)
            await publish_order_created("o-2")
            await until(lambda: worker.counters.handled)

            counted = {
                tuple(
                    point.attributes.get(name) for name in ("eventkit.outcome", "eventkit.reason", "error.type")
                ): point.value
                for point in told.points("eventkit.deliveries")
            }
        assert counted == {
            ("again", None, "KeyError"): 1,
            ("dead", "failed", "ValueError"): 1,
            ("again", None, "ValueError"): 1,
            ("done", None, None): 1,
        }

    async def test_what_waits_is_told_while_the_service_runs(self, told: Told) -> None:
        async with shop(*[ValueError("no")] * 2) as (_, _, worker):
            await publish_order_created("o-1")
            await until(lambda: worker.counters.dead and not worker.in_flight)
        async with shop():
            await until(lambda: told.points("eventkit.lag.messages"))

            lag = {
                (point.attributes["eventkit.domain"], point.attributes["eventkit.state"]): point.value
                for point in told.points("eventkit.lag.messages")
            }
            assert lag == {("order", state): 0 for state in ("waiting", "out", "retrying", "dead")}
            [in_flight] = told.points("eventkit.in_flight")
            [age] = told.points("eventkit.lag.age")
            assert (in_flight.value, age.value) == (0, 0)
            assert in_flight.attributes["messaging.consumer.group.name"] == "shop"
        assert told.points("eventkit.in_flight") == []


class TestGroupsWithOtherNames:
    async def test_they_are_told_as_the_broker_calls_them(self, told: Told) -> None:
        ledger = Ledger([])
        async with (
            connect("memory://", telemetry=True, groups={"shop": "counter"}) as bus,
            service.run(bus, ledger) as worker,
        ):
            await publish_order_created("o-1")
            await until(lambda: worker.counters.handled and told.points("eventkit.lag.messages"))

            points = [
                point
                for name in (
                    "messaging.process.duration",
                    "eventkit.deliveries",
                    *(each.value for each in telemetry.Gauge),
                )
                for point in told.points(name)
            ]

        named = "messaging.consumer.group.name"
        assert {point.attributes[named] for point in points} == {"counter"}
        assert told.span("process order.created").attributes[named] == "counter"

    @pytest.mark.parametrize(
        ("url", "called"),
        [
            ("memory://", "payments"),
            ("nats://host?prefix=a-", "payments"),
            ("redis://host?prefix=a", "payments"),
            ("amqp://host?prefix=a-", "a-payments"),
            ("kafka://host?prefix=a-", "a-payments"),
        ],
    )
    def test_a_prefix_is_a_part_of_the_name_where_the_broker_sees_it_so(
        self, url: str, called: str, told: Told
    ) -> None:
        bus = connect(url, telemetry=True, groups={"payment_service": "payments"})

        assert bus.group_of("payment_service") == called
        assert bus.group_of("other") == called.replace("payments", "other")


class TestSwitch:
    def test_it_is_off_by_default(self) -> None:
        assert type(connect("memory://")).__name__ == "MemoryBus"

    def test_a_url_may_turn_it_on(self, told: Told) -> None:
        assert type(connect("memory://?telemetry=true")).__name__ == "ObservedBus"
        with pytest.raises(ConfigurationError, match="telemetry='yes' is not true or false"):
            connect("memory://?telemetry=yes")

    @pytest.mark.parametrize("url", ["nats://one:4222,two:4222", "kafka://one:9092,two"])
    def test_a_url_may_name_several_hosts(self, url: str, told: Told) -> None:
        assert connect(url, telemetry=True).url == url

    def test_a_program_may_configure_opentelemetry_later(self) -> None:
        program = textwrap.dedent("""
            import asyncio
            from opentelemetry import trace
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import SimpleSpanProcessor
            from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
            from eventkit import Envelope, connect

            async def main():
                exporter, tracers = InMemorySpanExporter(), TracerProvider()
                tracers.add_span_processor(SimpleSpanProcessor(exporter))
                async with connect("memory://", telemetry=True) as bus, asyncio.timeout(60):
                    await bus.publish(Envelope(id="a", source="a", type="a.b", data=b"{}"))
                    trace.set_tracer_provider(tracers)
                    while not exporter.get_finished_spans():
                        await bus.publish(Envelope(id="a", source="a", type="a.b", data=b"{}"))
                        await asyncio.sleep(0.01)

            asyncio.run(main())
        """)
        subprocess.run([sys.executable, "-c", program], check=True)

    def test_without_it_opentelemetry_is_not_imported(self) -> None:
        program = "import sys, eventkit; eventkit.connect('memory://'); sys.exit('opentelemetry' in sys.modules)"
        subprocess.run([sys.executable, "-c", program], check=True)

    def test_without_the_extra_it_is_named(self) -> None:
        hidden = "import sys; sys.modules['opentelemetry'] = None"
        program = f"{hidden}\nfrom eventkit import connect\nconnect('memory://', telemetry=True)"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert "traces and metrics need an extra" in done.stderr
        assert '"eventkit-contracts[otel]"' in done.stderr
