"""Files of a scaffold: what somebody edited is never overwritten."""

import json
from pathlib import Path

import pytest

from eventkit import ConfigurationError
from eventkit.scaffold.files import RECORD, Change, Record, State, compare, read_record, write


def run(folder: Path, before: dict[str, str], after: dict[str, str]) -> dict[str, State]:
    """Scaffold once, and return what became of each file."""
    record = read_record(folder)
    changes = compare(folder, record.files, before, after)
    write(folder, changes, record)
    return {change.path: change.state for change in changes}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that was scaffolded with the files a.py and b/c.py."""
    folder = tmp_path / "shop"
    run(folder, {}, {"a.py": "1\n", "b/c.py": "2\n"})
    return folder


def test_what_is_not_there_is_created(tmp_path: Path) -> None:
    assert run(tmp_path / "shop", {}, {"b/c.py": "é\n"}) == {"b/c.py": State.CREATE}
    assert (tmp_path / "shop/b/c.py").read_bytes() == "é\n".encode()


def test_a_second_run_changes_nothing(folder: Path) -> None:
    same = {"a.py": "1\n", "b/c.py": "2\n"}
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.py")}
    assert set(run(folder, same, same).values()) == {State.IDENTICAL}
    assert times == {path: path.stat().st_mtime_ns for path in folder.rglob("*.py")}


def test_what_nobody_edited_is_updated(folder: Path) -> None:
    assert run(folder, {"a.py": "1\n"}, {"a.py": "1\n3\n"}) == {"a.py": State.UPDATE}
    assert (folder / "a.py").read_text() == "1\n3\n"
    assert run(folder, {"a.py": "1\n3\n"}, {"a.py": "4\n"}) == {"a.py": State.UPDATE}


def test_what_was_edited_is_kept(folder: Path) -> None:
    (folder / "a.py").write_text("mine\n")
    assert run(folder, {"a.py": "1\n"}, {"a.py": "1\n"}) == {"a.py": State.KEPT}
    assert (folder / "a.py").read_text() == "mine\n"


def test_what_was_edited_and_has_something_new_is_a_conflict_that_says_what_is_new(folder: Path) -> None:
    (folder / "a.py").write_text("mine\n")
    before, after = {"a.py": "1\nx = 1\n"}, {"a.py": "1\nx = 2\n"}
    [change] = compare(folder, read_record(folder).files, before, after)
    assert change.state is State.CONFLICT
    assert change.addition.splitlines()[-3:] == [" 1", "-x = 1", "+x = 2"]
    run(folder, before, after)
    assert (folder / "a.py").read_text() == "mine\n"


def test_code_that_was_edited_is_extended_and_still_counts_as_edited(folder: Path) -> None:
    (folder / "a.py").write_bytes(b"1\r\n# mine\r\n")
    assert run(folder, {"a.py": "1\n"}, {"a.py": "1\n3\n"}) == {"a.py": State.EXTEND}
    assert (folder / "a.py").read_bytes() == b"1\r\n# mine\r\n3\r\n"
    assert run(folder, {"a.py": "1\n3\n"}, {"a.py": "1\n3\n"}) == {"a.py": State.KEPT}


def test_code_is_held_back_with_code_that_is_in_conflict_and_is_edited_by_hand_then(folder: Path) -> None:
    (folder / "a.py").write_text("x = 'mine'\n")
    before, after = {"a.py": "x = 1\n", "b/c.py": "2\n"}, {"a.py": "x = 2\n", "b/c.py": "2\n3\n", "d.py": "4\n"}
    assert run(folder, before, after) == {"a.py": State.CONFLICT, "b/c.py": State.HELD, "d.py": State.HELD}
    assert (folder / "b/c.py").read_text() == "2\n"
    assert not (folder / "d.py").exists()
    assert "b/c.py" not in read_record(folder).files
    (folder / "d.py").write_text("4\n")
    assert run(folder, after, after) == {"a.py": State.KEPT, "b/c.py": State.KEPT, "d.py": State.IDENTICAL}


def test_what_is_no_code_holds_nothing_back(folder: Path) -> None:
    (folder / "a.md").write_text("mine\n")
    states = run(folder, {"a.py": "1\n", "a.md": "1\n"}, {"a.py": "3\n", "a.md": "3\n"})
    assert states == {"a.py": State.UPDATE, "a.md": State.CONFLICT}


def test_an_edit_that_is_what_would_be_written_is_identical_and_ours_again(folder: Path) -> None:
    (folder / "a.py").write_text("1\n3\n")
    assert run(folder, {"a.py": "1\n"}, {"a.py": "1\n3\n"}) == {"a.py": State.IDENTICAL}
    assert run(folder, {"a.py": "1\n3\n"}, {"a.py": "4\n"}) == {"a.py": State.UPDATE}


def test_a_file_of_somebody_else_is_a_conflict(folder: Path) -> None:
    (folder / "new.py").write_text("mine\n")
    assert run(folder, {}, {"new.py": "ours\n"}) == {"new.py": State.CONFLICT}
    assert (folder / "new.py").read_text() == "mine\n"


def test_other_line_ends_are_no_edit(folder: Path) -> None:
    (folder / "a.py").write_bytes(b"1\r\n")
    assert run(folder, {"a.py": "1\n"}, {"a.py": "3\n"}) == {"a.py": State.UPDATE}


@pytest.mark.parametrize("content", [b"\xff\xfe", None], ids=["bytes", "a folder"])
def test_what_is_no_text_is_a_conflict(folder: Path, content: bytes | None) -> None:
    (folder / "a.py").unlink()
    if content is None:
        (folder / "a.py").mkdir()
    else:
        (folder / "a.py").write_bytes(content)
    assert run(folder, {"a.py": "1\n"}, {"a.py": "3\n"}) == {"a.py": State.CONFLICT}


def test_nothing_is_written_through_a_link_that_leads_out(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / "out").symlink_to(outside)
    (folder / "dangling.py").symlink_to(outside / "x.py")
    states = run(folder, {}, {"out/x.py": "3\n", "dangling.py": "3\n"})
    assert set(states.values()) == {State.CONFLICT}
    assert list(outside.iterdir()) == []


def test_a_run_that_was_interrupted_is_finished_by_the_next(tmp_path: Path) -> None:
    folder, files = tmp_path / "shop", {"a.py": "1\n", "b.py": "2\n"}
    first = compare(folder, {}, {}, files)
    write(folder, [first[0], Change("b.py", State.IDENTICAL, "2\n")], Record())  # b.py was not written any more
    assert run(folder, files, files) == {"a.py": State.IDENTICAL, "b.py": State.CREATE}


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert read_record(tmp_path) == Record()


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ConfigurationError, match=f"was not made by `eventkit scaffold`: it has no {RECORD}"):
        read_record(tmp_path)


def test_a_file_or_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(ConfigurationError, match="a folder of its own"):
            read_record(tmp_path / name)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"files": 1}', '{"from": "another program"}'])
def test_a_record_that_somebody_broke_is_refused(folder: Path, content: str) -> None:
    (folder / RECORD).write_text(content)
    with pytest.raises(ConfigurationError, match=r"not as `eventkit scaffold` wrote it: .*restore it"):
        read_record(folder)


def test_the_record_is_sorted_so_that_version_control_shows_small_changes(folder: Path) -> None:
    assert list(json.loads((folder / RECORD).read_text())["files"]) == ["a.py", "b/c.py"]
