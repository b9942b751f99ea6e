"""The file of a bus: opened only if it is one, written wholly or not at all, kept small."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from eventkit.bus.sqlite import file as file_module
from eventkit.bus.sqlite.errors import explained
from eventkit.bus.sqlite.file import WAL_SIZE, File
from eventkit.bus.sqlite.schema import APPLICATION_ID, MIGRATIONS
from eventkit.contract.errors import BusError, ConfigurationError, EventkitError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make nobody wait long for a lock."""
    monkeypatch.setattr(file_module, "OPEN_TIMEOUT", 0.1)
    monkeypatch.setattr(file_module, "BUSY_TIMEOUT", 0.1)


def insert(file: File, body: bytes = b"") -> None:
    with file.transaction() as connection:
        connection.execute("INSERT INTO events (at, type, headers, body) VALUES (0, 'a.happened', '{}', ?)", (body,))


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])


def refusal(path: Path) -> EventkitError:
    """Open the file, and return the error as the bus raises it."""
    with pytest.raises((EventkitError, sqlite3.Error)) as caught:
        File(path)
    error = explained(caught.value, path)
    assert isinstance(error, EventkitError)
    assert str(path) in str(error)
    return error


class TestOpening:
    def test_a_new_file_is_made_and_can_be_opened_again(self, path: Path) -> None:
        for _ in range(2):
            with closing(File(path)) as file:
                insert(file)
        assert count(path) == 2

    def test_it_says_what_it_is(self, path: Path) -> None:
        File(path).close()
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
            assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert path.read_bytes()[68:72] == b"evkt"

    @pytest.mark.parametrize("durable", [True, False])
    def test_commits_wait_for_the_disk_unless_told_otherwise(self, path: Path, durable: bool) -> None:
        full, normal = (2,), (1,)
        with closing(File(path)) as file:
            for each in (durable, not durable, durable):
                with file.transaction(durable=each) as connection:
                    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
                    assert connection.execute("PRAGMA synchronous").fetchone() == (full if each else normal)

    def test_an_empty_file_is_a_new_one(self, path: Path) -> None:
        path.touch()
        File(path).close()

    def test_several_may_open_a_new_file_at_the_same_moment(self, tmp_path: Path) -> None:
        for round_ in range(10):
            path, barrier, errors = tmp_path / f"{round_}.db", threading.Barrier(4), []

            def open_and_write(path: Path = path, barrier: threading.Barrier = barrier, errors: list = errors) -> None:
                barrier.wait()
                try:
                    with closing(File(path)) as file:
                        insert(file)
                except Exception as error:  # noqa: BLE001 - shown by the test
                    errors.append(error)

            threads = [threading.Thread(target=open_and_write) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert errors == []
            assert count(path) == 4


class TestRefusal:
    def test_a_folder(self, tmp_path: Path) -> None:
        error = refusal(tmp_path)
        assert isinstance(error, BusError)
        assert "is a folder" in str(error)

    def test_a_folder_that_does_not_exist(self, tmp_path: Path) -> None:
        error = refusal(tmp_path / "no" / "events.db")
        assert isinstance(error, BusError)
        assert "folder of the file does not exist" in str(error)

    @pytest.mark.parametrize("size", [1, 2, 99, 100, 4096])
    def test_a_file_that_is_no_database(self, path: Path, size: int) -> None:
        text = ("Dear diary, " * 400)[:size]
        path.write_text(text)
        error = refusal(path)
        assert isinstance(error, ConfigurationError)
        assert "no SQLite database" in str(error)
        assert path.read_text() == text

    def test_a_database_of_another_program(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE orders (id)")
        before = path.read_bytes()
        error = refusal(path)
        assert isinstance(error, ConfigurationError)
        assert "another program's" in str(error)
        assert path.read_bytes() == before

    def test_a_file_of_a_newer_eventkit(self, path: Path) -> None:
        File(path).close()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        error = refusal(path)
        assert isinstance(error, ConfigurationError)
        assert "upgrade eventkit" in str(error)

    def test_a_damaged_file(self, path: Path) -> None:
        File(path).close()
        content = bytearray(path.read_bytes())
        content[100:4096] = b"\xff" * 3996
        path.write_bytes(content)
        assert "damaged" in str(refusal(path))

    @pytest.mark.usefixtures("impatient")
    def test_a_file_that_another_program_keeps_locked(self, path: Path) -> None:
        File(path).close()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            assert "another program keeps the file locked" in str(refusal(path))
            other.execute("COMMIT")

    def test_a_file_that_may_not_be_written(self, public_folder: Path, unprivileged: None) -> None:
        assert "read-only" in str(refusal(public_folder / "file.db"))

    def test_a_folder_that_may_not_be_written(self, public_folder: Path, unprivileged: None) -> None:
        assert "cannot be opened" in str(refusal(public_folder / "new.db"))


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder with a bus's file that everybody may read and nobody may write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        File(folder / "file.db").close()
        (folder / "file.db").chmod(0o444)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


@pytest.fixture
def unprivileged(public_folder: Path) -> Iterator[None]:
    """Be somebody for whom permissions count."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


class TestWriting:
    def test_a_transaction_that_raises_leaves_nothing(self, path: Path) -> None:
        group = "INSERT INTO groups (name, position, clock) VALUES (?, 0, 0)"
        with closing(File(path)) as file:
            with pytest.raises(sqlite3.IntegrityError), file.transaction() as connection:
                connection.executemany(group, [("one",), ("another",), ("one",)])
            insert(file)
            with file.transaction() as connection:
                assert connection.execute("SELECT count(*) FROM groups").fetchone() == (0,)

    @pytest.mark.usefixtures("impatient")
    def test_a_lock_that_lasts_too_long(self, path: Path) -> None:
        with closing(File(path)) as file, closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(sqlite3.OperationalError) as caught:
                insert(file)
            assert "another program keeps the file locked" in str(explained(caught.value, path))
            other.execute("ROLLBACK")
            insert(file)
        assert count(path) == 1

    def test_a_full_disk_costs_nothing_that_was_written(self, path: Path) -> None:
        with closing(File(path)) as file:
            insert(file)
            with file.transaction() as connection:
                (pages,) = connection.execute("PRAGMA page_count").fetchone()
                connection.execute(f"PRAGMA max_page_count = {pages}")
            with pytest.raises(sqlite3.OperationalError) as caught:
                insert(file, bytes(100_000))
            assert "the disk is full" in str(explained(caught.value, path))
            with file.transaction() as connection:
                connection.execute(f"PRAGMA max_page_count = {pages + 100}")
            insert(file, bytes(100_000))
        assert count(path) == 2

    @pytest.mark.parametrize("suffix", ["", "-wal"])
    def test_a_file_that_was_deleted_is_not_written_in_vain(self, path: Path, suffix: str) -> None:
        with closing(File(path)) as file:
            insert(file)
            Path(f"{path}{suffix}").unlink()
            with pytest.raises(BusError, match="deleted or replaced"):
                insert(file)

    def test_a_file_that_was_replaced_is_not_written(self, path: Path, tmp_path: Path) -> None:
        File(tmp_path / "other.db").close()
        with closing(File(path)) as file:
            (tmp_path / "other.db").replace(path)
            with pytest.raises(BusError, match="deleted or replaced"):
                insert(file)


class TestSize:
    def test_the_wal_does_not_grow_far_beyond_its_limit(self, path: Path) -> None:
        wal, body = Path(f"{path}-wal"), bytes(100_000)
        with closing(File(path)) as file:
            for _ in range(200):
                insert(file, body)
                file.checkpoint()
                assert wal.stat().st_size < WAL_SIZE + 2 * len(body)
            assert path.stat().st_size > 200 * len(body) - WAL_SIZE

    def test_somebody_who_reads_for_long_delays_it_and_no_more(self, path: Path) -> None:
        wal, body = Path(f"{path}-wal"), bytes(1_000_000)
        with closing(File(path)) as file, closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM events").fetchone()
            for _ in range(10):
                insert(file, body)
                file.checkpoint()
            assert wal.stat().st_size > 2 * WAL_SIZE
            reader.execute("COMMIT")
            for _ in range(10):
                insert(file, body)
                file.checkpoint()
            assert wal.stat().st_size < WAL_SIZE + 2 * len(body)

    def test_a_checkpoint_runs_while_nobody_can_write(self, path: Path) -> None:
        """The WAL-reset bug needs a writer that begins the WAL anew during a checkpoint."""
        with closing(File(path)) as file:
            insert(file, bytes(2 * WAL_SIZE))
            during: list[str] = []
            with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:

                def write_meanwhile(statement: str) -> None:
                    if "wal_checkpoint" in statement:
                        try:
                            other.execute("BEGIN IMMEDIATE")
                        except sqlite3.OperationalError as error:
                            during.append(error.sqlite_errorname)

                file._checkpointer.set_trace_callback(write_meanwhile)
                file.checkpoint()
            assert during == ["SQLITE_BUSY"]

    def test_what_is_closed_last_leaves_one_file(self, path: Path) -> None:
        first, last = File(path), File(path)
        insert(first)
        first.close()
        insert(last)
        last.close()
        assert list(path.parent.iterdir()) == [path]
        assert count(path) == 2
