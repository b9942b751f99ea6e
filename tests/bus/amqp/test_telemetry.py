"""Traces and metrics go from one process to another one over RabbitMQ."""

from __future__ import annotations

from tests.bus.amqp.support import Broker
from tests.bus.telemetry import check


def test_a_trace_leads_from_the_publisher_to_the_handler_in_another_process(broker: Broker) -> None:
    check(f"{broker.url}?prefix={broker.prefix}", "rabbitmq", f"{broker.prefix}cashier")
