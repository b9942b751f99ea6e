"""What product_service answers over HTTP: each function reads a request, calls `ProductService`, and answers."""

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
from product_service import service
from product_service.models import (
    BillingCycle,
    Currency,
    PlanTier,
    SubscriptionRequest,
    SubscriptionStatus,
    UsageReport,
)
from product_service.product_service import (
    NotSubscribedError,
    PlanNotFoundError,
    SubscriptionNotFoundError,
    SubscriptionRefusedError,
)

M = TypeVar("M", bound=BaseModel)


class UnreadableRequestError(Exception):
    """The body of a request is not what is asked for."""


class PlanView(BaseModel):
    """A plan, as other services see it."""

    plan_id: str
    plan_tier: PlanTier
    billing_cycle: BillingCycle
    price: Decimal
    currency: Currency
    period_days: int
    trial_days: int


class SubscriptionView(BaseModel):
    """A subscription, as other services see it."""

    model_config = ConfigDict(from_attributes=True)

    subscription_id: str
    user_id: str
    organization_id: str | None
    plan_id: str
    status: SubscriptionStatus
    current_period_start: datetime
    current_period_end: datetime


class UsageView(BaseModel):
    """A usage record, as other services see it."""

    model_config = ConfigDict(from_attributes=True)

    usage_record_id: str
    user_id: str
    product_id: str
    usage_amount: Decimal
    recorded_at: datetime


async def get_plan(request: Request) -> Response:
    """GET /plans/{plan_id}."""
    plan = request.state.products.get_plan(request.path_params["plan_id"])
    return _json(PlanView(**plan.model_dump(), period_days=plan.billing_cycle.length.days))


async def subscribe(request: Request) -> Response:
    """POST /subscriptions."""
    subscription = await request.state.products.subscribe(await _read(request, SubscriptionRequest))
    return _json(SubscriptionView.model_validate(subscription), 201)


async def get_subscription(request: Request) -> Response:
    """GET /subscriptions/{subscription_id}."""
    subscription = await request.state.products.get_subscription(request.path_params["subscription_id"])
    return _json(SubscriptionView.model_validate(subscription))


async def record_usage(request: Request) -> Response:
    """POST /usage."""
    record = await request.state.products.record_usage(await _read(request, UsageReport))
    return _json(UsageView.model_validate(record), 201)


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
    Route("/plans/{plan_id}", get_plan),
    Route("/subscriptions", subscribe, methods=["POST"]),
    Route("/subscriptions/{subscription_id}", get_subscription),
    Route("/usage", record_usage, methods=["POST"]),
]

STATUS: Final[dict[type[Exception], int]] = {
    UnreadableRequestError: 400,
    PlanNotFoundError: 404,
    SubscriptionNotFoundError: 404,
    SubscriptionRefusedError: 422,
    NotSubscribedError: 409,
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
