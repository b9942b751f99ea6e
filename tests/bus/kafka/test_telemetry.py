"""Traces and metrics go from one process to another one over Kafka."""

from __future__ import annotations

from tests.bus.telemetry import check
from tests.servers.kafka_broker import Broker


def test_a_trace_leads_from_the_publisher_to_the_handler_in_another_process(broker: Broker, prefix: str) -> None:
    check(f"{broker.url}?prefix={prefix}", "kafka", f"{prefix}cashier")
