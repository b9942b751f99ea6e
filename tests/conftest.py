"""Settings that all tests share."""

import gc
import os
import signal

import pytest
from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

# How long one example takes says more about the machine than about the code. Each run tries the same examples, so that
# it fails for what was changed; `make test ARGS=--hypothesis-profile=search` tries others.
settings.register_profile("search", deadline=None, max_examples=500)
settings.register_profile("eventkit", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("eventkit")

# A shell that runs the tests in its background has them ignore Ctrl-C, and so would the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Thousands of tests are a million objects that stay, and each collection of garbage would look at all of them.
gc.disable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Start three workers for two cores: tests of servers spend most of their time waiting."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else ((os.cpu_count() or 1) * 3 + 1) // 2


def pytest_collection_finish() -> None:
    """Leave what was collected alone from here on."""
    gc.freeze()
    gc.enable()
