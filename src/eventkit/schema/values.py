"""JSON values as JSON Schema sees them: seven types, equality, exact numbers.

Two traps of Python are kept out of the engine here: `True == 1` (JSON Schema tells them apart) and binary floats
(`0.1 + 0.2`): a number means the decimal that its literal spells.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

Json = Any
"""A value as `json.loads` returns it."""

Exact = int | Fraction
"""A number without rounding."""

NULL = 1
BOOLEAN = 2
INTEGER = 4
FRACTION = 8
"""A number that is not an integer: JSON Schema's `number` is `INTEGER | FRACTION`."""
STRING = 16
ARRAY = 32
OBJECT = 64
NUMBER = INTEGER | FRACTION
ANY = NULL | BOOLEAN | NUMBER | STRING | ARRAY | OBJECT

ATOMIC_TYPES = (STRING, INTEGER, FRACTION, BOOLEAN, OBJECT, ARRAY, NULL)
"""The types that partition all JSON values, in the order in which counterexamples are looked for."""

TYPES_IN = tuple(tuple(kind for kind in ATOMIC_TYPES if mask & kind) for mask in range(ANY + 1))
"""By a set of types: the atomic types in it, in this order."""

TYPE_MASKS = {
    "null": NULL,
    "boolean": BOOLEAN,
    "integer": INTEGER,
    "number": NUMBER,
    "string": STRING,
    "array": ARRAY,
    "object": OBJECT,
}

_TYPE_NAMES = (
    (NUMBER, "a number"),
    (INTEGER, "an integer"),
    (FRACTION, "a number with a fraction"),
    (STRING, "a string"),
    (BOOLEAN, "a boolean"),
    (OBJECT, "an object"),
    (ARRAY, "an array"),
    (NULL, "null"),
)


def type_of(value: Json) -> int:
    """Return the one atomic type of a value; `1.0` is an integer, as the drafts from 6 on say."""
    if value is None:
        return NULL
    if value is True or value is False:
        return BOOLEAN
    if isinstance(value, str):
        return STRING
    if isinstance(value, int):
        return INTEGER
    if isinstance(value, float):
        return INTEGER if value.is_integer() else FRACTION
    return ARRAY if isinstance(value, list) else OBJECT


@cache
def type_names(mask: int) -> str:
    """Return a set of types in words, as in "an integer, a string or null"."""
    names = []
    for bits, name in _TYPE_NAMES:
        if mask & bits == bits:
            names.append(name)
            mask &= ~bits
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def exact(number: int | float) -> Exact:
    """Return the number that the literal spells: `exact(0.1)` is one tenth."""
    if isinstance(number, int):
        return number
    spelled = Fraction(repr(number))
    return spelled.numerator if spelled.denominator == 1 else spelled


def to_json(number: Exact) -> int | float | None:
    """Return the JSON number that spells this one, or None if no float does."""
    if isinstance(number, int) or number.denominator == 1:
        return int(number)
    try:
        spelled = float(number)
    except OverflowError:
        return None
    return spelled if exact(spelled) == number else None


def key_of(value: Json) -> Any:
    """Return a hashable key: two values have equal keys if and only if JSON Schema calls them equal."""
    if value is None or isinstance(value, str):
        return value
    if value is True or value is False:
        return ("boolean", value)
    if isinstance(value, float):
        return exact(value)
    if isinstance(value, int):
        return value
    if isinstance(value, list):
        return ("array", tuple(map(key_of, value)))
    return ("object", frozenset((name, key_of(item)) for name, item in value.items()))
