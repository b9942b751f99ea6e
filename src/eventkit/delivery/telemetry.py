"""Traces and metrics of OpenTelemetry, by its semantic conventions for messaging (semconv 1.43, in development).

Publishing makes a PRODUCER span, whose context travels with the event; handling makes a CONSUMER span in a trace of its
own, with a link to it: one event may have many handlers, hours later. The destination is the event's type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import cache, partial
from time import perf_counter
from typing import Final

from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import MissingExtraError
from eventkit.contract.service import Service
from eventkit.contract.tracing import TRACING
from eventkit.delivery.handlers import Handlers
from eventkit.delivery.policy import describe
from eventkit.delivery.subscription import Again, Dead, Delivery, Outcome, Reason
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
_W3C: Final = TraceContextTextMapPropagator()


class _Instruments:
    """The instruments of this process: they have names, and each name one instrument."""

    def __init__(self) -> None:
        self.tracer = trace.get_tracer("eventkit")
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
        TRACING.traceparent = _current_traceparent

    @contextmanager
    def publishing(self, envelope: Envelope) -> Iterator[str | None]:
        """Tell of the publishing of an event in the block.

        Yields:
            The trace context that the event is to carry; None where nothing is traced.
        """
        attributes = self._attributes(envelope.type, "publish", "send")
        # What was stored in an outbox goes on in the trace in which it was stored.
        parent = _context_of(envelope)
        begun = perf_counter()
        with self._instruments.tracer.start_as_current_span(
            f"publish {envelope.type}",
            parent,
            SpanKind.PRODUCER,
            attributes | _of_message(envelope),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield _traceparent(span)
            except BaseException as error:
                attributes["error.type"] = type(error).__qualname__
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(Status(StatusCode.ERROR, describe(error)))
                raise
            finally:
                self._instruments.sent.add(1, attributes)
                self._instruments.operations.record(perf_counter() - begun, attributes)

    @contextmanager
    def processing(self, group: str, delivery: Delivery) -> Iterator[Callable[[Outcome | None], None]]:
        """Tell of the handling of a delivery in the block.

        Yields:
            A function that is to be called with the outcome.
        """
        message = delivery.message
        envelope = message if isinstance(message, Envelope) else None
        attributes = self._attributes(envelope.type if envelope else None, "process", "process", group)
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
        begun = perf_counter()

        def finish(outcome: Outcome | None) -> None:
            further: Attributes = {"eventkit.outcome": _name_of(outcome)}
            if isinstance(outcome, Dead):
                further["eventkit.reason"] = str(outcome.reason)
            if isinstance(outcome, Again | Dead):
                attributes["error.type"] = further["error.type"] = _error_type(outcome)
                span.set_status(Status(StatusCode.ERROR, outcome.failure.error))
            span.set_attributes(further)
            self._instruments.outcomes.add(1, attributes | further)

        try:
            yield finish
        finally:
            context.detach(token)
            span.end()
            self._instruments.consumed.add(1, attributes)
            self._instruments.processing.record(perf_counter() - begun, attributes)

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

    def _attributes(self, destination: str | None, name: str, type_: str, group: str | None = None) -> Attributes:
        attributes = self._system | {"messaging.operation.name": name, "messaging.operation.type": type_}
        if destination is not None:
            attributes["messaging.destination.name"] = destination
        if group is not None:
            attributes["messaging.consumer.group.name"] = group
        return attributes


class ObservedHandlers(Handlers):
    """Handlers that tell of what they do.

    Args:
        service: The service.
        dependencies: The objects that handlers ask for by type.
        telemetry: Whom it is told.

    Raises:
        As `Handlers`.
    """

    def __init__(self, service: Service, dependencies: tuple[object, ...], telemetry: Telemetry) -> None:
        super().__init__(service, dependencies)
        self._telemetry = telemetry

    async def handle(self, delivery: Delivery, slot: Slot) -> Outcome | None:
        """Call the handler of a delivery; what it does itself is a part of its span."""
        with self._telemetry.processing(self.group, delivery) as finish:
            outcome = await super().handle(delivery, slot)
            finish(outcome)
        return outcome


def _current_traceparent() -> str | None:
    return _traceparent(trace.get_current_span())


def _traceparent(span: Span) -> str | None:
    spot = span.get_span_context()
    return f"00-{spot.trace_id:032x}-{spot.span_id:016x}-{spot.trace_flags:02x}" if spot.is_valid else None


def _context_of(envelope: Envelope) -> context.Context:
    """Return the context that an event carries; that of this code where it carries none that can be read."""
    here = context.get_current()
    if envelope.traceparent is None or envelope.traceparent == _current_traceparent():
        return here
    return _W3C.extract({"traceparent": envelope.traceparent}, here)


def _creation_of(envelope: Envelope) -> SpanContext | None:
    """Return the span in which an event was published, if it says."""
    if envelope.traceparent is None:
        return None
    carried = _W3C.extract({"traceparent": envelope.traceparent}, context.Context())
    found = trace.get_current_span(carried).get_span_context()
    return found if found.is_valid else None


def _of_message(envelope: Envelope) -> Attributes:
    found: Attributes = {"messaging.message.id": envelope.id, "messaging.message.body.size": len(envelope.data)}
    if envelope.correlation is not None:
        found["messaging.message.conversation_id"] = envelope.correlation
    return found


def _name_of(outcome: Outcome | None) -> str:
    """Return `done`, `again` or `dead`; `interrupted` where there is no outcome."""
    return "interrupted" if outcome is None else type(outcome).__name__.lower()


def _error_type(outcome: Again | Dead) -> str:
    """Return what went wrong in one of a few words: the class of what the handler raised, or why there was no call."""
    if isinstance(outcome, Dead) and outcome.reason is not Reason.FAILED:
        return str(outcome.reason)
    return outcome.failure.error.partition(":")[0]
