"""What Redis answers, in words that say what to do."""

from __future__ import annotations

import pytest
from redis import exceptions

from eventkit.bus.redis.errors import GroupLostError, explained, unfit


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (exceptions.ResponseError("MISCONF Redis is configured to save RDB snapshots"), "cannot save to its disk"),
        (exceptions.ResponseError("NOREPLICAS Not enough good replicas to write."), "has too few replicas"),
        (exceptions.BusyLoadingError("Redis is loading", status_code="LOADING"), "reads its data from the disk"),
        (exceptions.ResponseError("ERR Error running script: @user_script:9: WRONGTYPE Operation"), "another program"),
        (exceptions.ResponseError("ERR something new"), "the server refuses: ERR something new"),
        (exceptions.ConnectionError("Connection reset"), "the server cannot be reached: Connection reset"),
    ],
)
def test_each_says_what_is_wrong(error: Exception, said: str) -> None:
    told = explained(error, "redis://host")

    assert said in told.what
    assert told.where == "redis://host"
    assert told.mend


def test_a_lost_group_is_told_apart() -> None:
    assert isinstance(explained(exceptions.ResponseError("NOGROUP No such key"), "redis://host"), GroupLostError)


@pytest.mark.parametrize(
    ("version", "mode", "said"),
    [
        ("6.0.16", "standalone", "the server is Redis 6.0.16 (redis://host); use Redis 6.2 or newer"),
        ("5.0", "standalone", "use Redis 6.2 or newer"),
        ("7.2.4", "cluster", "the server is a node of a Redis Cluster"),
        ("7.2.4", "sentinel", "the server is a Sentinel"),
    ],
)
def test_a_server_that_will_not_do(version: str, mode: str, said: str) -> None:
    assert said in str(unfit(version, mode, "redis://host"))


@pytest.mark.parametrize("version", ["6.2.0", "7.0.15", "8.0.0", "10.1"])
def test_a_server_that_will_do(version: str) -> None:
    assert unfit(version, "standalone", "redis://host") is None
