"""`Service`: what one component publishes and handles, declared beside the functions that do it."""

from __future__ import annotations

import functools
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, ParamSpec, Protocol, TypeVar, get_args, overload

from eventkit.contract.context import HANDLING, SINK, Sink
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import ConfigurationError, DefinitionError, PublishError
from eventkit.contract.event import Event, EventType
from eventkit.contract.retry import Retry
from eventkit.contract.signature import (
    Dependency,
    dependencies,
    event_parameter,
    name_of,
    place,
    require_async,
    require_plain,
    returned_event,
)

P = ParamSpec("P")
E = TypeVar("E", bound=Event)
Old = TypeVar("Old", bound=Event)
W_co = TypeVar("W_co", covariant=True)
HandlerFunction = Callable[..., Coroutine[Any, Any, None]]
H = TypeVar("H", bound=HandlerFunction)

SERVICE_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
UnknownTypes = Literal["dead_letter", "acknowledge"]
"""What becomes of an event that reaches a service which handles no version of its type."""
DEFAULT_TIMEOUT: Final = 300.0


class Host(Sink, Protocol[W_co]):
    """What a service needs of a bus: it takes events, and it runs the service's handlers."""

    def serve(self, service: Service, dependencies: tuple[object, ...]) -> AbstractAsyncContextManager[W_co]:
        """Hand the service its events while the block runs."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """One `@service.publisher` function.

    Args:
        function: The function as it was written.
        model: The event that it publishes.
    """

    function: Callable[..., Coroutine[Any, Any, Event]]
    model: type[Event]


@dataclass(frozen=True, slots=True)
class Handler:
    """One `@service.handler` function.

    Args:
        function: The function as it was written.
        model: The reader model of the event that it handles.
        dependencies: What it asks for besides the event.
        retry: What happens after an error.
        timeout: Seconds after which a call is cancelled and counts as failed; None for no limit.
    """

    function: HandlerFunction
    model: type[Event]
    dependencies: tuple[Dependency, ...]
    retry: Retry
    timeout: float | None


@dataclass(frozen=True, slots=True)
class Reader:
    """How the events of one type and version reach a handler.

    Args:
        model: The model that the data is validated with.
        upcasters: Applied one after the other, they turn `model` into what the handler reads.
        handler: The handler.
    """

    model: type[Event]
    upcasters: tuple[Upcaster, ...]
    handler: Handler

    def read(self, data: bytes) -> Event:
        """Return the event in the version that the handler reads.

        Args:
            data: JSON as it came.

        Raises:
            pydantic.ValidationError: The data does not fit the reader model.
            DefinitionError: An upcaster returned something else than it declares.
        """
        event: Event = self.model.from_json(data)
        for upcaster in self.upcasters:
            event = upcaster.function(event)
            if type(event) is not upcaster.new:
                raise DefinitionError(
                    f"the upcaster {name_of(upcaster.function)} returned {type(event).__qualname__}, "
                    f"not {upcaster.new.__qualname__}",
                    where=place(upcaster.function),
                    mend="return the event that it declares",
                )
        return event


@dataclass(frozen=True, slots=True)
class Upcaster:
    """One `@service.upcaster` function.

    Args:
        function: The function as it was written.
        old: The reader model of the older version.
        new: The model of the version that it returns.
    """

    function: Callable[[Any], Event]
    old: type[Event]
    new: type[Event]


class Service:
    """A named component that publishes and handles events.

    Args:
        name: Lower-case letters, digits, `_` and `-`. It is the CloudEvents source of what the service publishes and
            the name of the group in which its instances share the events that it handles.
        version: The version of the service's contract, for the documents.
        description: What the service does, in a sentence, for the documents.
        unknown_types: What becomes of an event that reaches the service although it handles no version of its type:
            kept as a dead letter, or acknowledged. Either way it is counted.

    Raises:
        DefinitionError: A wrong name or policy.
    """

    def __init__(
        self,
        name: str,
        *,
        version: str = "0.1.0",
        description: str = "",
        unknown_types: UnknownTypes = "dead_letter",
    ) -> None:
        if not isinstance(name, str) or not SERVICE_NAME.fullmatch(name):
            raise DefinitionError(
                f"{name!r} is no service name", mend="use lower-case letters, digits, '_' and '-', 63 at the most"
            )
        if unknown_types not in get_args(UnknownTypes):
            raise DefinitionError(
                f"{unknown_types=} is no policy", where=name, mend="give 'dead_letter' or 'acknowledge'"
            )
        self.name = name
        self.version = version
        self.description = description
        self.unknown_types = unknown_types
        self._publishers: list[Publisher] = []
        self._handlers: dict[EventType, Handler] = {}
        self._upcasters: dict[EventType, Upcaster] = {}
        self._sink: Sink | None = None

    def __repr__(self) -> str:
        return f"Service({self.name!r})"

    @property
    def publishers(self) -> tuple[Publisher, ...]:
        """All publishers, in the order of their definition."""
        return tuple(self._publishers)

    @property
    def handlers(self) -> tuple[Handler, ...]:
        """All handlers, in the order of their definition."""
        return tuple(self._handlers.values())

    @property
    def upcasters(self) -> tuple[Upcaster, ...]:
        """All upcasters, in the order of their definition."""
        return tuple(self._upcasters.values())

    def publisher(self, function: Callable[P, Coroutine[Any, Any, E]]) -> Callable[P, Coroutine[Any, Any, E]]:
        """Make a function that builds an event into one that publishes it, too.

        The event goes to the sink of `eventkit.publish_to` where the call is inside one, else to the bus on which the
        service runs. When the call returns, the event is safe there. Published while an event is handled, it carries
        that event's correlation, and that event's id as its causation.

        Args:
            function: An async function, annotated to return one event model.

        Returns:
            The function; calling it publishes the event and returns it.

        Raises:
            DefinitionError: Not async, no event as return annotation, or another model of the service has this type
                and version.
        """
        require_async(function, "publisher")
        model = returned_event(function, "publisher")
        for other in self._publishers:
            if other.model is not model and other.model.event_type() == model.event_type():
                raise DefinitionError(
                    f"{self.name} publishes {model.event_type()} with two models, "
                    f"{other.model.__qualname__} and {model.__qualname__}",
                    where=place(function),
                    mend="use one model, or give the new one another version",
                )
        self._publishers.append(Publisher(function, model))

        @functools.wraps(function)
        async def publish(*args: P.args, **kwargs: P.kwargs) -> E:
            event = await function(*args, **kwargs)
            if type(event) is not model:
                raise PublishError(
                    f"{name_of(function)} returned {type(event).__qualname__}, not {model.__qualname__}",
                    where=place(function),
                    mend="return the event it declares: subscribers were checked against that one's schema",
                )
            # Without `current_sink` and `current_cause`, because all that is published comes through here.
            sink, handled = SINK.get() or self._sink, HANDLING.get()
            if sink is None:
                raise self._no_sink_for(model)
            await sink.publish(Envelope.of(event, source=self.name, cause=handled and handled[0]))
            return event

        return publish

    @overload
    def handler(self, function: H, /) -> H: ...

    @overload
    def handler(self, *, retry: Retry = ..., timeout: float | None = ...) -> Callable[[H], H]: ...

    def handler(
        self, function: Any = None, *, retry: Retry | None = None, timeout: float | None = DEFAULT_TIMEOUT
    ) -> Any:
        """Register a function that handles one event type and version.

        Its first parameter is annotated with the reader model. The others are filled with the objects given to `run`,
        by their annotated types; `Envelope` gives the event's envelope. An event is acknowledged after the function
        returned.

        Args:
            function: An async function.
            retry: What happens after an error; by default five attempts with growing delays.
            timeout: Seconds after which a call is cancelled and counts as failed; None for no limit.

        Returns:
            The function, unchanged.

        Raises:
            DefinitionError: Not async, no event as first parameter, a parameter without annotation, a timeout that is
                not positive, or another handler of this service has the same event.
        """

        def register(function: H) -> H:
            require_async(function, "handler")
            model = event_parameter(function, "handler")
            event_type = model.event_type()
            if event_type in self._handlers:
                first = self._handlers[event_type].function
                raise DefinitionError(
                    f"{self.name} has two handlers of {event_type}, {name_of(first)} ({place(first)}) and "
                    f"{name_of(function)}",
                    where=place(function),
                    mend="do both things in one handler: one of them would get each event",
                )
            if retry is not None and not isinstance(retry, Retry):
                raise DefinitionError(
                    f"retry={retry!r} of {name_of(function)}", where=place(function), mend="give Retry(attempts=...)"
                )
            if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
                raise DefinitionError(
                    f"timeout={timeout!r} of {name_of(function)}",
                    where=place(function),
                    mend="give seconds, or None",
                )
            self._handlers[event_type] = Handler(function, model, dependencies(function), retry or Retry(), timeout)
            return function

        return register if function is None else register(function)

    def upcaster(self, function: Callable[[Old], E]) -> Callable[[Old], E]:
        """Register a function that turns an event of an older version into a newer one.

        A handler of version 2 then handles events of version 1, too. Upcasters of neighbouring versions are chained.

        Args:
            function: Takes the older event and returns the newer one; both annotated. A plain function: it only reads.

        Returns:
            The function, unchanged.

        Raises:
            DefinitionError: Two different type names, a version that does not grow, or a second upcaster from one
                version.
        """
        require_plain(function, "upcaster")
        old, new = event_parameter(function, "upcaster"), returned_event(function, "upcaster")
        source, target = old.event_type(), new.event_type()
        if source.name != target.name or source.version >= target.version:
            raise DefinitionError(
                f"the upcaster {name_of(function)} turns {source} into {target}",
                where=place(function),
                mend="turn a version of an event into a newer version of the same event",
            )
        if source in self._upcasters:
            raise DefinitionError(
                f"{self.name} has two upcasters from {source}", where=place(function), mend="keep one of them"
            )
        self._upcasters[source] = Upcaster(function, old, new)
        return function

    def readers(self) -> dict[EventType, Reader]:
        """Return how each type and version that the service understands reaches its handler.

        Raises:
            DefinitionError: An upcaster leads to a version that nothing handles.
        """
        readers = {event_type: Reader(handler.model, (), handler) for event_type, handler in self._handlers.items()}
        # From the newest version down, so that each upcaster finds the way onward from its target.
        for source, upcaster in sorted(self._upcasters.items(), reverse=True):
            onward = readers.get(upcaster.new.event_type())
            if onward is None:
                raise DefinitionError(
                    f"nothing in {self.name} handles {upcaster.new.event_type()}, to which {source} is upcast",
                    where=place(upcaster.function),
                    mend="add a handler of that version, or remove the upcaster",
                )
            if onward.model is not upcaster.new:
                raise DefinitionError(
                    f"the upcaster from {source} returns {upcaster.new.__qualname__}, "
                    f"and the reader model of {upcaster.new.event_type()} is {onward.model.__qualname__}",
                    where=place(upcaster.function),
                    mend="return the reader model",
                )
            # A handler of the old version itself comes first.
            readers.setdefault(source, Reader(upcaster.old, (upcaster, *onward.upcasters), onward.handler))
        return readers

    @asynccontextmanager
    async def run(self, bus: Host[W_co], *dependencies: object) -> AsyncIterator[W_co]:
        """Publish to `bus` and handle events from it while the block runs.

        At the end no new event is taken, and those being handled are finished within the bus's grace period.

        Args:
            bus: An open bus, of `eventkit.connect`.
            dependencies: The objects that handlers ask for by type.

        Yields:
            The bus's worker, which tells how it is doing.

        Raises:
            ConfigurationError: A handler asks for something that is not given, or the service runs already.
        """
        with self.publishing(bus):
            async with bus.serve(self, dependencies) as worker:
                yield worker

    @contextmanager
    def publishing(self, sink: Sink) -> Iterator[None]:
        """Let publishers publish to `sink` while the block runs, without handling events.

        Args:
            sink: An open bus, or anything else that takes events.

        Raises:
            ConfigurationError: The service runs already: in one process it has one bus.
        """
        if self._sink is not None:
            raise ConfigurationError(
                f"{self.name} runs already in this process", mend="run it once; more instances are more processes"
            )
        self._sink = sink
        try:
            yield
        finally:
            self._sink = None

    def _no_sink_for(self, model: type[Event]) -> PublishError:
        return PublishError(
            f"{model.__qualname__} was published while {self.name} does not run",
            mend=f"call publishers inside `async with {self.name}.run(bus)`, or `with publish_to(...)` in tests",
        )
