"""How this service's values are stored: amounts, times and enums, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar

from sqlalchemy import BigInteger, DateTime, Dialect
from sqlalchemy import Enum as EnumType
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass
from sqlalchemy.types import TypeDecorator

CENT = Decimal("0.01")


class Money(TypeDecorator[Decimal]):
    """An amount in whole cents: SQLite would make a float of a decimal."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Return the amount in cents."""
        return None if value is None else int((value / CENT).to_integral_exact())

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Return the amount in units of its currency."""
        return None if value is None else value * CENT


class UtcTime(TypeDecorator[datetime]):
    """A point in time: SQLite forgets the time zone, so that it is always UTC there."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time with its zone."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def _values(members: type[Enum]) -> list[str]:
    return [str(member.value) for member in members]


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """The base of this service's entities: typed constructors, and the column types above."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        Decimal: Money,
        datetime: UtcTime,
        # Values and not names, in a plain text column: what is stored reads as what is sent.
        Enum: EnumType(Enum, native_enum=False, length=32, values_callable=_values),
    }
