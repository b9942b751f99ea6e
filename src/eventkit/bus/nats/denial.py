"""What a server says where a user lacks a right.

It names the subject, and neither the request nor the subscription; it sends no answer, and the connection stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from eventkit.contract.errors import BusError

_SAID: Final = re.compile(rb"""-ERR 'Permissions Violation for (Publish|Subscription) to "([^"]*)""")
_KIND: Final = 4


@dataclass(frozen=True, slots=True)
class Denial:
    """A right that the user does not have.

    Args:
        verb: `publish` or `subscribe`.
        subject: To what.
    """

    verb: str
    subject: str

    @property
    def kind(self) -> str:
        """What it has in common with denials of the same cause, whose subjects end with names made by chance."""
        return f"{self.verb} {'.'.join(self.subject.split('.')[:_KIND])}"

    def error(self, where: str) -> BusError:
        """Return the error of who needs the right."""
        return BusError(
            f"the user may not {self.verb} to {self.subject}",
            where=where,
            mend="give it the rights that docs/buses/nats.md lists",
        )


def read_denial(line: bytes) -> Denial | None:
    """Return what a line of the server denies; None where it says something else."""
    found = _SAID.match(line)
    if found is None:
        return None
    return Denial("publish" if found[1] == b"Publish" else "subscribe", found[2].decode(errors="replace"))
