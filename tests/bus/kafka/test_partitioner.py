from __future__ import annotations

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from eventkit.bus.kafka.partitioner import partition_of

theirs = DefaultPartitioner()


@given(st.binary(max_size=200), st.integers(1, 10_000))
def test_a_key_belongs_to_the_partition_that_other_clients_choose(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == theirs(key, range(partitions), ())
