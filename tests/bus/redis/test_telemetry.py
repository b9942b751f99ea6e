"""Traces and metrics go from one process to another one over Redis."""

from __future__ import annotations

from tests.bus.telemetry import check
from tests.servers.redis import Redis


def test_a_trace_leads_from_the_publisher_to_the_handler_in_another_process(redis_server: Redis, prefix: str) -> None:
    check(f"{redis_server.url}?prefix={prefix}", "redis")
