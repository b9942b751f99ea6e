"""Frames are read and written as pamqp does it, whatever they hold and however they arrive."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from aiormq.exceptions import AMQPConnectionError, InvalidFrameError
from hypothesis import given
from hypothesis import strategies as st
from pamqp import frame
from pamqp.base import Frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from eventkit.bus.amqp.frames import PERSISTENT, EventProperties, Frames, content_header
from tests.bus.amqp.support import Broker

short = st.text(max_size=40)
tables = st.dictionaries(st.text(max_size=30), st.text(max_size=60), max_size=8)
others = st.dictionaries(
    st.text(max_size=30), st.one_of(st.integers(-(2**31), 2**31), st.booleans(), st.none(), short), max_size=4
)
times = st.integers(0, 2**32 - 1).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
events = st.builds(EventProperties, short, st.one_of(tables, others), times)
properties = st.builds(
    Basic.Properties,
    content_type=st.one_of(st.none(), short),
    headers=st.one_of(st.none(), tables, others),
    delivery_mode=st.sampled_from([None, 1, 2]),
    message_id=st.one_of(st.none(), short),
    timestamp=st.one_of(st.none(), times),
    correlation_id=st.one_of(st.none(), short),
)
deliveries = st.builds(
    Basic.Deliver,
    consumer_tag=short,
    delivery_tag=st.integers(0, 2**63 - 1),
    redelivered=st.booleans(),
    exchange=st.text("abc.", max_size=40),
    routing_key=short,
)
messages = st.one_of(
    deliveries,
    st.builds(ContentHeader, body_size=st.integers(0, 2**40), properties=properties),
    st.builds(ContentBody, st.binary(min_size=1, max_size=200)),
    st.builds(Basic.Ack, delivery_tag=st.integers(0, 2**63 - 1), multiple=st.booleans()),
    st.builds(Heartbeat),
)


def same(one: object, other: object) -> bool:
    if isinstance(one, ContentHeader) and isinstance(other, ContentHeader):
        return (one.body_size, one.properties) == (other.body_size, other.properties)
    if isinstance(one, ContentBody) and isinstance(other, ContentBody):
        return one.value == other.value
    if isinstance(one, Frame) and isinstance(other, Frame):
        return type(one) is type(other) and dict(one) == dict(other)
    return isinstance(one, Heartbeat) and isinstance(other, Heartbeat)


async def read(data: bytes, pieces: int) -> list[tuple[int, int, object]]:
    reader, found = asyncio.StreamReader(), []

    async def collect() -> None:
        async for each in Frames(reader):
            found.append(each)  # noqa: PERF401 - what came before the end counts

    collecting = asyncio.create_task(collect())
    for start in range(0, len(data), pieces):
        reader.feed_data(data[start : start + pieces])
        await asyncio.sleep(0)
    reader.feed_eof()
    with pytest.raises(AMQPConnectionError):
        await collecting
    return found


@given(st.lists(st.tuples(messages, st.integers(0, 2047)), max_size=8), st.integers(1, 400))
def test_what_was_sent_arrives_in_whatever_pieces(sent: list[tuple[frame.FrameTypes, int]], pieces: int) -> None:
    data = b"".join(frame.marshal(each, channel) for each, channel in sent)

    found = asyncio.run(read(data, pieces))

    expected = []
    for each, channel in sent:
        one = frame.marshal(each, channel)
        expected.append((len(one), frame.unmarshal(one)[1], frame.unmarshal(one)[2]))
    assert [each[:2] for each in found] == [each[:2] for each in expected]
    assert all(same(one[2], other[2]) for one, other in zip(found, expected, strict=True))


@given(events, short)
def test_properties_are_written_so_that_pamqp_reads_the_same(properties: EventProperties, id: str) -> None:
    properties.message_id = id or None
    header = ContentHeader()
    header.unmarshal(ContentHeader(properties=properties).marshal())

    assert (header.properties.content_type or "") == properties.content_type
    assert (header.properties.headers or {}) == properties.headers
    assert (header.properties.message_id, header.properties.timestamp) == (properties.message_id, properties.timestamp)
    assert header.properties.delivery_mode == PERSISTENT


@given(st.binary(max_size=80))
def test_nonsense_is_left_to_pamqp(data: bytes) -> None:
    header = content_header(data)

    if header is not None:
        expected = ContentHeader()
        expected.unmarshal(data)
        assert header.properties == expected.properties


async def test_a_frame_without_its_end_is_an_error() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(frame.marshal(ContentBody(b"abc"), 1)[:-1] + b"\0")

    with pytest.raises(InvalidFrameError):
        await anext(aiter(Frames(reader)))


async def test_aiormq_reads_by_it(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[bool] = []
    real = Frames.__anext__

    async def note(self: Frames) -> object:
        used.append(True)
        return await real(self)

    monkeypatch.setattr(Frames, "__anext__", note)
    async with broker.connect() as bus:
        await bus.ping()

    assert used
