"""The whole of payment_service: its app, served in this process, on a real bus and a real database."""

import httpx2
import pytest
from payment_service.main import create_app
from payment_service.settings import Settings


@pytest.fixture
async def http(tmp_path):
    app = create_app(
        Settings(bus_url=f"sqlite:///{tmp_path}/events.db", database_url=f"sqlite:///{tmp_path}/service.db")
    )
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope, receive, send):
            await app({**scope, "state": state}, receive, send)

        transport = httpx2.ASGITransport(with_state)
        async with httpx2.AsyncClient(transport=transport, base_url="http://payments") as client:
            yield client


async def test_it_is_healthy(http):
    answer = await http.get("/health")

    assert (answer.status_code, answer.json()) == (
        200,
        {"service": "payment_service", "version": "1.0.0", "problem": None},
    )
    assert (await http.get("/health/live")).status_code == 200


@pytest.mark.parametrize("path", ["/payments/pi_404", "/subscriptions/sub_404", "/invoices/inv_404"])
async def test_what_is_not_there_is_not_found(http, path):
    answer = await http.get(path)

    assert answer.status_code == 404
    assert path.rpartition("/")[2] in answer.json()["error"]


async def test_a_refund_needs_a_reason(http):
    assert (await http.post("/payments/pi_1/refund", json={})).status_code == 400
    assert (await http.post("/payments/pi_1/refund", json={"reason": "broken"})).status_code == 404
