"""What differs between one installation of product_service and another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, PositiveFloat

PREFIX: Final = "PRODUCT_SERVICE_"


class Settings(BaseModel):
    """Settings, read from environment variables: `bus_url` from `PRODUCT_SERVICE_BUS_URL`, and so on.

    Args:
        bus_url: The bus, as for `eventkit.connect`.
        database_url: The service's own database, as for SQLAlchemy.
        account_url: Where account_service is; the others likewise.
        expire_every: Seconds between two looks for subscriptions whose time is over.
    """

    model_config = ConfigDict(frozen=True)

    bus_url: str = "sqlite:///events.db"
    database_url: str = "sqlite:///product_service.db"
    account_url: str = "http://127.0.0.1:8100/account"
    organization_url: str = "http://127.0.0.1:8100/organization"
    expire_every: PositiveFloat = 60.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; what is not set keeps its default."""
        names = {name: PREFIX + name.upper() for name in cls.model_fields}
        return cls.model_validate({name: environment[key] for name, key in names.items() if key in environment})
