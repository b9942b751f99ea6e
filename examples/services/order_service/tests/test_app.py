"""The whole of order_service: its app, served in this process, on a real bus and a real database."""

import asyncio

import httpx2
import pytest
from order_service.events.models import PaymentCompletedEvent
from order_service.main import create_app
from order_service.settings import Settings

from eventkit import Envelope, connect


@pytest.fixture
def settings(tmp_path):
    return Settings(
        bus_url=f"sqlite:///{tmp_path}/events.db",
        database_url=f"sqlite:///{tmp_path}/orders.db",
        account_url="http://127.0.0.1:9/account",  # the discard port: nobody answers
    )


@pytest.fixture
async def http(settings):
    app = create_app(settings)
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope, receive, send):
            await app({**scope, "state": state}, receive, send)

        transport = httpx2.ASGITransport(with_state)
        async with httpx2.AsyncClient(transport=transport, base_url="http://orders") as client:
            yield client


async def test_it_is_healthy(http):
    answer = await http.get("/health")

    assert (answer.status_code, answer.json()) == (
        200,
        {"service": "order_service", "version": "1.0.0", "problem": None},
    )
    assert (await http.get("/health/live")).status_code == 200


async def test_a_body_that_is_no_order_is_refused(http):
    answer = await http.post("/orders", content=b'{"user_id": "ada"}')

    assert answer.status_code == 400
    assert "items" in answer.json()["error"]


async def test_an_unknown_order_is_not_found(http):
    assert (await http.get("/orders/ord_404")).status_code == 404
    assert (await http.post("/orders/ord_404/cancel")).status_code == 404


async def test_a_neighbour_that_does_not_answer_is_named(http):
    order = {"user_id": "ada", "items": [{"product_id": "book", "unit_price": "1.00"}]}

    answer = await http.post("/orders", json=order)

    assert answer.status_code == 503
    assert "127.0.0.1:9/account" in answer.json()["error"]


async def test_an_event_that_no_retry_can_mend_becomes_a_dead_letter(http, settings):
    event = PaymentCompletedEvent(payment_intent_id="pi_1", payment_id="pay_1", order_id="ord_404")
    async with connect(settings.bus_url) as bus, asyncio.timeout(10):
        await bus.publish(Envelope.of(event, source="payment_service"))
        while not (letters := await bus.dead_letters.list(group="order_service")):  # noqa: ASYNC110 - it is another connection that writes them
            await asyncio.sleep(0.01)

    assert "there is no order ord_404" in letters[0].failures[-1].error


def test_settings_come_from_the_environment():
    settings = Settings.from_environment({"ORDER_SERVICE_EXPIRE_AFTER": "2.5", "UNRELATED": "1"})

    assert settings.expire_after == 2.5
    assert settings.remind_after == Settings().remind_after
