"""EK6xx: a comment or an entry of the configuration that silences findings is wrong itself."""

from __future__ import annotations

from typing import Final

from eventkit.verify.rules.rule import Rule, Severity

UNUSED: Final = "EK601"
WITHOUT_EFFECT: Final = "EK602"
EXPIRED: Final = "EK603"

IGNORE_RULES: Final = (
    Rule(
        UNUSED,
        Severity.WARNING,
        "an ignore silences nothing",
        "What it was written for is mended, or has moved. Left there, it would hide the next finding of its code at "
        "that place, which nobody has looked at.",
        """\
class PaymentCompleted(Event, type="payment.completed"):
    amount: Decimal  # eventkit: ignore[EK102] was int until the ledger was replaced""",
        "Remove it, or the code that is not found any more.",
    ),
    Rule(
        WITHOUT_EFFECT,
        Severity.WARNING,
        "an ignore has no code, no reason, or a code that cannot be silenced",
        "It silences nothing. Without a reason nobody can tell later whether it is still needed, and a code that does "
        "not exist is a slip of the pen. What could not be read (EK5xx) was not checked, which must not pass for "
        "checked.",
        """\
class PaymentCompleted(Event, type="payment.completed"):
    amount: int  # eventkit: ignore[EK102]""",
        "Write the code and the reason: `# eventkit: ignore[EK102] the ledger sends whole units only`. A source that "
        "is not to be checked is left out of `sources`.",
    ),
    Rule(
        EXPIRED,
        Severity.WARNING,
        "an ignore has expired",
        "It was meant to last until its date and silences nothing any more: what it silenced is reported again.",
        """\
[[tool.eventkit.ignore]]
code = "EK204"
event = "order.created"
reason = "billing reads version 2 from its release in January on"
expires = 2027-01-31""",
        "Mend what it silenced and remove it, or give it a new date, and the reason for that.",
    ),
)
