"""What docs/testing.md says of the conformance suite."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from eventkit.testing.conformance import BusConformance

PAGE: Final = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
# pubsub/tests/test_pubsub.go: those that TestPubSub runs, and the one that runs them many times at once.
WATERMILL: Final = {
    "TestPublishSubscribe", "TestConcurrentSubscribe", "TestConcurrentSubscribeMultipleTopics", "TestResendOnError",
    "TestNoAck", "TestContinueAfterSubscribeClose", "TestConcurrentClose", "TestContinueAfterErrors",
    "TestPublishSubscribeInOrder", "TestPublisherClose", "TestTopic", "TestMessageCtx", "TestSubscribeCtx",
    "TestNewSubscriberReceivesOldMessages", "TestReconnect", "TestConsumerGroups", "TestPubSubStressTest",
}  # fmt: skip


def test_each_test_of_watermill_has_one_of_ours() -> None:
    rows = re.findall(r"^\| `(Test\w+)` \| .*`test_\w+`", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(WATERMILL)


def test_each_test_that_is_named_is_in_the_suite() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named
    assert sorted(name for name in named if not hasattr(BusConformance, name)) == []
