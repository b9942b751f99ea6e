"""A cache that is used by several processes, damaged, or of other code, never fails and never gives a wrong answer."""

import os
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from eventkit.work import cache as module
from eventkit.work.cache import KEPT_DAYS, Cache

DAY = 86_400


def keep(folder: Path, values: dict[bytes, bytes], code: str = "a") -> None:
    cache = Cache(folder, code)
    cache.put_many("kind", values)
    cache.close()


def kept(folder: Path, key: bytes, code: str = "a") -> bytes | None:
    cache = Cache(folder, code)
    found = cache.get("kind", key)
    cache.close()
    return found


def file_of(folder: Path) -> Path:
    (file,) = folder.glob("*.db")
    return file


def test_what_is_put_is_found_by_the_next_run(tmp_path: Path) -> None:
    values = {bytes([number // 256, number % 256]): b"value %d" % number for number in range(2_000)}
    keep(tmp_path, values)

    cache = Cache(tmp_path, "a")
    assert cache.get_many("kind", [*values, b"unknown"]) == values
    assert cache.get("other kind", b"\0\0") is None
    cache.put("kind", b"new", b"!")
    assert cache.get("kind", b"new") == b"!"
    cache.close()


def test_without_a_folder_nothing_is_kept() -> None:
    cache = Cache(None)
    cache.put("kind", b"key", b"value")

    assert cache.get("kind", b"key") is None
    assert not cache.is_used
    assert cache.problem is None


def test_the_folder_is_marked_as_a_cache_and_ignored_by_git(tmp_path: Path) -> None:
    keep(tmp_path / "a" / "cache", {b"key": b"value"})

    assert (tmp_path / "a" / "cache" / ".gitignore").read_text("utf-8").endswith("*\n")
    assert (tmp_path / "a" / "cache" / "CACHEDIR.TAG").read_text("utf-8").startswith("Signature: 8a477f597d28d172")


def test_other_code_finds_nothing(tmp_path: Path) -> None:
    keep(tmp_path, {b"key": b"value"}, code="a")

    assert kept(tmp_path, b"key", code="b") is None
    assert kept(tmp_path, b"key", code="a") == b"value"


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5_000])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    keep(tmp_path, {b"key": b"value"})
    file_of(tmp_path).write_bytes(damage)

    assert kept(tmp_path, b"key") is None
    keep(tmp_path, {b"key": b"value"})
    assert kept(tmp_path, b"key") == b"value"


def test_damage_in_the_middle_never_gives_a_wrong_value(tmp_path: Path) -> None:
    values = {b"key %d" % number: b"%d " % number * 200 for number in range(200)}
    keep(tmp_path, values)
    file = file_of(tmp_path)
    sound = file.read_bytes()

    for start in range(4096, len(sound), 4096 * 5):
        file.write_bytes(sound[:start] + b"\x55" * 300 + sound[start + 300 :])
        cache = Cache(tmp_path, "a")
        found = cache.get_many("kind", values)
        cache.close()
        assert all(values[key] == value for key, value in found.items())
        assert len(found) < len(values)
        for left in tmp_path.glob("*.db*"):
            left.unlink()


def test_a_value_that_was_changed_is_not_returned(tmp_path: Path) -> None:
    keep(tmp_path, {b"bytes": b"compatible", b"text": b"compatible"})
    with sqlite3.connect(file_of(tmp_path)) as connection:
        connection.execute("UPDATE entries SET value = ? WHERE key = ?", (b"incompatibl", b"bytes"))
    connection.close()
    assert kept(tmp_path, b"bytes") is None
    with sqlite3.connect(file_of(tmp_path)) as connection:
        connection.execute("UPDATE entries SET value = 'text' WHERE key = ?", (b"text",))
    connection.close()

    assert kept(tmp_path, b"text") is None


def test_a_locked_cache_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, {b"key": b"value"})
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    other = sqlite3.connect(file_of(tmp_path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    cache = Cache(tmp_path, "a")
    assert cache.get("kind", b"key") == b"value"
    cache.put("kind", b"new", b"value")
    cache.close()

    assert cache.problem == "database is locked"
    other.close()
    assert kept(tmp_path, b"key") == b"value"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")

    cache = Cache(tmp_path / "file" / "cache", "a")

    assert not cache.is_used
    assert cache.problem is not None


def test_what_was_not_used_for_long_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, {b"used": b"value", b"unused": b"value"})
    now = time.time()

    for days in (20, 40):
        monkeypatch.setattr(module.time, "time", lambda days=days: now + days * DAY)
        assert kept(tmp_path, b"used") == b"value"
    keep(tmp_path, {b"new": b"value"})

    assert kept(tmp_path, b"used") == b"value"
    assert kept(tmp_path, b"unused") is None


def test_files_of_other_code_are_dropped_when_they_are_old(tmp_path: Path) -> None:
    for code, days in (("old", KEPT_DAYS + 1), ("recent", 1)):
        keep(tmp_path, {b"key": b"value"}, code)
        then = time.time() - days * DAY
        os.utime(tmp_path / f"{code}.db", (then, then))

    keep(tmp_path, {b"key": b"value"}, "new")

    assert sorted(file.stem for file in tmp_path.glob("*.db")) == ["new", "recent"]


def test_the_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100_000)
    keep(tmp_path, {b"small": b"x"})
    assert kept(tmp_path, b"small") == b"x"

    keep(tmp_path, {b"large": b"x" * 200_000})

    assert kept(tmp_path, b"large") is None
    keep(tmp_path, {b"small": b"x"})
    assert kept(tmp_path, b"small") == b"x"


def test_several_processes_use_one_cache(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from eventkit.work.cache import Cache
        for turn in range(20):
            cache = Cache(Path(sys.argv[1]), "a")
            for number in range(200):
                cache.put("kind", b"%d" % (number + turn * 50), b"value of %d" % (number + turn * 50))
            found = cache.get_many("kind", [b"%d" % number for number in range(2000)])
            assert all(value == b"value of " + key for key, value in found.items())
            cache.close()
            assert cache.problem is None, cache.problem
    """)
    running = [subprocess.Popen([sys.executable, "-c", program, tmp_path]) for _ in range(4)]

    assert [process.wait() for process in running] == [0] * 4
    assert kept(tmp_path, b"1149") == b"value of 1149"
