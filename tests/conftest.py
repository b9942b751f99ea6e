"""Settings that all tests share."""

from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

# How long one example takes says more about the machine than about the code.
settings.register_profile("eventkit", deadline=None)
settings.load_profile("eventkit")
