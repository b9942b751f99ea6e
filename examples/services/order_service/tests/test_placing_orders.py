"""What customers can order, and what they are told when they cannot."""

from decimal import Decimal

import pytest
from order_service.events.models import OrderCreatedEvent
from order_service.models import OrderRequest, OrderStatus
from order_service.order_service import InsufficientFundsError, OrderNotFoundError, OrderRefusedError
from pydantic import ValidationError


async def test_an_order_is_stored_and_told_of(system):
    order = await system.place(
        items=[
            {"product_id": "book", "quantity": 2, "unit_price": "20.00"},
            {"product_id": "pen", "unit_price": "1.99"},
        ]
    )

    assert (await system.orders.get_order(order.order_id)).status is OrderStatus.PENDING
    [event] = (await system.published()).events(OrderCreatedEvent)
    assert event.order_id == order.order_id
    assert event.total_amount == Decimal("41.99")
    assert [(item.product_id, item.quantity) for item in event.items] == [("book", 2), ("pen", 1)]


async def test_the_order_is_read_back_as_it_was_stored(system):
    placed = await system.place()
    read = await system.orders.get_order(placed.order_id)

    assert read is not placed
    assert (read.total_amount, read.created_at, read.currency) == (
        placed.total_amount,
        placed.created_at,
        placed.currency,
    )


async def test_the_same_request_makes_one_order(system):
    first = await system.place(request_id="r-1")
    second = await system.place(request_id="r-1")

    assert second.order_id == first.order_id
    assert len((await system.published()).envelopes) == 1


async def test_requests_of_two_customers_are_two_requests(system):
    first = await system.place(user_id="ada", request_id="r-1")
    second = await system.place(user_id="ben", request_id="r-1")

    assert second.order_id != first.order_id


@pytest.mark.parametrize("user_id", ["nobody", "gwen", "olga"], ids=["unknown", "gone", "owes money"])
async def test_a_customer_who_cannot_order_is_refused(system, user_id):
    with pytest.raises(OrderRefusedError, match=user_id):
        await system.place(user_id=user_id)

    assert not (await system.published()).envelopes


async def test_an_order_beyond_the_balance_is_refused(system):
    with pytest.raises(InsufficientFundsError, match=r"costs 20.00 USD, and user paul can spend 5.00"):
        await system.place("20.00", user_id="paul")


async def test_somebody_elses_wallet_cannot_be_topped_up(system):
    with pytest.raises(OrderRefusedError, match="wallet-ben is not that of user ada"):
        await system.place("20.00", user_id="ada", order_type="top_up", wallet_id="wallet-ben")


async def test_who_has_too_little_can_still_top_up(system):
    order = await system.place("20.00", user_id="paul", order_type="top_up", wallet_id="wallet-paul")

    assert order.status is OrderStatus.PENDING


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"items": []}, "at least 1 item"),
        ({"items": [{"product_id": "book", "unit_price": "0.001"}]}, "decimal places"),
        ({"items": [{"product_id": "book", "unit_price": "-1"}]}, "greater than 0"),
        ({"order_type": "subscription"}, "names its subscription_id"),
        ({"order_type": "top_up"}, "names its wallet_id"),
        ({"wallet_id": "wallet-ada"}, "names its wallet_id"),
        ({"user_id": "../admin"}, "user_id"),
        ({"currency": "XYZ"}, "currency"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(fields, reason):
    request = {"user_id": "ada", "items": [{"product_id": "book", "unit_price": "1.00"}], **fields}
    with pytest.raises(ValidationError, match=reason):
        OrderRequest.model_validate(request)


async def test_an_order_that_is_not_there_is_named(system):
    with pytest.raises(OrderNotFoundError, match="ord_404"):
        await system.orders.get_order("ord_404")


async def test_receipts_and_notifications_come_from_their_services(system):
    order = await system.place()

    assert order.order_id in (await system.orders.get_receipt(order.order_id)).url
    assert await system.orders.list_notifications(order.order_id) == []
