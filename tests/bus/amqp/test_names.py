from collections import Counter

import pytest

from eventkit.bus.amqp.names import SLOTS, Names, routing_key, type_and_slot
from eventkit.contract.envelope import Envelope


@pytest.mark.parametrize("partitions", [1, 2, 4, 8, 16])
def test_each_slot_belongs_to_one_partition(partitions: int) -> None:
    names = Names("", partitions)

    bound = Counter(key for _, key in names.bindings("order.created"))

    assert bound == {"order.created": 1, **{f"order.created.{slot}": 1 for slot in range(SLOTS)}}
    assert {partition for partition, _ in names.bindings("order.created")} == set(range(partitions))


def test_events_of_a_key_have_one_routing_key() -> None:
    keys = {
        routing_key(Envelope(id=str(number), source="s", type="order.created", data=b"{}", key="order-1"))
        for number in range(20)
    }
    assert len(keys) == 1


def test_a_slot_never_changes() -> None:
    """What is bound and stored would be read out of order, or by nobody."""
    event = Envelope(id="a", source="s", type="order.created", data=b"{}", key="order-1")
    assert routing_key(event) == "order.created.15"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("order.created.11", ("order.created", 11)),
        ("order.created", ("order.created", 0)),
        ("order.created.16", ("order.created.16", 0)),
        ("order.v2.3", ("order.v2", 3)),
    ],
)
def test_a_routing_key_says_type_and_slot(key: str, expected: tuple[str, int]) -> None:
    assert type_and_slot(key) == expected


def test_a_group_with_one_partition_has_a_queue_of_its_name() -> None:
    assert Names("test.", 1).queue("payment_service", 0) == "test.payment_service"
    assert Names("", 4).queue("payment_service", 2) == "payment_service.2"
