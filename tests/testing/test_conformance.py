"""What docs/testing.md says of the conformance suite."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Final

from eventkit.testing import conformance
from eventkit.testing.conformance import BusConformance

PAGE: Final = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
# pubsub/tests/test_pubsub.go: those that TestPubSub runs, and the one that runs them many times at once.
WATERMILL: Final = {
    "TestPublishSubscribe", "TestConcurrentSubscribe", "TestConcurrentSubscribeMultipleTopics", "TestResendOnError",
    "TestNoAck", "TestContinueAfterSubscribeClose", "TestConcurrentClose", "TestContinueAfterErrors",
    "TestPublishSubscribeInOrder", "TestPublisherClose", "TestTopic", "TestMessageCtx", "TestSubscribeCtx",
    "TestNewSubscriberReceivesOldMessages", "TestReconnect", "TestConsumerGroups", "TestPubSubStressTest",
}  # fmt: skip


def test_a_backend_of_somebody_else_is_tried_as_the_suite_says(tmp_path: Path) -> None:
    example = re.search(r"\n\n((?:    .*\n|\n)+)", conformance.__doc__ or "")
    assert example
    (tmp_path / "test_mybus.py").write_text(dedent(example[1]))
    (tmp_path / "mybus.py").write_text("from eventkit.bus.memory import MemoryBus\n\n\nclass MyBus(MemoryBus): ...\n")
    tried = "test_a_replayed_dead_letter_is_handled or test_each_group_gets_each_event"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-k", tried, "test_mybus.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert "2 passed" in done.stdout, done.stdout


def test_each_test_of_watermill_has_one_of_ours() -> None:
    rows = re.findall(r"^\| `(Test\w+)` \| .*`test_\w+`", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(WATERMILL)


def test_each_test_that_is_named_is_in_the_suite() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named
    assert sorted(name for name in named if not hasattr(BusConformance, name)) == []
