"""Writes docs/rules.md, the page of all rules, from the table that `eventkit explain` shows: `make rules`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from eventkit.verify.rules import RULES, Rule

PAGE: Final = Path(__file__).parents[1] / "docs" / "rules.md"
_GROUPS: Final = {
    "EK1": "A pair does not fit",
    "EK2": "Who publishes what to whom does not add up",
    "EK3": "A change breaks what is deployed",
    "EK4": "A service is not built as it should be",
    "EK5": "A source could not be read",
    "EK6": "An ignore is wrong itself",
}


def page() -> str:
    """Return the page: a table of all rules, then what each of them means."""
    parts = [
        "# Rules\n\nWritten by `make rules` from the table that `eventkit explain CODE` shows. How findings are read\n"
        "and silenced is in [findings.md](findings.md).\n"
    ]
    for group, title in _GROUPS.items():
        rules = [rule for rule in RULES.values() if rule.code.startswith(group)]
        if rules:
            rows = "".join(
                f"| [{rule.code}](#{rule.code.lower()}) | {rule.severity} | {rule.title} |\n" for rule in rules
            )
            parts += [f"\n## {group}xx: {title}\n\n| code | severity | what is wrong |\n|---|---|---|\n{rows}"]
            parts += map(_section, rules)
    return "".join(parts)


def _section(rule: Rule) -> str:
    return (
        f"\n### {rule.code}\n\n**{rule.title[0].upper()}{rule.title[1:]}.** {rule.why}\n\n"
        f"```\n{rule.example}\n```\n\n{rule.mend}\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
