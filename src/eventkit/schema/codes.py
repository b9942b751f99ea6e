"""The codes of problems: one row each, from which every explanation is made."""

from __future__ import annotations

from typing import Final

NO_BETTER_NAME: Final = "EK100"
REQUIRED: Final = "EK101"
TYPE: Final = "EK102"
NULLABLE: Final = "EK103"
RANGE: Final = "EK104"
ENUM: Final = "EK105"
PATTERN: Final = "EK106"
FORMAT: Final = "EK107"
SIZE: Final = "EK108"
EXTRA_FIELD: Final = "EK109"
ITEMS: Final = "EK110"
UNION: Final = "EK111"
DISCRIMINATOR: Final = "EK112"
PRECISION: Final = "EK113"

CODES: Final[dict[str, str]] = {
    NO_BETTER_NAME: "the subscriber rejects what the publisher can send",
    REQUIRED: "a field that the subscriber requires is not always sent",
    TYPE: "the type differs",
    NULLABLE: "null is not accepted",
    RANGE: "the value is out of the subscriber's range",
    ENUM: "the subscriber does not know the value",
    PATTERN: "the text does not match the subscriber's pattern",
    FORMAT: "the text does not have the subscriber's format",
    SIZE: "the length or size is out of the subscriber's bounds",
    EXTRA_FIELD: "the subscriber forbids a field that can be sent",
    ITEMS: "the items of an array do not fit together as the subscriber wants them",
    UNION: "no branch of the subscriber's union takes the value",
    DISCRIMINATOR: "the subscriber's union has no branch for the tag",
    PRECISION: "the number is finer than the subscriber's step",
}
"""Code to title. Codes are never reused for another meaning."""
