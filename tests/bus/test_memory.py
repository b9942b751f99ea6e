"""`memory://`: the promises of every bus, and its own."""

from __future__ import annotations

import functools

import pytest

from eventkit import connect
from eventkit.testing.conformance import BusConformance
from eventkit.testing.conformance.support import BusFactory


class TestConformance(BusConformance):
    @pytest.fixture
    def bus_factory(self) -> BusFactory:
        return functools.partial(connect, "memory://")
