"""What work needs lasts until its end."""

from collections.abc import Iterator
from contextlib import contextmanager

from eventkit.work import Work


def test_what_is_kept_is_left_when_the_work_ends() -> None:
    left: list[str] = []

    @contextmanager
    def folder(name: str) -> Iterator[str]:
        yield name
        left.append(name)

    with Work() as work:
        assert [work.keep(folder("a")), work.keep(folder("b"))] == ["a", "b"]
        assert left == []
    assert left == ["b", "a"]
