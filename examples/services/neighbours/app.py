"""What the neighbours answer over HTTP, each under its own prefix, and `POST /events/{type}` to have them publish."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from eventkit.contract.context import Sink
from neighbours.contracts import Announcer, BrokenPromiseError
from neighbours.world import Customer, World


def create_app(sink: Sink, world: World | None = None, *, lifespan: Lifespan[Starlette] | None = None) -> Starlette:
    """Return the application.

    Args:
        sink: Where the neighbours publish.
        world: What the neighbours know.
        lifespan: What is to be open while the application is served.
    """
    neighbours = Neighbours(world or World(), Announcer(sink))
    routes = [
        Route("/health", neighbours.health),
        Route("/events/{type_name}", neighbours.publish, methods=["POST"]),
        Route("/account/users/{user_id}", neighbours.get_user),
        Route("/wallet/users/{user_id}/balance", neighbours.get_balance),
        Route("/wallet/users/{user_id}/deductions/{name}", neighbours.deduct, methods=["PUT"]),
        Route("/wallet/wallets/{wallet_id}/credits/{name}", neighbours.add_credits, methods=["PUT"]),
        Route("/billing/users/{user_id}/standing", neighbours.get_standing),
        Route("/billing/users/{user_id}/account", neighbours.get_billing_account),
        Route("/storage/receipts/{order_id}", neighbours.get_receipt),
        Route("/notification/orders/{order_id}/notifications", neighbours.list_notifications),
        Route("/organization/organizations/{organization_id}", neighbours.get_organization),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


class Neighbours:
    """The answers.

    Args:
        world: What the neighbours know.
        announcer: Publishes their events.
    """

    def __init__(self, world: World, announcer: Announcer) -> None:
        self._world = world
        self._announcer = announcer

    async def health(self, _: Request) -> Response:
        """GET /health."""
        return JSONResponse({"service": "neighbours"})

    async def publish(self, request: Request) -> Response:
        """POST /events/{type_name}: publish the event in the body, and make it true."""
        type_name, data = request.path_params["type_name"], await request.json()
        try:
            event_id = await self._announcer.announce(type_name, data)
        except BrokenPromiseError as error:
            raise HTTPException(422, str(error)) from None
        if type_name == "user.deleted" and data["user_id"] in self._world.customers:
            self._world.customers[data["user_id"]].active = False
        return JSONResponse({"id": event_id}, 202)

    async def get_user(self, request: Request) -> Response:
        """account_service: who a customer is."""
        return JSONResponse({"user_id": request.path_params["user_id"], "active": self._customer(request).active})

    async def get_balance(self, request: Request) -> Response:
        """wallet_service: what a customer can spend."""
        wallet_id = f"wallet-{request.path_params['user_id']}"
        return JSONResponse({"wallet_id": wallet_id, "available": str(self._customer(request).balance)})

    async def add_credits(self, request: Request) -> Response:
        """wallet_service: put credits into a wallet, once for each name."""
        user_id = request.path_params["wallet_id"].removeprefix("wallet-")
        body = await request.json()
        amount = _amount(body)
        if await self._move(user_id, request.path_params["name"], amount, body["currency"]):
            await self._announcer.announce(
                "wallet.credits_added",
                {
                    "wallet_id": f"wallet-{user_id}",
                    "user_id": user_id,
                    "order_id": body.get("order_id"),
                    "transaction_id": f"txn-{request.path_params['name']}",
                    "credits_added": f"{amount:.2f}",
                    "currency": body["currency"],
                },
            )
        return JSONResponse({})

    async def deduct(self, request: Request) -> Response:
        """wallet_service: take money from a customer, once for each name."""
        body = await request.json()
        await self._move(request.path_params["user_id"], request.path_params["name"], -_amount(body), body["currency"])
        return JSONResponse({})

    async def _move(self, user_id: str, name: str, amount: Decimal, currency: str) -> bool:
        """Move money, and tell whether it was not moved before."""
        customer = self._world.customers.get(user_id)
        if customer is None:
            raise HTTPException(404, f"there is no wallet of {user_id}")
        if name in self._world.movements:
            return False
        old_balance, new_balance = customer.balance, customer.balance + amount
        if new_balance < 0:
            raise HTTPException(409, f"there is only {old_balance} in the wallet of {user_id}")
        self._world.movements[name] = amount
        customer.balance = new_balance
        await self._announcer.announce(
            "wallet.balance_changed",
            {
                "wallet_id": f"wallet-{user_id}",
                "user_id": user_id,
                "old_balance": f"{old_balance:.2f}",
                "new_balance": f"{new_balance:.2f}",
                "currency": currency,
                "changed_at": datetime.now(UTC).isoformat(),
            },
        )
        return True

    async def get_standing(self, request: Request) -> Response:
        """billing_service: who owes what."""
        return JSONResponse({"overdue_invoices": self._customer(request).overdue_invoices})

    async def get_billing_account(self, request: Request) -> Response:
        """billing_service: how a customer pays."""
        self._customer(request)
        return JSONResponse({"payment_method": "card"})

    async def get_receipt(self, request: Request) -> Response:
        """storage_service: where a receipt is."""
        order_id = request.path_params["order_id"]
        return JSONResponse({"order_id": order_id, "url": f"https://storage.example/receipts/{order_id}.pdf"})

    async def list_notifications(self, _: Request) -> Response:
        """notification_service: what a customer was told. This one does not send anything."""
        return JSONResponse([])

    async def get_organization(self, request: Request) -> Response:
        """organization_service: who acts for an organization."""
        organization_id = request.path_params["organization_id"]
        if organization_id not in self._world.organizations:
            raise HTTPException(404, f"there is no organization {organization_id}")
        members = self._world.organizations[organization_id]
        return JSONResponse({"organization_id": organization_id, "member_ids": members})

    def _customer(self, request: Request) -> Customer:
        user_id = request.path_params["user_id"]
        if user_id not in self._world.customers:
            raise HTTPException(404, f"there is no user {user_id}")
        return self._world.customers[user_id]


def _amount(body: dict[str, Any]) -> Decimal:
    try:
        amount = Decimal(body["amount"])
    except (KeyError, TypeError, InvalidOperation):
        raise HTTPException(422, "the body names no amount") from None
    if not amount > 0:
        raise HTTPException(422, f"the amount is {amount}")
    return amount
