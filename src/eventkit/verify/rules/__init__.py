"""The rules: one row for each code that a finding can have.

A new rule is one row in the module of its group, the function that yields the finding, and a folder in
`tests/verify/defects`.
"""

from __future__ import annotations

from typing import Final

from eventkit.verify.rules.evolution import EVOLUTION_RULES
from eventkit.verify.rules.ignores import IGNORE_RULES
from eventkit.verify.rules.pairs import PAIR_RULES
from eventkit.verify.rules.rule import Rule, Severity
from eventkit.verify.rules.sources import SOURCE_RULES
from eventkit.verify.rules.topology import TOPOLOGY_RULES

__all__ = ["RULES", "Rule", "Severity"]

RULES: Final[dict[str, Rule]] = {
    rule.code: rule for rule in (*PAIR_RULES, *TOPOLOGY_RULES, *EVOLUTION_RULES, *SOURCE_RULES, *IGNORE_RULES)
}
"""Every rule by its code, in the order of the codes."""
