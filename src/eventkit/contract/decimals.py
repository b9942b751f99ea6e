"""The texts of decimals as regular expressions: JSON Schema can bound a number, but not the text that means one.

Decimals travel as text, so that no digit is lost. Without a pattern a schema would call every text a decimal, and a
publisher of any text would fit a reader of decimals.

The patterns are ECMA-262 and match the whole text. For plain notation (`12.50`) they are exact. For scientific notation
(`1E-7`), which Python writes for very small and for some large values, they know the sign and no other bound: a
publisher that breaks a bound breaks it in plain notation, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

_FRACTION: Final = r"(?:\.[0-9]+)?"
_PLAIN: Final = f"[0-9]+{_FRACTION}"
_EXPONENT: Final = "E[+-][0-9]{1,18}"
_ZERO: Final = rf"0(?:\.0+|{_EXPONENT})?"
_SCIENTIFIC: Final = f"[1-9]{_FRACTION}{_EXPONENT}"

WRITTEN: Final = f"^-?{_PLAIN}(?:{_EXPONENT})?$"
"""What `str` makes of a finite Decimal, and a little more that reads better."""
READ: Final = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,18})?$"
"""What `Decimal` takes for a finite one, without spaces and underscores."""


def at_least(bound: Decimal, *, above: bool = False) -> str:
    """Return the pattern of decimals that are not below the bound.

    Args:
        bound: The bound.
        above: The bound itself is left out.
    """
    if bound < 0:
        return _any_of(_PLAIN, *(f"-{each}" for each in _smaller(-bound, above)), f"-?{_SCIENTIFIC}", f"-?{_ZERO}")
    if bound == 0 and not above:
        return _any_of(_PLAIN, _SCIENTIFIC, f"-?{_ZERO}")
    return _any_of(*_larger(abs(bound), above), _SCIENTIFIC)


def at_most(bound: Decimal, *, below: bool = False) -> str:
    """Return the pattern of decimals that are not above the bound.

    Args:
        bound: The bound.
        below: The bound itself is left out.
    """
    if bound > 0:
        return _any_of(f"-{_PLAIN}", *_smaller(bound, below), f"-?{_SCIENTIFIC}", f"-?{_ZERO}")
    if bound == 0 and not below:
        return _any_of(f"-{_PLAIN}", f"-{_SCIENTIFIC}", f"-?{_ZERO}")
    return _any_of(*(f"-{each}" for each in _larger(abs(bound), below)), f"-{_SCIENTIFIC}")


def of_digits(max_digits: int | None, decimal_places: int | None) -> str:
    """Return the pattern of decimals that have so many digits at the most; zeros at both ends do not count.

    Args:
        max_digits: Digits altogether, those after the point included.
        decimal_places: Digits after the point.
    """
    if max_digits is None:
        shapes = [f"[0-9]+{_places(decimal_places or 0)}"]
    elif decimal_places is not None:
        places = min(max_digits, decimal_places)
        # Where no digit may stand before the point, pydantic takes 0.0 for zero, but not 0.
        fraction_only = rf"0+\.[0-9]{{1,{places}}}0*"
        shapes = [f"{_integer(max_digits - places)}{_places(places)}" if max_digits > places else fraction_only]
    else:
        shapes = [f"{_integer(count)}{_places(max_digits - count)}" for count in range(max_digits + 1)]
    return _any_of(*(f"-?{shape}" for shape in shapes), f"-?{_SCIENTIFIC}", f"-?0{_EXPONENT}")


def _any_of(*alternatives: str) -> str:
    return f"^(?:{'|'.join(alternatives)})$"


def _integer(digits: int) -> str:
    return f"0*[0-9]{{1,{digits}}}" if digits else "0+"


def _places(digits: int) -> str:
    return rf"(?:\.[0-9]{{1,{digits}}}0*)?" if digits else r"(?:\.0+)?"


def _larger(bound: Decimal, strictly: bool) -> Iterator[str]:
    """Yield what texts without sign look like that are not below a bound of 0 or more."""
    integer, fraction = _split(bound)
    yield rf"0*[1-9][0-9]{{{len(integer)},}}{_FRACTION}"  # more digits before the point
    for index, digit in enumerate(integer):
        if digit != "9":
            yield f"0*{integer[:index]}[{int(digit) + 1}-9]{_digits(len(integer) - index - 1)}{_FRACTION}"
    for index, digit in enumerate(fraction):
        if digit != "9":
            yield rf"0*{integer}\.{fraction[:index]}[{int(digit) + 1}-9][0-9]*"
    if strictly:
        yield rf"0*{integer}\.{fraction}0*[1-9][0-9]*"
    else:
        yield rf"0*{integer}\.{fraction}[0-9]*" if fraction else f"0*{integer}{_FRACTION}"


def _smaller(bound: Decimal, strictly: bool) -> Iterator[str]:
    """Yield what texts without sign look like that are not above a bound greater than 0."""
    integer, fraction = _split(bound)
    if len(integer) > 1:  # fewer digits before the point
        yield f"{_integer(len(integer) - 1)}{_FRACTION}"
    for index, digit in enumerate(integer):
        if digit != "0":
            yield f"0*{integer[:index]}[0-{int(digit) - 1}]{_digits(len(integer) - index - 1)}{_FRACTION}"
    for index, digit in enumerate(fraction):
        if digit != "0":
            yield rf"0*{integer}\.{fraction[:index]}[0-{int(digit) - 1}][0-9]*"
        yield rf"0*{integer}\.{fraction[:index]}" if index else f"0*{integer}"
    if not strictly:
        yield rf"0*{integer}\.{fraction}0*" if fraction else rf"0*{integer}(?:\.0+)?"


def _digits(count: int) -> str:
    return f"[0-9]{{{count}}}" if count else ""


def _split(bound: Decimal) -> tuple[str, str]:
    integer, _, fraction = f"{bound:f}".partition(".")
    return integer.lstrip("0") or "0", fraction.rstrip("0")
