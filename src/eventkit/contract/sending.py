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
_WITHOUT_ZONE: Final = re.compile(rb'T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"')


def write(event: BaseModel) -> bytes:
    """Return an event as it is sent: JSON by alias, all fields.

    Raises:
        PublishError: It holds what cannot be sent.
    """
    try:
        data = event.__pydantic_serializer__.to_json(event, by_alias=True, warnings="error")
        # Looking for one byte first: that is ten times as fast as looking for a word.
        if (
            (_N in data and b"NaN" in data)
            or (_I in data and b"Infinity" in data)
            or len(data) > DEFAULT_LIMITS.max_bytes
            or data.count(_OBJECT) + data.count(_ARRAY) > DEFAULT_LIMITS.max_depth
        ):
            loads(data)
        if len(event.__dict__) < len(event.__pydantic_fields__):
            missing = next(name for name in event.__pydantic_fields__ if name not in event.__dict__)
            raise StrictJSONError(f"it has no {missing}")
        risks = _risks(type(event))
        if risks.floats and b"null" in data:
            _check_finite(event)
        if risks.zones and _WITHOUT_ZONE.search(data):
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
    """

    floats: bool
    zones: bool


@lru_cache(maxsize=1024)
def _risks(model: type[BaseModel]) -> _Risks:
    kinds = set(_kinds(model.__pydantic_core_schema__))
    return _Risks("float" in kinds, "datetime" in kinds and "datetime naive" not in kinds)


def _kinds(schema: Any) -> Iterator[str]:
    """Yield `float`, `datetime`, `datetime aware` and `datetime naive` for each that is in a core schema."""
    if isinstance(schema, dict):
        if schema.get("type") in ("float", "datetime"):
            yield f"{schema['type']} {schema.get('tz_constraint') or ''}".rstrip()
        for part in schema.values():
            yield from _kinds(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from _kinds(part)
