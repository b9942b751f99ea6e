"""Calling a handler: its parameters filled, in a context of its own."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, Final

from eventkit.contract.envelope import Envelope
from eventkit.contract.event import Event
from eventkit.contract.service import Handler
from eventkit.contract.signature import asks_for_envelope

Call = Callable[[Event, Envelope], Coroutine[Any, Any, None]]
_EVENT: Final = object()
_ENVELOPE: Final = object()


def bind(handler: Handler, candidates: tuple[object, ...]) -> Call:
    """Return a function that calls the handler with all that it asks for.

    Args:
        handler: The handler.
        candidates: The objects given to `Service.run`.

    Raises:
        ConfigurationError: None of the candidates is what a parameter asks for, or several are.
    """
    function: Callable[..., Any] = handler.function
    values = [_EVENT] + [
        _ENVELOPE if asks_for_envelope(each) else each.choose(candidates, function.__qualname__)
        for each in handler.dependencies
    ]
    parameters = list(inspect.signature(function).parameters.values())
    by_name = {p.name: v for p, v in zip(parameters, values, strict=True) if p.kind is p.KEYWORD_ONLY}
    by_position = tuple(values[: len(values) - len(by_name)])
    if by_position[:1] == (_EVENT,) and _ENVELOPE not in values:
        rest = by_position[1:]
        return lambda event, _: function(event, *rest, **by_name)

    def call(event: Event, envelope: Envelope) -> Coroutine[Any, Any, None]:
        def fill(value: object) -> object:
            return event if value is _EVENT else envelope if value is _ENVELOPE else value

        coroutine: Coroutine[Any, Any, None] = function(
            *map(fill, by_position), **{name: fill(value) for name, value in by_name.items()}
        )
        return coroutine

    return call


@types.coroutine
def run_in(context: Context, coroutine: Coroutine[Any, Any, None]) -> Generator[Any, Any, None]:
    """Run a coroutine in this task but in another context, so that the context variables it sets end with it.

    A task for each event would do the same and cost as much as reading the event.
    """
    step, value = coroutine.send, None
    while True:
        try:
            awaited = context.run(step, value)
        except StopIteration:
            return
        try:
            value = yield awaited
            step = coroutine.send
        except BaseException as error:  # noqa: BLE001 - a cancellation, most of all: the coroutine gets it
            value, step = error, coroutine.throw
