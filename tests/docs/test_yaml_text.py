"""Values as YAML that people review."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from eventkit.discovery.asyncapi.yaml_text import parse_yaml
from eventkit.docs.yaml_text import to_yaml
from tests.discovery.asyncapi.values import JSON_VALUES


@given(JSON_VALUES)
def test_yaml_1_1_and_1_2_read_what_was_written(value: object) -> None:
    text = to_yaml(value)

    assert yaml.safe_load(text) == value
    assert parse_yaml(text, "a.yaml").value == value


@pytest.mark.parametrize("text", ["no", "1e3", "0o17", "1_000", "12:30", "2024-01-01", "~", "", "- a", "a: b", "#a"])
def test_a_text_that_either_version_takes_for_something_else_is_quoted(text: str) -> None:
    assert to_yaml({"a": text}) == f"a: '{text}'\n"


def test_other_texts_are_not_quoted_and_lines_stay_lines() -> None:
    assert to_yaml({"version": "3.0.0", "type": "order.created", "text": "one\ntwo\n", "list": [{"a": []}]}) == (
        "version: 3.0.0\ntype: order.created\ntext: |\n  one\n  two\nlist:\n  - a: []\n"
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives(text: str) -> None:
    assert parse_yaml(to_yaml([text]), "a.yaml").value == [text]


def test_what_stands_twice_is_written_twice() -> None:
    shared = {"a": 1}

    assert to_yaml([shared, shared]) == "- a: 1\n- a: 1\n"
