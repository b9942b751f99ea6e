"""The payment gateway: what moves real money. `PaymentGateway` is what this service needs of one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from payment_service.database import Base
from payment_service.models import PaymentIntent, new_id


@dataclass(frozen=True, slots=True)
class Charged:
    """The money was taken.

    Args:
        payment_id: The charge.
    """

    payment_id: str


@dataclass(frozen=True, slots=True)
class Declined:
    """Nothing was taken.

    Args:
        code: Why, for programs.
        message: Why, for people.
    """

    code: str
    message: str


class PaymentGateway(Protocol):
    """A provider of payments.

    The same payment intent twice is charged, or paid back, once: after a crash the service asks again. Stripe's
    `Idempotency-Key` and Adyen's `reference` do this; where a provider has nothing of the kind, look there for the
    intent before charging it.
    """

    async def charge(self, intent: PaymentIntent) -> Charged | Declined:
        """Take the money. Raises where the provider gives no answer: the caller asks again."""

    async def refund(self, intent: PaymentIntent) -> str:
        """Pay back what was charged; return the refund's id. Raises as `charge` does."""


class LedgerEntry(Base):
    """One movement of money in the books of the deterministic gateway."""

    __tablename__ = "gateway_ledger"

    payment_intent_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    entry_id: Mapped[str]


DECLINES: Final = {
    Decimal("0.13"): Declined("card_declined", "The card was declined."),
    Decimal("0.37"): Declined("insufficient_funds", "There is not enough on the account."),
    Decimal("0.66"): Declined("expired_card", "The card has expired."),
}


class DeterministicGateway:
    """A gateway for tests and demonstrations: the cents of the amount say what happens.

    It keeps its books in the service's database, in transactions of its own; those of a real provider are at the
    provider. To use a real one, write a class with these two methods, and give it to `PaymentService` in `main.py`.

    Args:
        engine: The database.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def charge(self, intent: PaymentIntent) -> Charged | Declined:
        """Decline amounts that end in .13, .37 or .66; charge all others, once for each intent."""
        return DECLINES.get(intent.amount % 1) or Charged(await self._book(intent, "charge"))

    async def refund(self, intent: PaymentIntent) -> str:
        """Pay back, once for each intent."""
        return await self._book(intent, "refund")

    async def _book(self, intent: PaymentIntent, kind: str) -> str:
        async with self._sessions.begin() as session:
            entry = await session.get(LedgerEntry, (intent.payment_intent_id, kind))
            if entry is None:
                entry = LedgerEntry(payment_intent_id=intent.payment_intent_id, kind=kind, entry_id=new_id(kind))
                session.add(entry)
            return entry.entry_id
