"""Where the fields of an event stand in the source, by their paths in the event's JSON."""

from __future__ import annotations

import typing
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import AliasChoices, AliasPath, BaseModel, RootModel
from typing_extensions import TypeAliasType, is_typeddict

from eventkit.discovery.contract import Place
from eventkit.discovery.python.source_files import SourceFiles

Mode = Literal["validation", "serialization"]
_MAX_FIELDS: Final = 2000


class _Member(NamedTuple):
    """A field of a class.

    Args:
        step: What it adds to the path: "/amount"; nothing for the value of a root model.
        name: Its name in the class.
        annotation: Its type.
    """

    step: str
    name: str
    annotation: Any


def model_places(model: type[BaseModel], mode: Mode, sources: SourceFiles) -> dict[str, Place]:
    """Return the places of a model and of all fields in it: "" for the model, "/amount", "/items/*/price".

    A field that several branches of a union declare has none: which of them is meant is not to be told from its path.

    Args:
        model: An event.
        mode: Whether fields have the names under which they are read or those under which they are written.
        sources: The source files.
    """
    places: dict[str, Place] = {}
    whole = sources.of_class(model)
    if whole:
        places[""] = whole
    # Breadth first, so that where there are too many, the deepest are left out.
    queue: deque[tuple[str, Any, tuple[type, ...]]] = deque([("", model, ())])
    ambiguous: set[str] = set()
    visited = 0
    while queue and visited < _MAX_FIELDS:
        path, annotation, inside = queue.popleft()
        for steps, cls in _classes_in(annotation):
            # A class within itself says nothing new.
            for member in () if cls in inside else _members(cls, mode):
                visited += 1
                member_path = f"{path}{steps}{member.step}"
                place = sources.of_member(cls, member.name) if member.step else None
                if place and places.setdefault(member_path, place) != place:
                    ambiguous.add(member_path)
                queue.append((member_path, member.annotation, (*inside, cls)))
    return {path: place for path, place in places.items() if path not in ambiguous}


def _classes_in(annotation: Any) -> Iterator[tuple[str, type]]:
    """Yield the classes with fields that a type holds, each with the steps from the value to it."""
    if isinstance(annotation, TypeAliasType):
        yield from _classes_in(annotation.__value__)
        return
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is None:
        if isinstance(annotation, type):
            yield "", annotation
    elif origin is Annotated:
        yield from _classes_in(arguments[0])
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield from ((f"/*{steps}", cls) for steps, cls in _classes_in(arguments[-1]))
    elif origin is tuple and arguments[-1:] != (Ellipsis,):
        for index, argument in enumerate(arguments):
            yield from ((f"/{index}{steps}", cls) for steps, cls in _classes_in(argument))
    elif isinstance(origin, type) and issubclass(origin, Iterable):
        for argument in arguments:
            yield from ((f"/*{steps}", cls) for steps, cls in _classes_in(argument))
    elif origin is not Literal:
        for argument in arguments:
            yield from _classes_in(argument)


def _members(cls: type, mode: Mode) -> Iterator[_Member]:
    if issubclass(cls, RootModel):
        yield _Member("", "root", cls.model_fields["root"].annotation)
    elif issubclass(cls, BaseModel):
        for name, field in cls.model_fields.items():
            if mode == "serialization" and field.exclude:
                continue
            alias = field.validation_alias if mode == "validation" else field.serialization_alias
            yield from _named(alias, name, field.annotation)
        if mode == "serialization":
            for name, computed in cls.model_computed_fields.items():
                yield from _named(computed.alias, name, computed.return_type)
    elif is_dataclass(cls) or is_typeddict(cls):
        try:
            hints = typing.get_type_hints(cls, include_extras=True)
        except NameError:  # an annotation that only type checkers can resolve
            hints = {}
        for name, annotation in hints.items():
            yield from _named(None, name, annotation)


def _named(alias: str | AliasPath | AliasChoices | None, name: str, annotation: Any) -> Iterator[_Member]:
    """Yield a field under each of the names that it has in the schema."""
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    keys = [key.path[0] if isinstance(key, AliasPath) and len(key.path) == 1 else key for key in choices]
    for key in [key for key in keys if isinstance(key, str)] or [name]:
        yield _Member("/" + key.replace("~", "~0").replace("/", "~1"), name, annotation)
