"""Traces and metrics between two processes: `python -m tests.bus.telemetry publish URL` and `handle URL`.

Each sets up OpenTelemetry as programs do, does its part, and prints what was told, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from eventkit import Event, Service, connect

ROOT = Path(__file__).parents[2]


class OrderCreated(Event, type="order.created", key="order_id"):
    order_id: str


class OrderPaid(Event, type="order.paid", key="order_id"):
    order_id: str


shop = Service("shop")


@shop.publisher
async def publish_order_created(order_id: str) -> OrderCreated:
    return OrderCreated(order_id=order_id)


cashier = Service("cashier")


@cashier.publisher
async def publish_order_paid(order_id: str) -> OrderPaid:
    return OrderPaid(order_id=order_id)


@cashier.handler
async def handle_order_created(event: OrderCreated) -> None:
    await asyncio.sleep(0.05)
    await publish_order_paid(event.order_id)


async def publish(url: str) -> None:
    async with connect(url, telemetry=True) as bus, shop.run(bus):
        with trace.get_tracer("test").start_as_current_span("request"):
            await publish_order_created("o-1")


async def handle(url: str, reader: InMemoryMetricReader) -> dict[str, Any]:
    async with connect(url, telemetry=True) as bus, cashier.run(bus) as worker, asyncio.timeout(60):
        while not worker.counters.handled or not (found := told(reader)).get("eventkit.lag.messages"):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)
        return found


def told(reader: InMemoryMetricReader) -> dict[str, Any]:
    """Return the metrics, each with the attributes and the value of its points."""
    data = reader.get_metrics_data()
    return {
        metric.name: [
            [dict(point.attributes), point.sum if isinstance(point, HistogramDataPoint) else point.value]
            for point in metric.data.data_points
        ]
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def main(part: str, url: str) -> None:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(MeterProvider([reader]))
    if part == "publish":
        asyncio.run(publish(url))
        found = told(reader)
    else:
        found = asyncio.run(handle(url, reader))
    spans = {
        span.name: {
            "trace": span.context.trace_id,
            "span": span.context.span_id,
            "parent": span.parent.span_id if span.parent else None,
            "links": [[link.context.trace_id, link.context.span_id] for link in span.links],
            "attributes": dict(span.attributes or {}),
        }
        for span in exporter.get_finished_spans()
    }
    print(json.dumps({"spans": spans, "metrics": found}))


def run(part: str, url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a part in a process of its own; return spans and metrics."""
    command = [sys.executable, "-m", "tests.bus.telemetry", part, url]
    shown = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=120).stdout
    result = json.loads(shown)
    return result["spans"], result["metrics"]


def check(url: str, system: str, group: str = "cashier") -> None:
    """Publish in one process and handle in another one, and look at what both have told.

    Args:
        url: The bus.
        system: What telemetry calls it.
        group: What the bus calls the group of the service.
    """
    published, sent = run("publish", url)
    handled, metrics = run("handle", url)

    request, created = published["request"], published["publish order.created"]
    process, paid = handled["process order.created"], handled["publish order.paid"]
    # Publishing belongs to the request, and what it published leads on, in another process, by a link.
    assert (created["trace"], created["parent"]) == (request["trace"], request["span"])
    assert process["links"] == [[created["trace"], created["span"]]]
    assert process["parent"] is None
    assert (paid["trace"], paid["parent"]) == (process["trace"], process["span"])

    where = {"messaging.system": system}
    if port := urlsplit(url).port:
        where |= {"server.address": "127.0.0.1", "server.port": port}
    for span in (created, process, paid):
        assert where.items() <= span["attributes"].items()
    assert process["attributes"]["messaging.message.id"] == created["attributes"]["messaging.message.id"]

    [[attributes, count]] = sent["messaging.client.sent.messages"]
    assert (attributes["messaging.destination.name"], count) == ("order.created", 1)
    [[attributes, seconds]] = metrics["messaging.process.duration"]
    assert {**where, "messaging.consumer.group.name": group}.items() <= attributes.items()
    assert 0.05 <= seconds < 30
    lag = {
        point["eventkit.state"]: value
        for point, value in metrics["eventkit.lag.messages"]
        if where.items() <= point.items() and point["eventkit.domain"] == "order"
    }
    assert {"waiting", "dead"} <= lag.keys()
    assert lag["dead"] == 0
    assert len(metrics["eventkit.lag.age"]) == 1


if __name__ == "__main__":
    main(*sys.argv[1:])
