"""The data sets that verdicts are measured against; they are not part of the project."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "EVENTKIT_TEST_DATA"


def rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of a file such as `pairs/pydantic.jsonl`; skip the test where there is no data."""
    folder = os.environ.get(VARIABLE)
    if folder is None:
        pytest.skip(f"{VARIABLE} does not name the folder with the containment data: verdicts are NOT measured")
    with (Path(folder) / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
