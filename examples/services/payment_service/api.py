"""What payment_service answers over HTTP: each function reads a request, calls `PaymentService`, and answers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from eventkit import ClientError
from eventkit.clients.errors import NotFoundError
from eventkit.delivery.worker import Worker
from payment_service import service
from payment_service.models import Currency, InvoiceStatus, PaymentStatus, SubscriptionStatus
from payment_service.payment_service import PaymentNotFoundError, PaymentNotRefundableError

M = TypeVar("M", bound=BaseModel)


class UnreadableRequestError(Exception):
    """The body of a request is not what is asked for."""


class PaymentView(BaseModel):
    """A payment, as other services see it."""

    model_config = ConfigDict(from_attributes=True)

    payment_intent_id: str
    order_id: str
    status: PaymentStatus
    amount: Decimal
    currency: Currency
    payment_id: str | None
    error_code: str | None
    refund_id: str | None


class SubscriptionView(BaseModel):
    """The billing side of a subscription, as other services see it."""

    model_config = ConfigDict(from_attributes=True)

    subscription_id: str
    user_id: str
    plan_id: str
    status: SubscriptionStatus
    current_period_start: datetime
    current_period_end: datetime
    trial_end: datetime | None


class InvoiceView(BaseModel):
    """An invoice, as other services see it."""

    model_config = ConfigDict(from_attributes=True)

    invoice_id: str
    subscription_id: str
    status: InvoiceStatus
    amount_due: Decimal
    currency: Currency
    due_date: datetime
    paid_at: datetime | None


class Refund(BaseModel):
    """Why a payment is paid back."""

    model_config = ConfigDict(extra="forbid")

    reason: str


async def get_payment(request: Request) -> Response:
    """GET /payments/{payment_intent_id}."""
    intent = await request.state.payments.get_payment(request.path_params["payment_intent_id"])
    return _json(PaymentView.model_validate(intent))


async def refund(request: Request) -> Response:
    """POST /payments/{payment_intent_id}/refund."""
    reason = (await _read(request, Refund)).reason
    intent = await request.state.payments.refund(request.path_params["payment_intent_id"], reason)
    return _json(PaymentView.model_validate(intent))


async def get_subscription(request: Request) -> Response:
    """GET /subscriptions/{subscription_id}."""
    subscription = await request.state.payments.get_subscription(request.path_params["subscription_id"])
    return _json(SubscriptionView.model_validate(subscription))


async def get_invoice(request: Request) -> Response:
    """GET /invoices/{invoice_id}."""
    invoice = await request.state.payments.get_invoice(request.path_params["invoice_id"])
    return _json(InvoiceView.model_validate(invoice))


async def health(request: Request) -> Response:
    """GET /health: 200 while events are handled, 503 while they cannot be."""
    worker: Worker = request.state.worker
    problem = str(worker.problem) if worker.problem else None
    body = {"service": service.name, "version": service.version, "problem": problem}
    return JSONResponse(body, 200 if worker.ready else 503)


async def live(request: Request) -> Response:
    """GET /health/live: 503 when only a new process can go on."""
    worker: Worker = request.state.worker
    return Response(status_code=200 if worker.alive else 503)


ROUTES: Final = [
    Route("/health", health),
    Route("/health/live", live),
    Route("/payments/{payment_intent_id}", get_payment),
    Route("/payments/{payment_intent_id}/refund", refund, methods=["POST"]),
    Route("/subscriptions/{subscription_id}", get_subscription),
    Route("/invoices/{invoice_id}", get_invoice),
]

STATUS: Final[dict[type[Exception], int]] = {
    UnreadableRequestError: 400,
    PaymentNotFoundError: 404,
    PaymentNotRefundableError: 409,
}


async def _refuse(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, STATUS[type(error)])


async def _no_answer(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 404 if isinstance(error, NotFoundError) else 503)


ERRORS: Final = {**dict.fromkeys(STATUS, _refuse), ClientError: _no_answer}


async def _read(request: Request, model: type[M]) -> M:
    try:
        return model.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        raise UnreadableRequestError(str(error)) from None


def _json(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status, media_type="application/json")
