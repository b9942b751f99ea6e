"""Random pairs of schemas: no verdict contradicts what validators say of values."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventkit.schema import compare
from tests.schema.generator import Generator
from tests.schema.oracles import check_seed, contradiction, long_run


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), st.sampled_from(["2020-12", "draft-07"]))
def test_no_verdict_contradicts_the_validators(random: Random, dialect: str) -> None:
    generator = Generator(random, dialect)
    publisher, subscriber = generator.pair()
    comparison = compare(publisher, subscriber, dialect=dialect, formats="annotate")  # type: ignore[arg-type]
    assert contradiction(generator, publisher, subscriber, comparison) is None


@settings(max_examples=100)
@given(st.randoms(use_true_random=False))
def test_a_schema_fits_itself(random: Random) -> None:
    schema = Generator(random).document()
    renamed = {"title": "the same", **schema} if isinstance(schema, dict) else schema
    assert compare(schema, renamed).verdict in ("compatible", "unknown")


@settings(max_examples=100)
@given(st.randoms(use_true_random=False))
def test_an_answer_does_not_depend_on_what_was_asked_before(random: Random) -> None:
    publisher, subscriber = Generator(random).pair()
    first = compare(publisher, subscriber)
    compare(subscriber, publisher)
    assert compare(publisher, subscriber) == first


@pytest.mark.slow
def test_twenty_thousand_pairs() -> None:
    assert long_run(20_000) == 0


@pytest.mark.parametrize("seed", [43281, 82545, 102196, 5595, 12354, 10981])
def test_seeds_that_were_wrong_once(seed: int) -> None:
    assert check_seed(seed)[1] is None
