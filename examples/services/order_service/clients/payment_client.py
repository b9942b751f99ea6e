"""payment_service: the payments of orders."""

from __future__ import annotations

from pydantic import BaseModel

from eventkit import ServiceClient


class Payment(BaseModel):
    """A payment, as far as order_service is concerned."""

    payment_intent_id: str
    status: str


class PaymentClient(ServiceClient):
    """Asks payment_service."""

    async def refund(self, payment_intent_id: str, *, reason: str) -> Payment:
        """Have a payment paid back in full. Asking twice pays back once; `payment.refunded` tells when it is done."""
        return await self.post(
            "/payments/{payment_intent_id}/refund",
            Payment,
            body={"reason": reason},
            payment_intent_id=payment_intent_id,
        )
