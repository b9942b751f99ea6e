"""Adding to code that somebody edited: what they wrote stays as it is."""

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventkit.scaffold.merge import merge
from eventkit.scaffold.plan import Plan
from eventkit.scaffold.render import render

BEFORE = '''"""Events."""

from eventkit import Event


class A(Event):
    """A."""

    # Declare fields here.


def last() -> None:
    """Last."""
'''
AFTER = '''"""Events."""

from eventkit import Bus, Event
from pydantic import Field


class A(Event):
    """A."""

    # Declare fields here.


# New ones.


class B(Event):
    """B."""

    # Declare fields here.


def last() -> None:
    """Last."""
'''


def test_new_statements_follow_those_that_they_follow_in_the_new_code() -> None:
    edited = BEFORE.replace("# Declare fields here.", "mine: str\n    # mine, too")
    assert merge(BEFORE, edited, AFTER) == AFTER.replace("# Declare fields here.", "mine: str\n    # mine, too", 1)


def test_what_is_added_to_the_end_stands_behind_all_that_is_there() -> None:
    assert merge("a = 1\n", "a = 1\n\n# mine\n", "a = 1\nb = 2\n") == "a = 1\n\n# mine\nb = 2\n"


def test_what_would_follow_something_that_was_deleted_follows_what_is_before_it() -> None:
    assert merge("a = 1\nb = 2\n", "a = 1\n# mine\n", "a = 1\nb = 2\nc = 3\n") == "a = 1\n# mine\nc = 3\n"


@pytest.mark.parametrize(
    ("edited", "merged"),
    [
        ("from m import a, z\n", "from m import a, b, z\n"),
        ("from m import (\n    a,\n    z,\n)\n", "from m import a, b, z\n"),
        ("from m import a as c\n", "from m import a as c, b\n"),
        ("from m import a  # mine\n", "from m import a  # mine\nfrom m import b\n"),
        ("import os\n", "from m import b\nimport os\n"),
        ("from m import b, a\n", "from m import b, a\n"),
    ],
)
def test_imports_are_united(edited: str, merged: str) -> None:
    assert merge("from m import a\n", edited, "from m import a, b\n") == merged


def test_new_methods_are_added_to_a_class_and_what_nobody_edited_in_it_is_changed() -> None:
    before = 'class A:\n    """Old."""\n\n    def a(self):\n        pass\n\n    def b(self):\n        pass\n'
    after = (
        'class A:\n    """New."""\n\n    def a(self):\n        new()\n\n    def b(self):\n        pass\n\n    c = 1\n'
    )
    edited = before.replace("    def b(self):\n        pass\n", "    def b(self):\n        mine()\n        # mine\n")
    assert merge(before, edited, after) == after.replace(
        "    def b(self):\n        pass\n", "    def b(self):\n        mine()\n        # mine\n"
    )


def test_the_docstring_that_somebody_wrote_stays() -> None:
    assert merge('"""Old."""\n', '"""Mine."""\n', '"""New."""\na = 1\n') == '"""Mine."""\na = 1\n'


def test_what_was_added_before_is_not_added_again() -> None:
    edited = BEFORE + "\n# mine\n"
    once = merge(BEFORE, edited, AFTER)
    assert once is not None
    assert merge(BEFORE, once, AFTER) == once


@pytest.mark.parametrize(
    ("before", "edited", "after"),
    [
        ("a = 1\n", "a = 2\n", "a = 3\n"),
        ("def a():\n    1\n", "def a():\n    2\n", "def a():\n    3\n"),
        ("def a():\n    1\n", "\n", "def a():\n    3\n"),
        ("a = 1\n", "a = 1\nb = 'mine'\n", "a = 1\nb = 2\n"),
        ("a = 1\nb = 2\n", "a = 1\nb = 2\nc = 3\n", "a = 1\n"),
        ("class A(B):\n    a = 1\n", "class A(B):\n    a = 2\n", "class A(C):\n    a = 1\n"),
        ("class A:\n    a = 1\n", "class A: a = 2\n", "class A:\n    a = 1\n    b = 1\n"),
        ("class A:\n    a = 1\n", "class A:\n  a = 2\n", "class A:\n    a = 1\n    b = 1\n"),
        ("a = 1\n", "a = 1; c = 1\n", "a = 1\nb = 2\n"),
        ("a = 1\n", "this is no code\n", "a = 1\nb = 2\n"),
        ("a = 1\n", "a = 1\n\0", "a = 1\nb = 2\n"),
    ],
    ids=[
        "another value",
        "another body",
        "deleted and changed",
        "the name is taken",
        "something goes",
        "another head of a class",
        "a class in one line",
        "other indents",
        "two statements in one line",
        "no code",
        "a null byte",
    ],
)
def test_what_was_edited_and_has_to_change_cannot_be_merged(before: str, edited: str, after: str) -> None:
    assert merge(before, edited, after) is None


NAMES = st.lists(st.sampled_from(["order.created", "order.paid", "user.deleted", "stock.low"]), unique=True)
BEGINNING = {"publishes": ["shop.opened"], "handles": ["payment.completed"]}
EDITABLE = ("events/models.py", "events/handlers.py", "events/publishers.py", "models.py", "repository.py")


@given(st.sampled_from(EDITABLE), st.data(), NAMES, NAMES)
def test_lines_that_somebody_added_are_all_there_and_so_is_everything_new(
    path: str, data: st.DataObject, publishes: list[str], handles: list[str]
) -> None:
    plans = [
        Plan.of("shop_service", publishes=BEGINNING["publishes"], handles=BEGINNING["handles"], clients=[]),
        Plan.of(
            "shop_service",
            publishes=[*BEGINNING["publishes"], *publishes],
            handles=[*BEGINNING["handles"], *(each for each in handles if each not in publishes)],
            clients=[],
        ),
    ]
    before, after = (render(plan)[path] for plan in plans)
    heads = [match.end() for match in re.finditer(r'    """[^"\n]*"""\n', before)]
    place = data.draw(st.sampled_from([*heads, len(before)]))
    edited = f"{before[:place]}{'' if place == len(before) else '    '}mine = 1  # mine\n{before[place:]}"

    merged = merge(before, edited, after)

    if merged is None:  # a function that has to change was edited
        return
    assert merged.count("mine = 1  # mine\n") == 1
    assert _defined(after) <= _defined(merged)
    assert [line for line in merged.splitlines() if "import" not in line and "mine" not in line and line.strip()] == [
        line for line in after.splitlines() if "import" not in line and line.strip()
    ]


def _defined(code: str) -> set[str]:
    return {
        getattr(node, "name", "")
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.alias)
    }
