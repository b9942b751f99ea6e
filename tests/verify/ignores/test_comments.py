"""Comments that silence findings: where they are seen, and at which lines they act."""

import pytest

from eventkit.verify.ignores.comments import comments_in
from tests.files import write_files


@pytest.fixture
def ignores_in(tmp_path):
    """Return the ignores of a text: codes, reason, own line, and the lines at which they act."""

    def read(text: str, name: str = "models.py") -> list[tuple]:
        write_files(tmp_path, {name: text})
        return [
            (ignore.codes, ignore.reason, ignore.place.line, sorted(ignore.lines))
            for ignore in comments_in(str(tmp_path / name))
        ]

    return read


def test_behind_a_field_it_acts_at_its_line(ignores_in) -> None:
    assert ignores_in("a: int  # eventkit: ignore[EK102] the ledger is old\nb: int\n") == [
        (("EK102",), "the ledger is old", 1, [1])
    ]


def test_alone_in_its_line_it_acts_at_the_next_statement(ignores_in) -> None:
    text = """\
    class Paid(Event):
        # eventkit: ignore[ek102, EK104] - the ledger is old
        # a remark

        a: int
        b: int
    """
    assert ignores_in(text) == [(("EK102", "EK104"), "the ledger is old", 2, [5])]


def test_within_a_statement_of_several_lines_it_acts_at_the_first_one_too(ignores_in) -> None:
    text = """\
    a: Annotated[
        int,
    ]  # eventkit: ignore[EK102] old
    """
    assert ignores_in(text) == [(("EK102",), "old", 3, [1, 3])]


def test_above_a_decorator_it_acts_at_what_is_decorated(ignores_in) -> None:
    text = """\
    # eventkit: ignore[EK201] comes from outside
    @service.handler
    async def handle(event: Paid) -> None: ...
    """
    assert ignores_in(text) == [(("EK201",), "comes from outside", 1, [3])]


def test_beside_other_remarks_it_is_seen_and_they_are_not_its_reason(ignores_in) -> None:
    assert ignores_in("a: int  # noqa: E501 # eventkit: ignore[EK102] old  # type: ignore\n") == [
        (("EK102",), "old", 1, [1])
    ]


@pytest.mark.parametrize(
    ("comment", "codes", "reason"),
    [
        ("# eventkit: ignore", (), ""),
        ("# eventkit: ignore[]", (), ""),
        ("# eventkit: ignore[EK102]", ("EK102",), ""),
        ("#eventkit: ignore[EK102]: why", ("EK102",), "why"),
        ("# eventkit: ignore[EK102] #123, and shop#45 # noqa", ("EK102",), "#123, and shop#45"),
        ("# eventkit: ignore because", (), "because"),
    ],
)
def test_what_is_missing_is_empty(ignores_in, comment, codes, reason) -> None:
    assert ignores_in(f"a: int  {comment}\n") == [(codes, reason, 1, [1])]


def test_text_that_looks_like_one_is_none(ignores_in) -> None:
    text = """\
    a = "# eventkit: ignore[EK102] no comment"
    b = '''
    # eventkit: ignore[EK102] no comment
    '''
    # eventkit: ignored[EK102] another word
    """
    assert ignores_in(text) == []


def test_at_the_end_of_a_file_it_acts_nowhere(ignores_in) -> None:
    assert ignores_in("a = 1\n# eventkit: ignore[EK102] old\n") == [(("EK102",), "old", 2, [])]


def test_in_yaml_it_acts_at_its_line_or_the_next(ignores_in) -> None:
    text = """\
    properties:
      amount: {type: string}  # eventkit: ignore[EK102] old

      # eventkit: ignore[EK104] older
      # a remark

      count: {type: integer}
    """
    assert ignores_in(text, "a.asyncapi.yaml") == [(("EK102",), "old", 2, [2]), (("EK104",), "older", 4, [7])]


def test_in_yaml_text_that_looks_like_one_is_none(ignores_in) -> None:
    text = """\
    a: "x # eventkit: ignore[EK102] no comment"
    b: |
      # eventkit: ignore[EK102] no comment
    c: x# eventkit: ignore[EK102] no comment
    d: x
    """
    assert ignores_in(text, "a.yml") == []


@pytest.mark.parametrize(("name", "text"), [("a.py", "a = (  {} \n"), ("a.yaml", "a: @ {}\n"), ("a.json", "{} \n")])
def test_a_file_that_is_not_what_its_name_says_has_none(ignores_in, name, text) -> None:
    assert ignores_in(text.format("# eventkit: ignore[EK102] x"), name) == []


def test_a_file_that_is_gone_has_none(tmp_path) -> None:
    assert comments_in(str(tmp_path / "gone.py")) == []
