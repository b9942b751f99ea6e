"""What differs between one installation of order_service and another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, PositiveFloat

PREFIX: Final = "ORDER_SERVICE_"


class Settings(BaseModel):
    """Settings, read from environment variables: `bus_url` from `ORDER_SERVICE_BUS_URL`, and so on.

    Args:
        bus_url: The bus, as for `eventkit.connect`.
        database_url: The service's own database, as for SQLAlchemy.
        account_url: Where account_service is; the others likewise.
        remind_after: Seconds after which a customer is reminded of an order that is not paid.
        expire_after: Seconds after which an order that is not paid expires.
        follow_up_every: Seconds between two looks for reminders, expired orders and refunds.
    """

    model_config = ConfigDict(frozen=True)

    bus_url: str = "sqlite:///events.db"
    database_url: str = "sqlite:///order_service.db"
    account_url: str = "http://127.0.0.1:8100/account"
    wallet_url: str = "http://127.0.0.1:8100/wallet"
    billing_url: str = "http://127.0.0.1:8100/billing"
    storage_url: str = "http://127.0.0.1:8100/storage"
    notification_url: str = "http://127.0.0.1:8100/notification"
    payment_url: str = "http://127.0.0.1:8102"
    remind_after: PositiveFloat = 900.0
    expire_after: PositiveFloat = 1800.0
    follow_up_every: PositiveFloat = 1.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; what is not set keeps its default."""
        names = {name: PREFIX + name.upper() for name in cls.model_fields}
        return cls.model_validate({name: environment[key] for name, key in names.items() if key in environment})
