"""Lines of source files as they are quoted."""

import pytest

from eventkit.discovery.contract import Place
from eventkit.verify.source_lines import line_at


@pytest.fixture
def models(tmp_path):
    path = tmp_path / "models.py"
    path.write_bytes("class A:\r\n    größe: int = 1\r\n\x0c\n    # \xe9 \n".encode("latin-1"))
    return str(path)


def test_a_line_is_quoted_without_its_end(models) -> None:
    assert line_at(Place(models, 1)) == "class A:"
    assert line_at(Place(models, 2)) == "    gr\ufffd\ufffde: int = 1"


@pytest.mark.parametrize("place", [Place("nowhere.py", 1), Place(".", 1), Place(__file__, 100_000)])
def test_what_is_not_there_is_not_quoted(place) -> None:
    assert line_at(place) is None
