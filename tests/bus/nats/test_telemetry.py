"""Traces and metrics go from one process to another one over NATS."""

from __future__ import annotations

from tests.bus.telemetry import check
from tests.servers.nats import Nats


def test_a_trace_leads_from_the_publisher_to_the_handler_in_another_process(server: Nats) -> None:
    check(server.url, "nats")
