"""Traces and metrics go from one process to another one over SQLite."""

from __future__ import annotations

from pathlib import Path

from tests.bus.telemetry import check


def test_a_trace_leads_from_the_publisher_to_the_handler_in_another_process(tmp_path: Path) -> None:
    check(f"sqlite:///{tmp_path}/events.db", "sqlite")
