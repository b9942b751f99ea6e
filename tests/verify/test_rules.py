"""The table of rules: complete, in order, and written for people."""

import pytest

from eventkit.discovery import codes as source_codes
from eventkit.schema import codes as pair_codes
from eventkit.verify.rules import RULES


def test_the_rules_are_in_the_order_of_their_codes() -> None:
    assert list(RULES) == sorted(RULES)


def test_every_problem_of_a_comparison_has_a_rule_with_the_same_title() -> None:
    assert {code: RULES[code].title for code in pair_codes.CODES} == pair_codes.CODES


def test_every_problem_of_a_source_has_a_rule() -> None:
    used = {value for name, value in vars(source_codes).items() if name.isupper()}

    assert used == {code for code in RULES if code.startswith("EK5")}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_explains_itself(rule) -> None:
    assert rule.title[0].islower()
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert rule.mend.endswith(".")
    assert rule.example
