"""Writes an event as JSON, and refuses what pydantic would write although the event's schema says otherwise.

An event is validated when it is made. What comes into it without validation (by `model_construct`, by `model_copy` with
`update`, into a list, as a default of a model inside) is checked here for the types of its fields, not for their rules.
Checked as well: numbers that are not finite, which pydantic writes as null where a model inside says nothing of them;
times without a zone, unless the field is a `NaiveDatetime`; and what would be too large or too deep for its readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import pydantic_core
from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

from eventkit.contract.errors import PublishError
from eventkit.contract.strict_json import DEFAULT_LIMITS, StrictJSONError, loads

_OBJECT, _ARRAY, _N, _I = b"{[NI"
# What is written no deeper than the model is. Not `literal`, for which pydantic writes whatever stands there.
_FLAT: Final = {
    *("bool", "date", "datetime", "decimal", "enum", "float", "int", "none", "str", "time", "timedelta", "uuid"),
    *("default", "model", "model-field", "nullable", "tagged-union", "union"),
}
_HOLDING: Final = {"dict", "frozenset", "list", "model-fields", "set", "tuple"}
_WITHOUT_ZONE: Final = re.compile(rb'T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"')


def write(event: BaseModel) -> bytes:
    """Return an event as it is sent: JSON by alias, all fields.

    Raises:
        PublishError: It holds what cannot be sent.
    """
    try:
        data = event.__pydantic_serializer__.to_json(event, by_alias=True, warnings="error")
        risks = _risks(type(event))
        # Looking for one byte first: that is ten times as fast as looking for a word.
        if (
            (_N in data and b"NaN" in data)
            or (_I in data and b"Infinity" in data)
            or len(data) > DEFAULT_LIMITS.max_bytes
            or (risks.depth and data.count(_OBJECT) + data.count(_ARRAY) > DEFAULT_LIMITS.max_depth)
        ):
            loads(data)
        if len(event.__dict__) < len(event.__pydantic_fields__):
            missing = next(name for name in event.__pydantic_fields__ if name not in event.__dict__)
            raise StrictJSONError(f"it has no {missing}")
        if risks.floats and b"null" in data:
            _check_finite(event)
        if risks.zones and not _have_zones(event, risks.times) and _WITHOUT_ZONE.search(data):
            _check_zones(event)
    except (PydanticSerializationError, StrictJSONError) as error:
        raise PublishError(
            f"{type(event).__qualname__} cannot be sent: {_reason(error)}",
            where=type(event).__module__,
            mend="events hold what their fields say: finite numbers, times with a zone, JSON values of a limited size",
        ) from None
    return data


def _reason(error: Exception) -> str:
    # pydantic puts a heading and the names of its classes around what it found; the first of it is enough.
    first, *found = str(error).splitlines()
    return found[0].strip().removeprefix("PydanticSerializationUnexpectedValue(").removesuffix(")") if found else first


def _check_finite(event: BaseModel) -> None:
    plain = event.__pydantic_serializer__.to_python(event)
    data = pydantic_core.to_json(plain, inf_nan_mode="constants", serialize_unknown=True)
    if b"NaN" in data or b"Infinity" in data:
        loads(data)


def _have_zones(event: BaseModel, names: tuple[str, ...]) -> bool:
    """Tell whether fields hold times with a zone, all of them; False where there is none."""
    values = event.__dict__
    for name in names:
        if getattr(values.get(name), "tzinfo", None) is None:
            return False
    return bool(names)


def _check_zones(event: BaseModel) -> None:
    for path, value in _leaves(event.__pydantic_serializer__.to_python(event)):
        if isinstance(value, datetime) and value.tzinfo is None:
            raise StrictJSONError(f"{path.lstrip('.')} is {value.isoformat()}, without a time zone")


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield f"a key of {path.lstrip('.')}", key
            yield from _leaves(member, f"{path}.{key}")
    elif isinstance(value, list | tuple | set | frozenset):
        for member in value:
            yield from _leaves(member, path)
    else:
        yield path, value


class _Risks(NamedTuple):
    """What has to be looked for in the events of a model.

    Args:
        floats: It has floats, at any depth.
        zones: It has times that may come with a zone or without. Beside a `NaiveDatetime` the two could not be told
            apart any more.
        times: The fields that are such times, if there are no others deeper inside.
        depth: It may hold what is nested deeper than events may be.
    """

    floats: bool
    zones: bool
    times: tuple[str, ...]
    depth: bool


@lru_cache(maxsize=1024)
def _risks(model: type[BaseModel]) -> _Risks:
    found = list(_parts(model.__pydantic_core_schema__))
    kinds = [each["type"] for each in found if isinstance(each.get("type"), str)]
    zones = [each.get("tz_constraint") for each in found if each.get("type") == "datetime"]
    times = tuple(name for name, field in model.model_fields.items() if field.annotation in (datetime, datetime | None))
    bounded = (
        set(kinds) <= _FLAT | _HOLDING
        and sum(kind in _HOLDING for kind in kinds) <= DEFAULT_LIMITS.max_depth
        and not any(map(_is_open, found))
    )
    return _Risks(
        floats="float" in kinds,
        zones=None in zones and "naive" not in zones,
        times=times if len(times) == len(zones) else (),
        depth=not bounded,
    )


def _is_open(part: dict[str, Any]) -> bool:
    """Tell whether a part of a core schema lets values in that it does not describe."""
    members = part.get("members", ()) if part.get("type") == "enum" else ()
    return (
        "allow" in (part.get("extra_behavior"), part.get("extra_fields_behavior"))
        or bool(part.get("polymorphic_serialization"))
        or not all(isinstance(getattr(each, "value", None), str | int) for each in members)
    )


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield all parts of a core schema that have names for what is in them."""
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from _parts(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from _parts(part)
