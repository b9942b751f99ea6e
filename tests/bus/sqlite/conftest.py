import pytest

from tests.bus.sqlite.tables import Tables


@pytest.fixture
def tables() -> Tables:
    return Tables()
