"""Failed calls as the server keeps them: a JSON array."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from eventkit.delivery.subscription import Failure


def failures_to(failures: Iterable[Failure]) -> str:
    """Return failures as text."""
    return json.dumps([{"at": each.at.isoformat(), "error": each.error} for each in failures])


def failures_from(text: bytes) -> tuple[Failure, ...]:
    """Return the failures that a text holds; empty text holds none."""
    return tuple(Failure(datetime.fromisoformat(each["at"]), each["error"]) for each in json.loads(text or b"[]"))
