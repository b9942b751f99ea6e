"""Orders from the first event to the last, through services that run: one effect each, however often an event comes."""

import pytest

from tests.e2e.conftest import on_each_bus

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def nothing_is_given_up(landscape):
    yield
    landscape.becomes_quiet()
    assert landscape.dead_letters() == []


@on_each_bus
def test_an_order_is_paid_and_completed(landscape):
    order_id = landscape.place("20.00")

    landscape.order_becomes(order_id, "completed")
    landscape.becomes_quiet()
    assert landscape.charges_of(order_id) == ["charge"]
    for event in ("order.created", "payment.intent.created", "payment.completed", "order.completed"):
        assert landscape.published(event, order_id=order_id) == 1


def test_a_declined_order_fails(landscape):
    order_id = landscape.place("20.13")

    landscape.order_becomes(order_id, "failed")
    landscape.becomes_quiet()
    assert landscape.get("order_service", f"/orders/{order_id}")["failure"] == "The card was declined."
    assert landscape.charges_of(order_id) == []
    assert landscape.published("payment.failed", order_id=order_id) == 1
    assert landscape.published("order.updated", order_id=order_id) == 1


def test_a_canceled_order_is_refunded(landscape):
    order_id = landscape.place("20.00")
    landscape.order_becomes(order_id, "completed")

    assert landscape.post("order_service", f"/orders/{order_id}/cancel").json()["status"] == "canceled"

    landscape.order_becomes(order_id, "refunded")
    landscape.becomes_quiet()
    assert landscape.charges_of(order_id) == ["charge", "refund"]
    for event in ("order.canceled", "payment.refunded", "order.refunded"):
        assert landscape.published(event, order_id=order_id) == 1


@pytest.mark.parametrize(("user_id", "status"), [("paul", 402), ("gwen", 422), ("nobody", 422), ("olga", 422)])
def test_who_cannot_pay_gets_no_order(landscape, user_id, status):
    order = {"user_id": user_id, "items": [{"product_id": "book", "unit_price": "20.00"}]}

    assert landscape.post("order_service", "/orders", order).status_code == status
    assert landscape.published("order.created", user_id=user_id) == 0


def test_a_subscription_is_activated_when_its_order_is_paid(landscape):
    subscription_id = landscape.subscribe()

    order_id = landscape.pay_for(subscription_id)

    landscape.order_becomes(order_id, "completed")
    landscape.subscription_becomes(subscription_id, "active")
    landscape.becomes_quiet()
    assert landscape.get("payment_service", f"/subscriptions/{subscription_id}")["status"] == "active"
    assert landscape.published("product.subscription.activated", subscription_id=subscription_id) == 1
    assert landscape.published("subscription.created", subscription_id=subscription_id) == 1
    assert landscape.published("order.fulfilled", order_id=order_id) == 1


def test_a_top_up_is_completed_by_its_credits(landscape):
    order_id = landscape.place("50.00", "ben", order_type="top_up", wallet_id="wallet-ben")

    landscape.order_becomes(order_id, "completed")
    landscape.becomes_quiet()
    assert landscape.charges_of(order_id) == ["charge"]
    assert landscape.published("wallet.credits_added", order_id=order_id) == 1
    assert landscape.published("order.completed", order_id=order_id, credits_added="50.00") == 1


def test_use_is_recorded_once_and_billed_once(landscape):
    subscription_id = landscape.subscribe("ben")
    landscape.pay_for(subscription_id, "ben")
    landscape.subscription_becomes(subscription_id, "active")
    report = {
        "user_id": "ben",
        "subscription_id": subscription_id,
        "product_id": "api-calls",
        "usage_amount": "12500",
        "request_id": f"report-{subscription_id}",
    }
    for _ in range(2):
        assert landscape.post("product_service", "/usage", report).status_code == 201

    exceeded = {"subscription_id": subscription_id, "user_id": "ben", "product_id": "api-calls", "currency": "USD"}
    amounts = {"included_amount": "10000", "used_amount": "12500", "overage_amount": "5.00"}
    landscape.announce("subscription.usage_exceeded", {**exceeded, **amounts})

    landscape.eventually(lambda: landscape.published("invoice.paid", subscription_id=subscription_id), 1)
    landscape.becomes_quiet()
    assert landscape.published("product.usage.recorded", subscription_id=subscription_id) == 1
    assert landscape.published("invoice.created", subscription_id=subscription_id) == 1
    assert landscape.rows("payment_service", "SELECT status FROM invoices WHERE user_id = 'ben'") == [("paid",)]


def test_a_deleted_customer_loses_open_orders_and_subscriptions(landscape):
    subscription_id = landscape.subscribe("cleo")
    landscape.pay_for(subscription_id, "cleo")
    landscape.subscription_becomes(subscription_id, "active")
    landscape.becomes_quiet()
    landscape.system.apps["payment_service"].stop()  # so that the next order stays open
    order_id = landscape.place("20.00", "cleo")

    landscape.announce("user.deleted", {"user_id": "cleo", "deleted_at": "2026-03-01T12:00:00Z", "reason": None})

    landscape.order_becomes(order_id, "canceled")
    landscape.subscription_becomes(subscription_id, "canceled")
    landscape.system.start("payment_service")
    landscape.becomes_quiet()
    assert landscape.charges_of(order_id) == []
    assert landscape.published("order.canceled", order_id=order_id) == 1
    assert landscape.published("product.subscription.canceled", subscription_id=subscription_id) == 1
    assert landscape.published("subscription.canceled", subscription_id=subscription_id) == 1
    paid_by = "SELECT count(*) FROM payment_intents WHERE user_id = 'cleo' AND status = 'completed'"
    assert landscape.rows("payment_service", paid_by) == [(0,)]
