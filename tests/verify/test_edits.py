"""Which edit is named; how each reads for a whole event is in the snapshots of the defects."""

from dataclasses import replace

import pytest

from eventkit.discovery.contract import Message, Place
from eventkit.schema import codes
from eventkit.schema.comparison import Problem
from eventkit.verify.edits import edit_of, is_undeclared
from eventkit.verify.traffic import Side, Time
from tests.verify.landscapes import fields, message

PROBLEM = Problem(codes.TYPE, "/a", "", "#/properties/a", "#/properties/a")


@pytest.fixture
def side(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def declaring(service: str, line: str, schema: object, *, suffix: str = ".py") -> Side:
        file = tmp_path / f"{service}{suffix}"
        file.write_text(f"{line}\n", "utf-8")
        places = {"": Place(file.name, 1), "/a": Place(file.name, 1)}
        return Side(service, message("x.y", fields(a=schema), places=places))

    return declaring


STRING, INTEGER = {"type": "string"}, {"type": "integer"}


@pytest.mark.parametrize(
    ("sent", "read", "edit"),
    [
        ("a: str", "a: int", "declare `a: str` in s"),
        ("a: str  # a comment", "a: int = 1", "declare `a: str` in s"),
        ("a: datetime.date", "a: int", "declare `a: datetime.date` in s"),
        ('a: Literal["x"]', "a: int", 'declare `a: Literal["x"]` in s'),
        ('a: Annotated[str, Field(pattern="^a")]', "a: int", 'declare `a: Annotated[str, Field(pattern="^a")]` in s'),
        # Named as the reader names it; which alias it has is no matter here.
        ('renamed: str = Field(alias="a")', "a: int", "declare `a: str` in s"),
        # A class that the reader has, too.
        ("a: Line | None", "a: Line", "declare `a: Line | None` in s"),
        # The same type within other limits.
        ("a: str = Field(max_length=9)", "a: str = Field(max_length=3)", "declare `a: str = Field(max_length=9)` in s"),
        ("a: str", "a: str = Field(max_length=3)", "declare `a: str` in s"),
        # What says nothing to the reader, or nothing new, is said in words.
        ("a: T", "a: int", "let s read a string"),
        ("a: Customer", "a: int", "let s read a string"),
        ("a: 'Customer'", "a: int", "let s read a string"),
        ("a: str", "a: str", "let s read a string"),
        ('a: str = Field(alias="b")', "a: str", "let s read a string"),
        ("def a(self) -> str:", "a: int", "let s read a string"),
        ("a: dict[", "a: int", "let s read a string"),
        ("a = 1", "a: int", "let s read a string"),
    ],
)
def test_a_declaration_is_quoted_where_the_reader_can_copy_it(side, sent, read, edit) -> None:
    found = edit_of(PROBLEM, side("p", sent, STRING), side("s", read, INTEGER), 2)

    assert found == f"{edit}, or publish a version 2 of x.y"


def test_a_document_is_told_a_type_and_not_a_line_of_python(side) -> None:
    reader = side("s", "a: {type: integer}", INTEGER, suffix=".yaml")

    assert edit_of(PROBLEM, side("p", "a: str", STRING), reader, 2).startswith("let s read a string, or")


def test_a_limit_that_only_the_reader_has_is_lifted(side) -> None:
    reader = side("s", "a: X", {**STRING, "maxLength": 3})

    assert edit_of(PROBLEM, side("p", "a: Y", STRING), reader, 2).startswith("lift the limit in s (at most 3 char")


def test_where_words_say_the_same_of_both_it_is_all_that_can_be_sent(side) -> None:
    sides = side("p", "a: X", STRING), side("s", "a: Y", STRING)

    assert edit_of(PROBLEM, *sides, 2).startswith("let s read all that p can publish, or")


def test_a_missing_field_is_made_optional(side) -> None:
    problem = Problem(codes.REQUIRED, "/b", "", "#", "#/required")
    publisher = side("p", "a: str", STRING)

    assert edit_of(problem, publisher, side("s", "b: str", STRING), 2).startswith("give `b` a default in s, let p publ")
    assert edit_of(problem, publisher, side("s", "b: 1", STRING, suffix=".yaml"), 2).startswith("do not require `b` in")


def test_what_was_sent_is_not_to_be_sent_otherwise(side) -> None:
    problem = Problem(codes.REQUIRED, "/b", "", "#", "#/required")
    publisher, reader = side("p", "a: str", STRING), side("s", "b: str", STRING)

    assert edit_of(problem, replace(publisher, time=Time.DEPLOYED), reader, 2) == (
        "give `b` a default in s, or publish a version 2 of x.y"
    )
    assert edit_of(problem, replace(publisher, time=Time.RETAINED), reader, 2) == (
        "give `b` a default in s, or take version 1 out of `retained` once no event of it can come"
    )


def test_a_field_that_is_not_always_sent_was_not_renamed(side) -> None:
    problem = Problem(codes.REQUIRED, "/a", "", "#", "#/required")
    reader = Side("s", Message(message("x.y").event, {}, "Y", places={"": Place("s.py", 1)}))

    assert edit_of(problem, side("p", "a: str", STRING), reader, 2) == (
        "give `a` a default in s, let p always publish it, or publish a version 2 of x.y"
    )


@pytest.mark.parametrize(
    ("problem", "edit"),
    [
        (Problem(codes.TYPE, "/b", "", "#", "#/properties/b"), "declare `b` in p, or let p promise to send nothing"),
        (Problem(codes.TYPE, "/a/*", "", "#", "#/properties/a/items"), "say in p what may stand at /a/*"),
        (
            Problem(codes.EXTRA_FIELD, "/*", "", "#", "#/additionalProperties"),
            'remove `extra="forbid"` from `Model` in',
        ),
    ],
)
def test_of_what_the_publisher_leaves_open_it_has_to_say_more(side, problem, edit) -> None:
    assert is_undeclared(problem)
    assert edit_of(problem, side("p", "a: str", STRING), side("s", "a: str", STRING), 2).startswith(edit)


def test_the_model_that_forbids_a_field_is_the_one_around_it(side) -> None:
    inner = {"type": "object", "properties": {}, "additionalProperties": False}
    problem = Problem(codes.EXTRA_FIELD, "/a/b", "", "#/properties/a", "#/properties/a/additionalProperties")
    publisher = side("p", "a: X", {"type": "object"})

    for title, suffix, edit in (
        ({"title": "Inner"}, ".py", 'remove `extra="forbid"` from `Inner` in s, or'),
        ({}, ".yaml", "remove `additionalProperties: false` from /a in s, or"),
    ):
        reader = side("s", "a: Inner", {**title, **inner}, suffix=suffix)
        assert edit_of(problem, publisher, reader, 2).startswith(edit)
