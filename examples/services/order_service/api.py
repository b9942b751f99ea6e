"""What order_service answers over HTTP: each function reads a request, calls `OrderService`, and answers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from eventkit import ClientError
from eventkit.clients.errors import NotFoundError
from eventkit.delivery.worker import Worker
from order_service import service
from order_service.clients.notification_client import Notification
from order_service.models import Currency, OrderRequest, OrderStatus, OrderType
from order_service.order_service import (
    InsufficientFundsError,
    OrderNotCancelableError,
    OrderNotFoundError,
    OrderRefusedError,
)

M = TypeVar("M", bound=BaseModel)


class UnreadableRequestError(Exception):
    """The body of a request is not what is asked for."""


class OrderView(BaseModel):
    """An order, as customers see it."""

    model_config = ConfigDict(from_attributes=True)

    order_id: str
    user_id: str
    order_type: OrderType
    status: OrderStatus
    total_amount: Decimal
    currency: Currency
    payment_id: str | None
    failure: str | None
    created_at: datetime
    expires_at: datetime
    fulfilled_at: datetime | None


class Cancellation(BaseModel):
    """Why a customer cancels an order."""

    model_config = ConfigDict(extra="forbid")

    reason: str = "the customer asked for it"


async def place_order(request: Request) -> Response:
    """POST /orders."""
    order = await request.state.orders.place_order(await _read(request, OrderRequest))
    return _json(OrderView.model_validate(order), 201)


async def get_order(request: Request) -> Response:
    """GET /orders/{order_id}."""
    return _json(OrderView.model_validate(await request.state.orders.get_order(request.path_params["order_id"])))


async def cancel_order(request: Request) -> Response:
    """POST /orders/{order_id}/cancel. The refund of a paid order follows later."""
    cancellation = await _read(request, Cancellation)
    order = await request.state.orders.cancel_order(request.path_params["order_id"], cancellation.reason)
    return _json(OrderView.model_validate(order))


async def get_receipt(request: Request) -> Response:
    """GET /orders/{order_id}/receipt."""
    return _json(await request.state.orders.get_receipt(request.path_params["order_id"]))


async def list_notifications(request: Request) -> Response:
    """GET /orders/{order_id}/notifications."""
    notifications = await request.state.orders.list_notifications(request.path_params["order_id"])
    return Response(TypeAdapter(list[Notification]).dump_json(notifications), media_type="application/json")


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
    Route("/orders", place_order, methods=["POST"]),
    Route("/orders/{order_id}", get_order),
    Route("/orders/{order_id}/cancel", cancel_order, methods=["POST"]),
    Route("/orders/{order_id}/receipt", get_receipt),
    Route("/orders/{order_id}/notifications", list_notifications),
]

STATUS: Final[dict[type[Exception], int]] = {
    UnreadableRequestError: 400,
    OrderNotFoundError: 404,
    OrderRefusedError: 422,
    InsufficientFundsError: 402,
    OrderNotCancelableError: 409,
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
