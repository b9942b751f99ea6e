"""The neighbours keep the promises of their AsyncAPI documents."""

import httpx2
import pytest
from neighbours.app import create_app

from eventkit.testing.recorder import Recorded


@pytest.fixture
def published():
    return Recorded()


@pytest.fixture
async def http(published):
    transport = httpx2.ASGITransport(create_app(published))
    async with httpx2.AsyncClient(transport=transport, base_url="http://neighbours") as client:
        yield client


async def test_an_event_is_published_in_the_name_of_its_service_and_made_true(http, published):
    event = {"user_id": "ada", "deleted_at": "2026-03-01T12:00:00Z", "reason": None}

    assert (await http.post("/events/user.deleted", json=event)).status_code == 202

    [envelope] = published.envelopes
    assert (envelope.source, envelope.type, envelope.key) == ("account_service", "user.deleted", "ada")
    assert (await http.get("/account/users/ada")).json()["active"] is False


@pytest.mark.parametrize(
    ("type_name", "event", "reason"),
    [
        ("user.deleted", {"user_id": "ada"}, "'deleted_at' is a required property"),
        ("user.deleted", {"user_id": "ada", "deleted_at": "yesterday"}, "'yesterday' is not a 'date-time'"),
        ("order.created", {"user_id": "ada"}, "no neighbour publishes order.created"),
    ],
)
async def test_an_event_that_breaks_its_promise_is_not_published(http, published, type_name, event, reason):
    answer = await http.post(f"/events/{type_name}", json=event)

    assert answer.status_code == 422
    assert reason in answer.text
    assert published.envelopes == []


async def test_money_moves_once_under_one_name(http, published):
    credit = {"amount": "50.00", "currency": "USD", "order_id": "ord_1"}
    for _ in range(2):
        assert (await http.put("/wallet/wallets/wallet-paul/credits/pi_1", json=credit)).status_code == 200

    balance = await http.get("/wallet/users/paul/balance", params={"currency": "USD"})
    assert balance.json() == {"wallet_id": "wallet-paul", "available": "55.00"}
    assert [envelope.type for envelope in published.envelopes] == ["wallet.balance_changed", "wallet.credits_added"]


async def test_nobody_can_spend_more_than_there_is(http, published):
    deduction = {"amount": "5.01", "currency": "USD"}

    assert (await http.put("/wallet/users/paul/deductions/inv_1", json=deduction)).status_code == 409
    assert published.envelopes == []
