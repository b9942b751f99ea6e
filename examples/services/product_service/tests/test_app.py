"""The whole of product_service: its app, served in this process, on a real bus and a real database."""

import httpx2
import pytest
from product_service.main import create_app
from product_service.settings import Settings


@pytest.fixture
async def http(tmp_path):
    app = create_app(
        Settings(bus_url=f"sqlite:///{tmp_path}/events.db", database_url=f"sqlite:///{tmp_path}/service.db")
    )
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope, receive, send):
            await app({**scope, "state": state}, receive, send)

        transport = httpx2.ASGITransport(with_state)
        async with httpx2.AsyncClient(transport=transport, base_url="http://products") as client:
            yield client


async def test_it_is_healthy(http):
    answer = await http.get("/health")

    assert (answer.status_code, answer.json()) == (
        200,
        {"service": "product_service", "version": "1.0.0", "problem": None},
    )
    assert (await http.get("/health/live")).status_code == 200


async def test_plans_can_be_looked_up(http):
    answer = await http.get("/plans/pro-monthly")

    assert (answer.json()["period_days"], answer.json()["price"]) == (30, "29.00")


@pytest.mark.parametrize("path", ["/plans/no-plan", "/subscriptions/sub_404"])
async def test_what_is_not_there_is_not_found(http, path):
    assert (await http.get(path)).status_code == 404


async def test_use_is_recorded_over_http(http):
    report = {"user_id": "ada", "product_id": "api", "usage_amount": "3", "request_id": "r-1"}

    first = await http.post("/usage", json=report)
    second = await http.post("/usage", json=report)

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()


async def test_a_report_that_makes_no_sense_is_refused(http):
    answer = await http.post("/usage", json={"user_id": "ada", "product_id": "api", "usage_amount": "-1"})

    assert answer.status_code == 400
    assert "usage_amount" in answer.json()["error"]
