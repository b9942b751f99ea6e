"""The texts of decimals as patterns, against Python's own arithmetic and pydantic's own rules."""

import re
from decimal import Decimal
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from eventkit.contract.decimals import READ, WRITTEN, at_least, at_most, of_digits

plain = st.from_regex(r"-?[0-9]{1,4}(\.[0-9]{1,4})?", fullmatch=True)
bounds = (
    st.decimals(min_value=-10_000, max_value=10_000, places=3)
    | st.decimals(min_value=-200, max_value=200, places=1)
    | st.sampled_from(["0", "-0", "0.5", "1", "100", "-1", "1E+2", "0.05", "9.99"]).map(Decimal)
)


def is_valid(text: str, **rules: object) -> bool:
    try:
        TypeAdapter(Annotated[Decimal, Field(**rules)]).validate_python(text)
    except ValidationError:
        return False
    return True


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_what_python_writes_is_written_and_read(number):
    assert re.search(WRITTEN, str(number))
    assert re.search(READ, str(number))


@given(st.from_regex(re.compile(READ, re.ASCII)).map(lambda text: text.removesuffix("\n")))
def test_what_is_read_is_a_decimal(text):
    assert is_valid(text)


@pytest.mark.parametrize("text", ["", ".", "+", "1e", "NaN", "Infinity", "1,5", "0x1", "1 2", "1\n2"])
def test_what_is_no_decimal_is_not_read(text):
    assert not re.search(READ, text)


@given(plain, bounds, st.booleans(), st.booleans())
def test_a_bound_is_exact_in_plain_notation(text, bound, strictly, at_the_bound):
    number = Decimal(text)
    if at_the_bound:
        bound = number
    above = bool(re.search(at_least(bound, above=strictly), text))
    below = bool(re.search(at_most(bound, below=strictly), text))
    if number == 0:  # some of its many spellings, such as -00.0, are left out
        assert not above or number >= bound
        assert not below or number <= bound
    else:
        assert above is (number > bound if strictly else number >= bound)
        assert below is (number < bound if strictly else number <= bound)


@given(st.decimals(allow_nan=False, allow_infinity=False), bounds)
def test_what_python_writes_of_a_number_within_a_bound_matches(number, bound):
    assert re.search(at_least(bound) if number >= bound else at_most(bound, below=True), str(number))
    assert re.search(at_most(bound) if number <= bound else at_least(bound, above=True), str(number))


@given(plain, st.none() | st.integers(1, 5), st.none() | st.integers(0, 5))
def test_digits_are_counted_as_pydantic_counts_them(text, max_digits, decimal_places):
    if max_digits is not None or decimal_places is not None:
        matches = bool(re.search(of_digits(max_digits, decimal_places), text))
        assert matches is is_valid(text, max_digits=max_digits, decimal_places=decimal_places)
