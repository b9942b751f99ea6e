"""Settings that all tests share."""

import signal

from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

# How long one example takes says more about the machine than about the code.
settings.register_profile("eventkit", deadline=None)
settings.load_profile("eventkit")

# A shell that runs the tests in its background has them ignore Ctrl-C, and so would the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
