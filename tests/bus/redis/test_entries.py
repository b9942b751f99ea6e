"""What is written as an entry is read as the same event."""

from __future__ import annotations

import random
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from eventkit import Envelope
from eventkit.bus.redis.entries import from_fields, to_fields
from eventkit.contract.attributes import is_attribute
from eventkit.delivery.subscription import Unreadable

texts = st.text(min_size=1, max_size=20).filter(is_attribute)
envelopes = st.builds(
    Envelope,
    id=texts,
    source=texts,
    type=texts,
    data=st.just('{"name":"Zoë"}'.encode()),
    time=st.none() | st.datetimes(timezones=st.just(UTC)),
    subject=st.none() | texts,
    dataschema=st.none() | texts,
    key=st.none() | texts,
    correlation=st.none() | texts,
    causation=st.none() | texts,
    traceparent=st.none() | texts,
    extensions=st.dictionaries(st.sampled_from(["tenant", "region", "priority"]), texts),
)


def wire(envelope: Envelope) -> list[bytes]:
    return [each if isinstance(each, bytes) else each.encode() for each in to_fields(envelope)]


@given(envelopes)
def test_an_event_comes_back_as_it_was(envelope: Envelope) -> None:
    assert from_fields(wire(envelope)) == envelope


@given(envelopes, st.randoms(use_true_random=False))
def test_the_order_of_the_fields_means_nothing(envelope: Envelope, chance: random.Random) -> None:
    fields = wire(envelope)
    pairs = list(zip(fields[::2], fields[1::2], strict=True))
    chance.shuffle(pairs)

    assert from_fields([each for pair in pairs for each in pair]) == envelope


@given(envelopes)
def test_what_scripts_look_for_stands_in_front(envelope: Envelope) -> None:
    names = wire(envelope)[::2]

    assert names[0] == b"ce-type"
    assert (names[1] == b"ce-partitionkey") is (envelope.key is not None)
    assert names[-1] == b"data"


@given(
    st.lists(
        st.tuples(st.sampled_from([b"ce-id", b"ce-type", b"data", b"x", b"\xff"]), st.binary(max_size=8)), min_size=1
    )
)
def test_whatever_others_write_is_read_or_unreadable(pairs: list[tuple[bytes, bytes]]) -> None:
    found = from_fields([each for pair in pairs for each in pair])

    assert isinstance(found, Unreadable)
    assert str(found.error)
