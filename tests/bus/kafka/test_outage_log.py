from __future__ import annotations

import asyncio
import logging
from collections import Counter

import pytest

from eventkit import Event, Service, connect
from eventkit.bus.kafka.outage_log import QUIET, OnceAMinute
from eventkit.testing.conformance.support import PATIENCE
from tests.servers.kafka_broker import Broker


def line(text: str, level: int = logging.ERROR, name: str = "aiokafka.tests") -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, "%s", (text,), None)


def test_equal_lines_are_shown_once_a_minute_with_the_number_of_those_that_were_left_out() -> None:
    now = 0.0
    once = OnceAMinute(lambda: now)

    assert [once.filter(line(text)) for text in ("a", "b", "a", "a")] == [True, True, False, False]
    assert once.filter(line("a", name="aiokafka.others"))
    now = QUIET
    again = line("a")
    assert once.filter(again)
    assert again.getMessage() == "a (and 2 times since it was shown last)"
    assert not once.filter(line("a"))
    now = 2 * QUIET
    assert once.filter(line("b"))


def test_all_lines_are_shown_of_a_logger_at_debug() -> None:
    logging.getLogger("aiokafka.tests").setLevel(logging.DEBUG)
    once = OnceAMinute()
    try:
        assert [once.filter(line("a")) for _ in range(3)] == [True, True, True]
    finally:
        logging.getLogger("aiokafka.tests").setLevel(logging.NOTSET)


class Noted(Event, type="order.noted", key="key"):
    key: str


@pytest.mark.slow
async def test_a_broker_that_is_away_is_told_once_and_that_it_is_back(
    own_broker: Broker, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service("ledger")

    @service.handler
    async def note(event: Noted) -> None:
        handled.set()

    @service.publisher
    async def publish(event: Noted) -> Noted:
        return event

    handled = asyncio.Event()
    async with connect(own_broker.url, prefix=prefix) as bus, bus.serve(service, ()):
        with service.publishing(bus):
            await publish(Noted(key="a"))
            await asyncio.wait_for(handled.wait(), PATIENCE)
            with caplog.at_level(logging.WARNING):
                own_broker.kill()
                await asyncio.sleep(3)
                handled.clear()
                own_broker.start()
                async with asyncio.timeout(2 * PATIENCE):
                    while own := [each.message for each in caplog.records if each.name == "eventkit.bus.kafka"]:
                        if own[-1].endswith("again"):
                            break
                        await asyncio.sleep(0.1)

    broker = f"broker 111 of {own_broker.url}"
    assert own == [f"{broker} cannot be reached, and is tried until it can", f"{broker} can be reached again"]
    repeated = Counter((each.name, each.message) for each in caplog.records if each.name.startswith("aiokafka"))
    assert not [each for each, times in repeated.items() if times > 1]
