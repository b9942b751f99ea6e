"""The fixture that writes source trees."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files import write_files


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], Path]:
    """Write files into an empty folder, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    return lambda files: write_files(tmp_path, files)
