"""`record`: what a service published, read back as events."""

import asyncio
from decimal import Decimal

import pytest
from pydantic import ValidationError

from eventkit import Envelope, Event, PublishError, Service
from eventkit.contract.context import handling
from eventkit.testing import record

service = Service("order_service")


class OrderCreated(Event, type="order.created", key="order_id"):
    order_id: str
    total: Decimal


class OrderCreatedV2(Event, type="order.created", version=2):
    order_id: str


class OrderIdOnly(Event, type="order.created"):
    order_id: str


class TotalAsWholeNumber(Event, type="order.created"):
    total: int


@service.publisher
async def publish_order_created(order_id: str, total: Decimal) -> OrderCreated:
    return OrderCreated(order_id=order_id, total=total)


@service.publisher
async def publish_order_created_v2(order_id: str) -> OrderCreatedV2:
    return OrderCreatedV2(order_id=order_id)


async def test_events_are_kept_in_the_order_in_which_they_were_published() -> None:
    with record() as recorded:
        await publish_order_created("a", Decimal("1.50"))
        await publish_order_created("b", Decimal(2))

    assert recorded.events(OrderCreated) == [
        OrderCreated(order_id="a", total=Decimal("1.50")),
        OrderCreated(order_id="b", total=Decimal(2)),
    ]


async def test_events_are_chosen_by_type_and_version() -> None:
    with record() as recorded:
        await publish_order_created("a", Decimal(1))
        await publish_order_created_v2("b")

    assert [event.order_id for event in recorded.events(OrderCreated)] == ["a"]
    assert [event.order_id for event in recorded.events(OrderCreatedV2)] == ["b"]


async def test_a_reader_model_reads_what_was_published() -> None:
    with record() as recorded:
        await publish_order_created("a", Decimal("1.50"))

    assert recorded.events(OrderIdOnly) == [OrderIdOnly(order_id="a")]
    with pytest.raises(ValidationError):
        recorded.events(TotalAsWholeNumber)


async def test_envelopes_carry_source_key_and_cause() -> None:
    cause = Envelope(id="cause-1", source="payment_service", type="payment.completed", data=b"{}")

    with record() as recorded, handling(cause, "order_service"):
        await publish_order_created("a", Decimal(1))

    [envelope] = recorded.envelopes
    assert (envelope.source, envelope.key, envelope.causation) == ("order_service", "a", "cause-1")


async def test_tasks_started_in_the_block_are_recorded() -> None:
    with record() as recorded:
        await asyncio.gather(*(publish_order_created(str(n), Decimal(n)) for n in range(3)))

    assert {event.order_id for event in recorded.events(OrderCreated)} == {"0", "1", "2"}


async def test_after_the_block_nothing_is_recorded() -> None:
    with record() as recorded:
        pass

    with pytest.raises(PublishError, match="does not run"):
        await publish_order_created("a", Decimal(1))
    assert recorded.envelopes == []
