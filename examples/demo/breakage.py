"""Two small changes in one service that would stop its neighbours in production."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eventkit.discovery.config import load_config
from eventkit.discovery.discover import discover
from eventkit.discovery.landscape import Landscape
from eventkit.verify.finding import Report
from eventkit.verify.verify import verify

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the code.

    Args:
        what: What was changed, for people.
        edits: The files below `examples/services`, and what is replaced by what in each.
    """

    what: str
    edits: tuple[tuple[str, str, str], ...]


CHANGES: Final = (
    Change(
        "payment_service reads order.created with `total_amount: int`; order_service publishes a Decimal",
        (
            (
                "payment_service/events/models.py",
                '    total_amount: Decimal = Field(description="What is to be paid',
                '    total_amount: int = Field(description="What is to be paid',
            ),
        ),
    ),
    Change(
        "payment_service publishes payment.completed with `payment_uid`; order_service reads `payment_id`",
        (
            (
                "payment_service/events/models.py",
                '    """A payment was charged."""\n\n    payment_id: str',
                '    """A payment was charged."""\n\n    payment_uid: str',
            ),
            (
                "payment_service/events/publishers.py",
                "PaymentCompletedEvent(**_about_payment(intent), payment_id=payment_id)",
                "PaymentCompletedEvent(**_about_payment(intent), payment_uid=payment_id)",
            ),
        ),
    ),
)


def verify_here() -> tuple[Landscape, Report]:
    """Return the contracts of the working folder, and what `eventkit verify` finds there."""
    config = load_config(Path.cwd())
    landscape = discover(config.sources, config)
    return landscape, verify(landscape)


def break_a_copy(folder: Path) -> None:
    """Copy the services and the contracts of their neighbours, and make the changes in the copy.

    Args:
        folder: Where the copy goes.

    Raises:
        LookupError: A change does not fit the code any more.
    """
    services = folder / "examples" / "services"
    shutil.copytree(ROOT / "examples" / "services", services, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    shutil.copytree(ROOT / "schemas" / "external", folder / "schemas" / "external")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for change in CHANGES:
        for file, old, new in change.edits:
            text = (services / file).read_text("utf-8")
            if text.count(old) != 1:
                raise LookupError(f"the demo cannot change {file}: {old!r} is not there once")
            (services / file).write_text(text.replace(old, new), "utf-8")
