"""Reads what a publisher, handler or upcaster declares, when it is defined."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import ConfigurationError, DefinitionError
from eventkit.contract.event import Event


@dataclass(frozen=True, slots=True)
class Dependency:
    """A parameter of a handler that is filled with an object given to `Service.run`.

    Args:
        name: The parameter's name.
        annotation: The type asked for, or its name where the type is imported for type checkers only.
    """

    name: str
    annotation: Any

    def accepts(self, candidate: object) -> bool:
        """Tell whether `candidate` is of the type that is asked for."""
        return _is_a(candidate, self.annotation)

    def choose(self, candidates: tuple[object, ...], handler: str) -> object:
        """Return the one of `candidates` that fits.

        Raises:
            ConfigurationError: None fits, or several do.
        """
        fitting = [candidate for candidate in candidates if self.accepts(candidate)]
        if len(fitting) == 1:
            return fitting[0]
        wanted = self.annotation if isinstance(self.annotation, str) else describe(self.annotation)
        if fitting:
            raise ConfigurationError(
                f"{handler} asks for one {wanted} as {self.name!r}, and {len(fitting)} were given to run()",
                mend="give one, or declare a narrower type",
            )
        mend = f"pass it: service.run(bus, {wanted[:1].lower()}{wanted[1:]})"
        if getattr(self.annotation, "_is_protocol", False) and not getattr(
            self.annotation, "_is_runtime_protocol", False
        ):
            mend = f"decorate the protocol with typing.runtime_checkable, and {mend}"
        raise ConfigurationError(
            f"{handler} asks for a {wanted} as {self.name!r}, and none was given to run()", mend=mend
        )


def _is_a(candidate: object, annotation: Any) -> bool:
    if isinstance(annotation, str):
        wanted = {part.strip(" \"'").rpartition(".")[2] for part in annotation.split("|")}
        return any(base.__name__ in wanted for base in type(candidate).__mro__)
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return any(_is_a(candidate, member) for member in get_args(annotation))
    if origin is Annotated:
        return _is_a(candidate, get_args(annotation)[0])
    try:
        return isinstance(candidate, origin or annotation)
    except TypeError:  # a protocol that cannot be asked for at run time
        return False


def event_parameter(function: Callable[..., Any], role: str) -> type[Event]:
    """Return the event model that the first parameter of a handler or upcaster is annotated with.

    Raises:
        DefinitionError: No parameter, no annotation, one that cannot be resolved, or one that is no event.
    """
    parameters = _parameters(function)
    if not parameters:
        raise DefinitionError(f"the {role} {name_of(function)} takes no event", where=place(function), mend=_mend(role))
    if parameters[0] == "self":
        raise DefinitionError(
            f"the {role} {name_of(function)} is a method without its object",
            where=place(function),
            mend="declare a function that asks for the object by its type, or register the object's method",
        )
    return _event_model(function, role, f"parameter {parameters[0]!r}", _annotation(function, parameters[0]))


def returned_event(function: Callable[..., Any], role: str) -> type[Event]:
    """Return the event model that a publisher or upcaster is annotated to return.

    Raises:
        DefinitionError: As for `event_parameter`.
    """
    return _event_model(function, role, "return value", _annotation(function, "return"))


def dependencies(function: Callable[..., Any]) -> tuple[Dependency, ...]:
    """Return what a handler asks for besides its event: its other parameters that have no default.

    Raises:
        DefinitionError: A parameter without an annotation.
    """
    found = []
    for name in _parameters(function)[1:]:
        annotation = _annotation(function, name)
        if annotation is None:
            raise DefinitionError(
                f"parameter {name!r} of {name_of(function)} has no annotation",
                where=place(function),
                mend="annotate it with the type of the object to be passed in",
            )
        found.append(Dependency(name, annotation))
    return tuple(found)


def asks_for_envelope(dependency: Dependency) -> bool:
    """Tell whether the parameter is filled with the envelope of the event."""
    annotation = dependency.annotation
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return any(member is Envelope or member in ("Envelope", "eventkit.Envelope") for member in members)


def require_async(function: Callable[..., Any], role: str) -> None:
    """Raise DefinitionError where it is no function, or not declared with `async def`."""
    if not (inspect.isfunction(function) or inspect.ismethod(function)):
        raise DefinitionError(
            f"the {role} {name_of(function)} is no function", where=place(function), mend="declare it with `async def`"
        )
    if not inspect.iscoroutinefunction(function):
        inside = inspect.iscoroutinefunction(inspect.unwrap(function))
        raise DefinitionError(
            f"the {role} {name_of(function)} is not async",
            where=place(function),
            mend="make what its decorator returns an `async def`, too" if inside else "declare it with `async def`",
        )


def require_plain(function: Callable[..., Any], role: str) -> None:
    """Raise DefinitionError where the function is async, or cannot be called with one event and nothing else."""
    if inspect.iscoroutinefunction(function):
        raise DefinitionError(
            f"the {role} {name_of(function)} is async", where=place(function), mend="declare it with `def`"
        )
    if len(_parameters(function)) > 1:
        raise DefinitionError(
            f"the {role} {name_of(function)} takes more than the event", where=place(function), mend=_mend(role)
        )


def name_of(function: Callable[..., Any]) -> str:
    """Return a function's name, for messages."""
    return getattr(function, "__qualname__", None) or type(function).__qualname__


def place(function: Callable[..., Any]) -> str:
    """Return where a function is defined, as `/srv/orders/handlers.py:12`, for messages."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else getattr(function, "__module__", "?")


def describe(annotation: Any) -> str:
    """Return an annotation as it is written in code."""
    return annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)


def _parameters(function: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters that have no default."""
    parameters = inspect.signature(function).parameters.values()
    for parameter in parameters:
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            raise DefinitionError(
                f"{name_of(function)} takes {parameter}",
                where=place(function),
                mend="name each parameter, with its type; a decorator keeps them with functools.wraps",
            )
    return [parameter.name for parameter in parameters if parameter.default is inspect.Parameter.empty]


def _annotation(function: Callable[..., Any], name: str) -> Any:
    """Return the annotation; its source text where a name in it is not there, None where there is none."""
    written = inspect.unwrap(function)  # a decorator in between lives in another module, with other names
    annotation = _annotations(written).get(name)
    if not isinstance(annotation, str):
        return _bare(annotation)
    try:
        # One by one, not with get_type_hints: a type imported only for type checkers must not hide the others.
        return _bare(eval(annotation, getattr(written, "__globals__", {})))  # noqa: S307 - the user's own source code
    except Exception:  # noqa: BLE001 - a type that is not there can fail in any way, as in `Missing | "Other"`
        return annotation


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    if sys.version_info >= (3, 14):
        import annotationlib  # new in Python 3.14, where annotations are evaluated only on demand

        found = annotationlib.get_annotations(function, format=annotationlib.Format.FORWARDREF)
        return {
            name: value.__forward_arg__ if isinstance(value, annotationlib.ForwardRef) else value
            for name, value in found.items()
        }
    return inspect.get_annotations(function)


def _event_model(function: Callable[..., Any], role: str, part: str, annotation: Any) -> type[Event]:
    name = name_of(function)
    if annotation is None:
        raise DefinitionError(f"the {part} of {role} {name} has no annotation", where=place(function), mend=_mend(role))
    if isinstance(annotation, str):
        raise DefinitionError(
            f"the annotation {annotation!r} of {role} {name} is not defined",
            where=place(function),
            mend="define or import the event model at the top of the module, not under TYPE_CHECKING",
        )
    if not (isinstance(annotation, type) and issubclass(annotation, Event)):
        raise DefinitionError(
            f"the {part} of {role} {name} is {describe(annotation)}, not an event",
            where=place(function),
            mend=_mend(role),
        )
    if annotation.__event_type__ is None:
        raise DefinitionError(
            f"the {part} of {role} {name} is {annotation.__qualname__}, which has no type name",
            where=place(function),
            mend=_mend(role) if annotation is Event else "give its class one: (Event, type='domain.happened')",
        )
    return annotation


def _mend(role: str) -> str:
    return {
        "handler": "declare it: async def handle_order_created(event: OrderCreatedEvent) -> None",
        "publisher": "declare it: async def publish_order_created(order: Order) -> OrderCreatedEvent",
        "upcaster": "declare it: def upcast(old: OrderCreatedV1) -> OrderCreatedV2",
    }[role]
