"""How much work a comparison may do, and how it says that it cannot decide."""

from __future__ import annotations

DEFAULT_BUDGET = 200_000
"""Steps that one comparison may take: a fraction of a second to a few seconds, far more than real schemas need."""

MAX_DEPTH = 60
"""How deep goals may nest: values nested deeper than this are not looked at."""


class Undecided(Exception):
    """The question cannot be decided; the message says why, in words for the reader of the verdict."""


class Endless(Undecided):
    """A schema refers to itself without a step into the value: there is no end to what it means."""


class OutOfBudget(Undecided):
    """The steps are used up."""


class Budget:
    """Counts steps, not seconds, so that a verdict does not depend on the machine."""

    __slots__ = ("depth", "left", "steps")

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.left = steps
        self.depth = 0

    def spend(self, steps: int = 1) -> None:
        """Take steps off the budget.

        Raises:
            OutOfBudget: nothing is left.
        """
        self.left -= steps
        if self.left < 0:
            raise OutOfBudget(f"the budget of {self.steps} steps is used up")
