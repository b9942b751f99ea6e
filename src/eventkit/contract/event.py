"""`Event`: an immutable fact that one service tells the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import pydantic_core
from pydantic import BaseModel, ConfigDict, PydanticUserError

from eventkit.contract.errors import DefinitionError
from eventkit.contract.sending import write

if TYPE_CHECKING:
    from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

TYPE_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
MAX_TYPE_NAME: Final = 200


@lru_cache(maxsize=1024)  # each event that is published is asked about
def is_type_name(name: str) -> bool:
    """Tell whether a text is the name of an event type: dotted lower-case words, the domain first."""
    return len(name) <= MAX_TYPE_NAME and TYPE_NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True, order=True)
class EventType:
    """The name under which an event travels.

    Args:
        name: Dotted words, the domain first: `order.created`.
        version: 1, 2, ... A change that old readers do not understand is a new version.
    """

    name: str
    version: int = 1

    @property
    def domain(self) -> str:
        """The first word of the name: `order` of `order.created`."""
        return self.name.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Event(BaseModel):
    """The base of all events: an immutable fact, with a type name and a version.

    A publisher's model says what is sent. A reader model says what one subscriber needs of it, and may leave out the
    rest: fields that it does not know are ignored. A generic event with its parameters, `Changed[Order]`, has the type
    name of its class.

        class OrderCreatedEvent(Event, type="order.created", version=1, key="order_id"):
            order_id: str
            total_amount: Decimal

    Args:
        type: Dotted lower-case words, the domain first. Left out in a base class that is not an event itself.
        version: 1, 2, ...
        key: The field that orders events: those with the same value are handled one after the other.

    Raises:
        DefinitionError: At class creation: a wrong type name or version, a key that is not a field, a field with the
            name of a method of events, two fields that are sent under one name, or a setting of pydantic that events do
            not leave to their classes.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        # Written as they are, so that `to_json` sees them and refuses; the default writes null, another event.
        ser_json_inf_nan="constants",
        validate_by_name=True,
        validate_by_alias=True,
        # Nobody validates with the base itself; building it would make `import eventkit` load pydantic's plugins.
        defer_build=True,
    )

    __event_type__: ClassVar[EventType | None] = None
    __event_key__: ClassVar[str | None] = None

    def __init_subclass__(
        cls, *, type: str | None = None, version: int = 1, key: str | None = None, **config: Any
    ) -> None:
        super().__init_subclass__(**config)
        cls.__event_type__ = None if type is None else _event_type(cls.__qualname__, type, version)
        if key is not None:
            cls.__event_key__ = key

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        origin = cls.__pydantic_generic_metadata__["origin"]
        if origin is not None and issubclass(origin, Event):
            cls.__event_type__ = origin.__event_type__
        _check(cls)

    @classmethod
    def event_type(cls) -> EventType:
        """Return the type name and version.

        Raises:
            DefinitionError: The class is a base class without a type name.
        """
        if cls.__event_type__ is None:
            raise DefinitionError(
                f"{cls.__qualname__} has no type name",
                where=cls.__module__,
                mend=f'declare it: class {cls.__qualname__}(Event, type="domain.happened")',
            )
        return cls.__event_type__

    @classmethod
    def sent_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of what a publisher of this event sends.

        Fields with defaults are required in it, because they are always sent.

        Raises:
            DefinitionError: A field has a type that JSON Schema cannot describe.
        """
        from eventkit.contract.schemas import SentSchema  # here, because a service that runs needs no schemas

        return _schema(cls, "serialization", SentSchema)

    @classmethod
    def read_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of what a handler with this reader model accepts.

        Raises:
            DefinitionError: A field has a type that JSON Schema cannot describe.
        """
        from eventkit.contract.schemas import ReadSchema  # as above

        return _schema(cls, "validation", ReadSchema)

    def partition_key(self) -> str | None:
        """Return the value of the key field as text, or None where the event has no key or its value is None.

        Text stays what it is; other values are written as in the event's JSON.
        """
        if self.__event_key__ is None:
            return None
        value = getattr(self, self.__event_key__)
        if value is None or type(value) is str:
            return value
        plain = pydantic_core.to_jsonable_python(value, serialize_unknown=True)
        return plain if isinstance(plain, str) else pydantic_core.to_json(plain).decode()

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Return the event as a handler with this reader model gets it.

        Fields are looked for under their aliases only, as `read_schema` says.

        Args:
            data: JSON.

        Raises:
            pydantic.ValidationError: It does not fit the model.
        """
        event: Self = cls.__pydantic_validator__.validate_json(data, by_alias=True, by_name=False)
        return event

    def to_json(self) -> bytes:
        """Return the event as it is sent: JSON by alias, all fields.

        Raises:
            PublishError: It holds what an event must not (see `eventkit.contract.sending`).
        """
        return write(self)


Event.model_config["defer_build"] = False  # events are built when they are defined, so that errors show there

# Settings on which eventkit's promises stand.
_KEPT: Final = {name: Event.model_config.get(name) for name in ("frozen", "allow_inf_nan", "ser_json_inf_nan")}
_METHODS: Final = {name for name in vars(Event) if not name.startswith("_")} - {"model_config"}


def _check(model: type[Event]) -> None:
    key, fields = model.__event_key__, [*model.model_fields, *model.model_computed_fields]
    if key is not None and key not in fields:
        raise DefinitionError(
            f"the key {key!r} is not a field of {model.__qualname__}",
            where=model.__module__,
            mend=f"use one of: {', '.join(fields) or 'none is declared'}",
        )
    for name in fields:
        if name in _METHODS:
            raise DefinitionError(
                f"the field {name!r} of {model.__qualname__} has the name of a method of events",
                where=model.__module__,
                mend=f"give it another name, and this one as its alias: {name}_: ... = Field(alias={name!r})",
            )
    sent = {name: each.serialization_alias or name for name, each in model.model_fields.items() if not each.exclude}
    sent |= {name: each.alias or name for name, each in model.model_computed_fields.items()}
    by_alias = {alias: name for name, alias in sent.items()}
    for name, alias in sent.items():
        if by_alias[alias] != name:
            raise DefinitionError(
                f"the fields {name!r} and {by_alias[alias]!r} of {model.__qualname__} are both sent as {alias!r}",
                where=model.__module__,
                mend="give them different aliases",
            )
    for setting, value in _KEPT.items():
        if model.model_config.get(setting) != value:
            raise DefinitionError(
                f"{model.__qualname__} sets {setting}={model.model_config.get(setting)!r}",
                where=model.__module__,
                mend="leave it: events are immutable, and what is sent is what their schema says",
            )


def _schema(model: type[Event], mode: JsonSchemaMode, generator: type[GenerateJsonSchema]) -> dict[str, Any]:
    try:
        return model.model_json_schema(mode=mode, schema_generator=generator)
    except PydanticUserError as error:
        raise DefinitionError(
            f"{model.__qualname__} has no JSON Schema: {error.message.strip().partition(chr(10))[0]}",
            where=model.__module__,
            mend="use types that JSON has, or say how the value is written: Annotated[..., PlainSerializer(...)]",
        ) from None


def _event_type(owner: str, name: str, version: int) -> EventType:
    if not isinstance(name, str) or not is_type_name(name):
        raise DefinitionError(
            f"{name!r} is no event type",
            where=owner,
            mend="use lower-case words joined by dots, the domain first, as in 'order.created'",
        )
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise DefinitionError(f"{version!r} is no event version", where=owner, mend="use 1, 2, 3, ...")
    return EventType(name, version)
