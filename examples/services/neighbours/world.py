"""What the neighbours know: a few customers, their money, and one organization. It is gone when the process ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(slots=True)
class Customer:
    """One customer, as all neighbours together know it.

    Args:
        balance: What is in the wallet, in units of any currency.
        active: Whether the account is in use.
        overdue_invoices: How many bills should have been paid by now.
    """

    balance: Decimal
    active: bool = True
    overdue_invoices: int = 0


def _customers() -> dict[str, Customer]:
    return {
        "ada": Customer(Decimal("100000.00")),
        "ben": Customer(Decimal("100000.00")),
        "cleo": Customer(Decimal("100000.00")),
        "paul": Customer(Decimal("5.00")),  # poor
        "olga": Customer(Decimal("100000.00"), overdue_invoices=2),
        "gwen": Customer(Decimal("100000.00"), active=False),  # gone
    }


@dataclass(slots=True)
class World:
    """Everything that the neighbours know.

    Args:
        customers: By user id. The wallet of `ada` is called `wallet-ada`.
        organizations: The members of each organization.
        movements: What was put into wallets or taken from them, by the name that the caller gave it.
    """

    customers: dict[str, Customer] = field(default_factory=_customers)
    organizations: dict[str, list[str]] = field(default_factory=lambda: {"acme": ["ada", "ben"]})
    movements: dict[str, Decimal] = field(default_factory=dict)
