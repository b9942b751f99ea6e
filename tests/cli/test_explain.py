"""`eventkit explain`."""

import pytest

from eventkit.verify.rules import RULES


def test_explain_shows_why_an_example_and_how_to_mend_it(eventkit, snapshot) -> None:
    assert eventkit("explain", "EK102").out == snapshot


@pytest.mark.parametrize("code", RULES)
def test_every_code_is_explained(eventkit, code) -> None:
    run = eventkit("explain", code.lower())

    assert run.status == 0
    assert run.out.startswith(f"{RULES[code].severity}[{code}]: {RULES[code].title}\n")


def test_an_unknown_code_is_wrong_usage_and_names_the_known_ones(eventkit) -> None:
    run = eventkit("explain", "EK777")

    assert run.status == 2
    assert run.err.startswith("error: no finding has the code 'EK777'\n  mend: use one of: EK100, EK101")
