"""Traces and metrics of OpenTelemetry, by its semantic conventions for messaging (semconv 1.43, in development).

Publishing makes a PRODUCER span, whose context travels with the event; handling makes a CONSUMER span in a trace of its
own, with a link to it: one event may have many handlers, hours later. The destination is the event's type.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from functools import cache, lru_cache, partial
from time import perf_counter
from typing import Any, Final

from eventkit.contract.attributes import is_attribute
from eventkit.contract.context import Sink
from eventkit.contract.envelope import TRACESTATE, Envelope
from eventkit.contract.errors import MissingExtraError
from eventkit.contract.service import Service
from eventkit.contract.tracing import TRACING, TraceContext
from eventkit.delivery.handlers import Handlers
from eventkit.delivery.policy import describe
from eventkit.delivery.subscription import Again, Dead, Delivery, Done, Outcome, Reason
from eventkit.delivery.watchdog import Slot

try:
    from opentelemetry import context, metrics, trace
    from opentelemetry.metrics import CallbackOptions, Observation
    from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ModuleNotFoundError:
    raise MissingExtraError.of("traces and metrics", "otel") from None

Attributes = dict[str, str | int]


class Gauge(Enum):
    """Numbers of a service that runs, by the names of their metrics."""

    IN_FLIGHT = "eventkit.in_flight"
    LAG = "eventkit.lag.messages"
    AGE = "eventkit.lag.age"


_GAUGES: Final = {
    Gauge.IN_FLIGHT: ("{delivery}", "Deliveries at this instance that are not settled yet."),
    Gauge.LAG: ("{message}", "Events that a service has not handled yet, and its dead letters."),
    Gauge.AGE: ("s", "Age of the oldest event that a service has not handled yet."),
}
Observe = Callable[[], Iterable[tuple[Gauge, float, Attributes]]]

_DURATIONS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Boundaries in seconds that the conventions ask for."""
_NOBODY: Final = (trace.ProxyTracerProvider, trace.NoOpTracerProvider)
_W3C: Final = TraceContextTextMapPropagator()


class _Instruments:
    """The instruments of this process: they have names, and each name one instrument."""

    def __init__(self) -> None:
        self.tracer = trace.get_tracer("eventkit")
        self._traces = False
        self._look_again = 0.0
        meter = metrics.get_meter("eventkit")
        self.sent = meter.create_counter(
            "messaging.client.sent.messages",
            "{message}",
            "Number of messages producer attempted to send to the broker.",
        )
        self.operations = meter.create_histogram(
            "messaging.client.operation.duration",
            "s",
            "Duration of messaging operation initiated by a producer or consumer client.",
            explicit_bucket_boundaries_advisory=_DURATIONS,
        )
        self.consumed = meter.create_counter(
            "messaging.client.consumed.messages",
            "{message}",
            "Number of messages that were delivered to the application.",
        )
        self.processing = meter.create_histogram(
            "messaging.process.duration",
            "s",
            "Duration of processing operation.",
            explicit_bucket_boundaries_advisory=_DURATIONS,
        )
        self.outcomes = meter.create_counter(
            "eventkit.deliveries", "{delivery}", "Deliveries by their outcome: done, again, dead or interrupted."
        )
        self.observers: set[Observe] = set()
        for gauge in Gauge:
            meter.create_observable_gauge(gauge.value, [partial(self._collect, gauge)], *_GAUGES[gauge])

    def traces(self, now: float) -> bool:
        """Tell whether spans go anywhere; until the program configures OpenTelemetry they do not, and none are made.

        Args:
            now: What `perf_counter` says. Whether that has been done is looked for once a second.
        """
        if not self._traces and now >= self._look_again:
            self._look_again = now + 1
            tracer = self.tracer
            provider = trace.get_tracer_provider() if isinstance(tracer, trace.ProxyTracer) else None
            self._traces = not isinstance(tracer, trace.NoOpTracer) and not isinstance(provider, _NOBODY)
        return self._traces

    def _collect(self, gauge: Gauge, options: CallbackOptions) -> list[Observation]:
        return [
            Observation(value, attributes)
            for observe in tuple(self.observers)
            for which, value, attributes in observe()
            if which is gauge
        ]


_instruments: Final = cache(_Instruments)


class Telemetry:
    """What is told of one bus.

    Args:
        system: The broker, as the conventions name it: `kafka`.
        server: Where it is: `server.address`, `server.port`; empty for a bus without a server.
    """

    def __init__(self, system: str, server: Attributes) -> None:
        self._system: Attributes = {"messaging.system": system, **server}
        self._instruments = _instruments()
        # The same again and again; nobody changes them, because OpenTelemetry keeps what it is given.
        self._attributes = lru_cache(maxsize=1024)(self._attributes_of)
        TRACING.context = _current_trace

    async def publish(self, sink: Sink, envelope: Envelope) -> None:
        """Publish an event, and tell of it.

        Args:
            sink: Where to.
            envelope: The event; it takes the trace with it.
        """
        instruments, attributes = self._instruments, self._attributes(envelope.type, "publish", "send")
        begun = perf_counter()
        try:
            if instruments.traces(begun):
                await self._publish_traced(sink, envelope, attributes)
            else:
                await sink.publish(envelope)
        except BaseException as error:
            attributes = {**attributes, "error.type": type(error).__qualname__}
            raise
        finally:
            instruments.sent.add(1, attributes)
            instruments.operations.record(perf_counter() - begun, attributes)

    async def _publish_traced(self, sink: Sink, envelope: Envelope, attributes: Attributes) -> None:
        with self._instruments.tracer.start_as_current_span(
            f"publish {envelope.type}",
            # What was stored in an outbox goes on in the trace in which it was stored.
            _context_of(envelope),
            SpanKind.PRODUCER,
            attributes | _of_message(envelope),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await sink.publish(_carrying(envelope, _trace_of(span)))
            except BaseException as error:
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(Status(StatusCode.ERROR, describe(error)))
                raise

    async def process(
        self, group: str, delivery: Delivery, handling: Coroutine[Any, Any, Outcome | None]
    ) -> Outcome | None:
        """Have a delivery handled, and tell of it.

        Args:
            group: What the broker calls the service's group.
            delivery: The delivery.
            handling: Handles it.
        """
        message = delivery.message
        envelope = message if isinstance(message, Envelope) else None
        destination = envelope.type if envelope else None
        instruments, attributes = self._instruments, self._attributes(destination, "process", "process", group)
        begun = perf_counter()
        try:
            if instruments.traces(begun):
                handling = self._process_traced(envelope, delivery, attributes, handling)
            outcome = await handling
            if isinstance(outcome, Done):
                instruments.outcomes.add(1, self._attributes(destination, "process", "process", group, "done"))
            else:
                further = _of_outcome(outcome)
                if "error.type" in further:
                    attributes = {**attributes, "error.type": further["error.type"]}
                instruments.outcomes.add(1, {**attributes, **further})
        finally:
            instruments.consumed.add(1, attributes)
            instruments.processing.record(perf_counter() - begun, attributes)
        return outcome

    async def _process_traced(
        self,
        envelope: Envelope | None,
        delivery: Delivery,
        attributes: Attributes,
        handling: Coroutine[Any, Any, Outcome | None],
    ) -> Outcome | None:
        cause = _creation_of(envelope) if envelope else None
        own: Attributes = {"eventkit.attempt": delivery.attempt, **(_of_message(envelope) if envelope else {})}
        span = self._instruments.tracer.start_span(
            f"process {envelope.type}" if envelope else "process",
            # Not in the trace of whatever was current when the service was started.
            context.Context(),
            SpanKind.CONSUMER,
            attributes | own,
            [Link(cause)] if cause else [],
        )
        token = context.attach(trace.set_span_in_context(span))
        try:
            outcome = await handling
            span.set_attributes(_of_outcome(outcome))
            if isinstance(outcome, Again | Dead):
                span.set_status(Status(StatusCode.ERROR, outcome.failure.error))
        finally:
            context.detach(token)
            span.end()
        return outcome

    @contextmanager
    def gauges(self, observe: Observe) -> Iterator[None]:
        """Tell of numbers whenever metrics are collected, while the block runs.

        Args:
            observe: Returns them with their attributes; may be called in any thread.
        """

        def observe_here() -> list[tuple[Gauge, float, Attributes]]:
            return [(gauge, value, self._system | attributes) for gauge, value, attributes in observe()]

        self._instruments.observers.add(observe_here)
        try:
            yield
        finally:
            self._instruments.observers.remove(observe_here)

    def _attributes_of(
        self, destination: str | None, name: str, type_: str, group: str | None = None, outcome: str | None = None
    ) -> Attributes:
        attributes = self._system | {"messaging.operation.name": name, "messaging.operation.type": type_}
        if destination is not None:
            attributes["messaging.destination.name"] = destination
        if group is not None:
            attributes["messaging.consumer.group.name"] = group
        if outcome is not None:
            attributes["eventkit.outcome"] = outcome
        return attributes


class ObservedHandlers(Handlers):
    """Handlers that tell of what they do.

    Args:
        service: The service.
        dependencies: The objects that handlers ask for by type.
        telemetry: Whom it is told.
        group: What the broker calls the service's group.

    Raises:
        As `Handlers`.
    """

    def __init__(self, service: Service, dependencies: tuple[object, ...], telemetry: Telemetry, group: str) -> None:
        super().__init__(service, dependencies)
        self._telemetry = telemetry
        self._told_group = group

    async def handle(self, delivery: Delivery, slot: Slot) -> Outcome | None:
        """Call the handler of a delivery; what it does itself is a part of its span."""
        return await self._telemetry.process(self._told_group, delivery, super().handle(delivery, slot))


def _current_trace() -> TraceContext | None:
    return _trace_of(trace.get_current_span())


def _trace_of(span: Span) -> TraceContext | None:
    spot = span.get_span_context()
    if not spot.is_valid:
        return None
    traceparent = f"00-{spot.trace_id:032x}-{spot.span_id:016x}-{spot.trace_flags:02x}"
    return TraceContext(traceparent, spot.trace_state.to_header())


def _carrying(envelope: Envelope, traced: TraceContext | None) -> Envelope:
    """Return an event with the trace context that it is to carry; that which it has where nothing is traced."""
    if traced is None or traced == envelope.trace:
        return envelope
    extensions = {name: value for name, value in envelope.extensions.items() if name != TRACESTATE}
    if is_attribute(traced.tracestate):  # no more of it than an attribute may have
        extensions[TRACESTATE] = traced.tracestate
    return replace(envelope, traceparent=traced.traceparent, extensions=extensions)


def _extracted(traced: TraceContext, into: context.Context) -> context.Context:
    return _W3C.extract({"traceparent": traced.traceparent, "tracestate": traced.tracestate}, into)


def _context_of(envelope: Envelope) -> context.Context:
    """Return the context that an event carries; that of this code where it carries none that can be read."""
    here, carried = context.get_current(), envelope.trace
    return here if carried is None or carried == _current_trace() else _extracted(carried, here)


def _creation_of(envelope: Envelope) -> SpanContext | None:
    """Return the span in which an event was published, if it says."""
    if envelope.trace is None:
        return None
    found = trace.get_current_span(_extracted(envelope.trace, context.Context())).get_span_context()
    return found if found.is_valid else None


def _of_message(envelope: Envelope) -> Attributes:
    found: Attributes = {"messaging.message.id": envelope.id, "messaging.message.body.size": len(envelope.data)}
    if envelope.correlation is not None:
        found["messaging.message.conversation_id"] = envelope.correlation
    return found


def _of_outcome(outcome: Outcome | None) -> Attributes:
    found: Attributes = {"eventkit.outcome": _name_of(outcome)}
    if isinstance(outcome, Dead):
        found["eventkit.reason"] = str(outcome.reason)
    if isinstance(outcome, Again | Dead):
        found["error.type"] = _error_type(outcome)
    return found


def _name_of(outcome: Outcome | None) -> str:
    """Return `done`, `again` or `dead`; `interrupted` where there is no outcome."""
    return "interrupted" if outcome is None else type(outcome).__name__.lower()


def _error_type(outcome: Again | Dead) -> str:
    """Return what went wrong in one of a few words: the class of what the handler raised, or why there was no call."""
    if isinstance(outcome, Dead) and outcome.reason is not Reason.FAILED:
        return str(outcome.reason)
    return outcome.failure.error.partition(":")[0]
