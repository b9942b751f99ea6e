from datetime import UTC, datetime
from typing import Any

from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from eventkit.bus.amqp.messages import from_message, identity, is_redelivered, to_message
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Unreadable

EVENT = Envelope(
    id="a", source="order_service", type="order.created", data=b'{"total": 1.10}', key="order 1",
    time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), extensions={"tenant": "Zoë"},
)  # fmt: skip


def delivered(body: bytes, properties: Basic.Properties, *, redelivered: bool = False) -> DeliveredMessage:
    channel: Any = None
    delivery = Basic.Deliver(consumer_tag="", delivery_tag=1, redelivered=redelivered, exchange="", routing_key="")
    return DeliveredMessage(delivery, ContentHeader(properties=properties, body_size=len(body)), body, channel)


def test_an_event_travels_as_the_amqp_binding_says() -> None:
    body, properties = to_message(EVENT)

    assert body == EVENT.data
    assert properties.content_type == "application/json"
    assert properties.delivery_mode == 2
    assert properties.headers is not None
    assert properties.headers["cloudEvents_id"] == "a"
    assert properties.headers["cloudEvents_tenant"] == "Zoë"
    assert from_message(delivered(body, properties)) == EVENT


def test_attributes_that_do_not_fit_into_a_frame_travel_in_the_body() -> None:
    extensions = {f"e{number}": "ü" * 4096 for number in range(20)}
    event = Envelope(id="a", source="s", type="order.created", data=b"{}", extensions=extensions)

    body, properties = to_message(event)

    assert not properties.headers
    assert from_message(delivered(body, properties)) == event


def test_other_senders_write_a_colon() -> None:
    headers: Any = {"cloudEvents:specversion": "1.0", "cloudEvents:id": "a", "cloudEvents:source": "s",
                    "cloudEvents:type": "order.created"}  # fmt: skip

    event = from_message(delivered(b"{}", Basic.Properties(content_type="application/json", headers=headers)))

    assert isinstance(event, Envelope)
    assert event.id == "a"


def test_what_is_no_event_is_kept_as_it_came() -> None:
    headers: Any = {"cloudEvents_id": "a", "number": 7}

    found = from_message(delivered(b"\xff", Basic.Properties(headers=headers)))

    assert isinstance(found, Unreadable)
    assert found.headers == {"ce-id": "a", "number": "7"}
    assert found.body == b"\xff"


def test_a_message_is_recognised_when_it_comes_again() -> None:
    assert identity(EVENT) == identity(from_message(delivered(*to_message(EVENT))))
    assert identity(EVENT) != identity(Envelope(id="b", source="order_service", type="order.created", data=b"{}"))
    assert identity(from_message(delivered(b"1", Basic.Properties()))) != identity(
        from_message(delivered(b"2", Basic.Properties()))
    )


def test_quorum_queues_count_how_often_a_message_was_given_back() -> None:
    counted: Any = {"x-delivery-count": 1}

    assert not is_redelivered(delivered(b"", Basic.Properties()))
    assert is_redelivered(delivered(b"", Basic.Properties(headers=counted)))
    assert is_redelivered(delivered(b"", Basic.Properties(), redelivered=True))
