"""`Rule`: what one code of a finding means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. Only errors change the exit status."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    def reaches(self, least: Severity) -> bool:
        """Tell whether this is as bad as `least`, or worse."""
        order = list(Severity)
        return order.index(self) <= order.index(least)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table of rules: `eventkit explain`, the documentation and the findings are fed from it.

    Args:
        code: `EK102`: never reused for another meaning.
        severity: How bad it is.
        title: What is wrong, without a full stop.
        why: Why it matters: what happens in production.
        example: Code or a schema that breaks the rule.
        mend: What to do about it.
    """

    code: str
    severity: Severity
    title: str
    why: str
    example: str
    mend: str
