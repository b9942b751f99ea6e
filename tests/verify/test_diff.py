"""What changed between two landscapes, and how it is written."""

import io
import json

import pytest

from eventkit.discovery.evolution import Evolution, Mode
from eventkit.discovery.landscape import Landscape
from eventkit.verify.diff import Diff, diff
from eventkit.verify.reporters.diff import DiffFormat, write_diff
from tests.verify.cases import DEFECTS, stage_of
from tests.verify.landscapes import contract, fields, message

TEXT, NUMBER = fields(a={"type": "string"}), fields(a={"type": "integer"})


def between(old: tuple, new: tuple, mode: Mode = Mode.NONE) -> Diff:
    return diff(Landscape(old), Landscape(new), Evolution(mode=mode))


def written(found: Diff, format: DiffFormat) -> str:
    stream = io.StringIO()
    write_diff(found, format, stream)
    return stream.getvalue()


def case(name: str) -> Diff:
    (folder,) = (folder for folder in DEFECTS if folder.name == name)
    return diff(stage_of(folder, "before").landscape, stage_of(folder, "after").landscape, Evolution())


def everything() -> Diff:
    """Return a diff with all there can be."""
    old = (
        contract("gone", (), (message("x.y", TEXT),)),
        contract("p", (message("x.y", TEXT), message("x.old"))),
        contract("mended", (message("z.z", NUMBER),)),
        contract("s", (), (message("x.y", TEXT), message("z.z", TEXT), message("b.b", TEXT))),
        contract("broken", (message("b.b", NUMBER),)),
    )
    new = (
        contract("broken", (message("b.b", NUMBER),)),
        contract("mended", (message("z.z", TEXT),)),
        contract("new_service", (), (message("x.y v2", NUMBER),)),
        contract("p", (message("x.y", NUMBER), message("x.y v2", NUMBER))),
        contract("s", (), (message("x.y", TEXT), message("z.z", TEXT), message("b.b", TEXT))),
    )
    return between(old, new)


def test_landscapes_that_say_the_same_do_not_differ() -> None:
    same = (contract("p", (message("x.y", TEXT),)), contract("s", (), (message("x.y", TEXT),)))
    found = between(same, same)

    assert (bool(found), found.status) == (False, 0)
    assert written(found, DiffFormat.TEXT) == "no contract changed\n"


def test_names_of_fields_neither_end_a_line_nor_reach_the_terminal() -> None:
    name = "x\x1b[2J\n# y"
    found = between((contract("p", (message("x.y"),)),), (contract("p", (message("x.y", fields(**{name: {}})),)),))

    for format in (DiffFormat.TEXT, DiffFormat.MARKDOWN):
        assert "\x1b" not in written(found, format)
        assert not any(line.startswith("# y") for line in written(found, format).splitlines())


def test_what_did_not_fit_before_breaks_nobody_where_a_name_leaves_something_open() -> None:
    handles = contract("s", (), (message("o.eu.y", NUMBER),))
    found = between(
        (contract("p", (message("o.{x}.y", TEXT),)), handles), (contract("p", (message("o.{x}.y", TEXT),)), handles)
    )

    assert (found.broken, found.status) == ((), 0)
    assert [pair.event.name for pair in found.broken_before] == ["o.eu.y"]


def test_services_and_events_come_and_go() -> None:
    found = everything()

    assert (found.services_added, found.services_removed) == (("new_service",), ("gone",))
    assert [(str(each.event), each.role, each.added, each.new_version) for each in found.events] == [
        ("x.old v1", "publishes", False, False),
        ("x.y v2", "publishes", True, True),
        ("x.y v1", "handles", False, True),
        ("x.y v2", "handles", True, True),
    ]


def test_what_did_not_fit_before_is_told_apart_from_what_the_change_breaks() -> None:
    found = everything()

    assert {(one.code, pair.publisher, pair.subscriber) for one in found.broken for pair in one.pairs} == {
        ("EK102", "p", "s"),
        ("EK204", "p", "s"),
        ("EK204", "p", "new_service"),
        ("EK301", "p", "gone"),
    }
    assert [(pair.publisher, pair.subscriber) for pair in found.broken_before] == [("broken", "s")]
    assert [(pair.publisher, pair.subscriber) for pair in found.mended] == [("mended", "s")]
    assert found.status == 1


def test_a_change_that_breaks_nobody_is_status_0_even_where_a_field_is_breaking() -> None:
    found = between((contract("p", (message("x.y", TEXT),)),), (contract("p", (message("x.y", NUMBER),)),))

    assert [change.effect for each in found.messages for change in each.changes] == ["breaking"]
    assert found.status == 0


def test_a_mode_is_held_to_the_old_landscape() -> None:
    found = between((contract("p", (message("x.y", TEXT),)),), (contract("p", (message("x.y", NUMBER),)),), Mode.FULL)

    assert [one.code for one in found.broken] == ["EK304"]


@pytest.mark.parametrize("format", [DiffFormat.TEXT, DiffFormat.MARKDOWN])
@pytest.mark.parametrize("name", ["ek301_version_that_the_deployed_reader_lacks", "ek303_event_renamed"])
def test_a_diff_for_people(name, format, snapshot, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    assert written(case(name), format) == snapshot


@pytest.mark.parametrize("format", list(DiffFormat))
def test_all_there_can_be_in_a_diff(format, snapshot, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    assert written(everything(), format) == snapshot


def test_json_is_one_object() -> None:
    document = json.loads(written(everything(), DiffFormat.JSON))

    assert list(document) == ["services", "events", "changes", "broken", "silenced", "broken_before", "mended"]


def test_markdown_shows_names_as_they_are() -> None:
    odd = between((), (contract("a|b <img> _c_ `d`"),))

    assert "service `` a|b <img> _c_ `d` ``" in written(odd, DiffFormat.MARKDOWN)
