"""`Event`: an immutable fact that one service tells the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError, core_schema

from eventkit.contract.errors import DefinitionError, PublishError
from eventkit.contract.strict_json import StrictJSONError, loads

TYPE_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
MAX_TYPE_NAME: Final = 200
_N, _I = b"NI"


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
    rest: fields that it does not know are ignored.

        class OrderCreatedEvent(Event, type="order.created", version=1, key="order_id"):
            order_id: str
            total_amount: Decimal

    Args:
        type: Dotted lower-case words, the domain first. Left out in a base class that is not an event itself.
        version: 1, 2, ...
        key: The field that orders events: those with the same value are handled one after the other.

    Raises:
        DefinitionError: At class creation: a wrong type name or version, or a key that is not a field.
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
        key = cls.__event_key__
        if key is not None and key not in cls.model_fields and key not in cls.model_computed_fields:
            raise DefinitionError(
                f"the key {key!r} is not a field of {cls.__qualname__}",
                where=cls.__module__,
                mend=f"use one of: {', '.join(cls.model_fields) or 'none is declared'}",
            )

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
        """Return the JSON Schema (2020-12) of what a publisher of this event sends: `serialization` mode.

        Fields with defaults are required in it, because they are always sent.
        """
        return cls.model_json_schema(mode="serialization", schema_generator=_SentSchema)

    @classmethod
    def read_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of what a handler with this reader model accepts: `validation` mode."""
        return cls.model_json_schema(mode="validation")

    def partition_key(self) -> str | None:
        """Return the value of the key field as text, or None where the event has no key or its value is None."""
        if self.__event_key__ is None:
            return None
        value = getattr(self, self.__event_key__)
        return None if value is None else str(value)

    def to_json(self) -> bytes:
        """Return the event as it is sent: JSON by alias, all fields.

        Raises:
            PublishError: It holds a value that JSON does not have: NaN, an infinity, an object that cannot be written.
        """
        try:
            data = self.__pydantic_serializer__.to_json(self, by_alias=True)
            # Looking for one byte first: that is ten times as fast as looking for a word.
            if (_N in data and b"NaN" in data) or (_I in data and b"Infinity" in data):
                loads(data)
        except (PydanticSerializationError, StrictJSONError) as error:
            raise PublishError(
                f"{type(self).__qualname__} cannot be written as JSON: {error}",
                where=type(self).__module__,
                mend="events hold finite numbers and JSON values only",
            ) from None
        return data


Event.model_config["defer_build"] = False  # events are built when they are defined, so that errors show there


class _SentSchema(GenerateJsonSchema):
    """Serialization mode that tells what is really sent, in nested models too.

    pydantic's own switch, `json_schema_serialization_defaults_required`, is a setting of each model and does not
    reach the models inside.
    """

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        if field["type"] == "typed-dict-field":
            return super().field_is_required(field, total)
        return not field.get("serialization_exclude") and field.get("serialization_exclude_if") is None


def _event_type(owner: str, name: str, version: int) -> EventType:
    if len(name) > MAX_TYPE_NAME or not TYPE_NAME.fullmatch(name):
        raise DefinitionError(
            f"{name!r} is no event type",
            where=owner,
            mend="use lower-case words joined by dots, the domain first, as in 'order.created'",
        )
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise DefinitionError(f"{version!r} is no event version", where=owner, mend="use 1, 2, 3, ...")
    return EventType(name, version)
