"""JSON text: strict, and with the same places as YAML would have."""

import json

import pytest
from hypothesis import given

from eventkit.discovery.asyncapi import json_text
from eventkit.discovery.asyncapi.errors import DocumentError
from eventkit.discovery.asyncapi.json_text import parse_json
from eventkit.discovery.asyncapi.yaml_text import parse_yaml
from eventkit.discovery.contract import Place
from tests.discovery.asyncapi.values import JSON_VALUES


def test_the_mark_of_a_member_is_its_key_with_the_value_if_that_fits_the_line() -> None:
    marks = parse_json('{\n  "a": {"b/c": [1, "x\\ny"]},\n  "\\u0064": [\n    2\n  ]\n}', "a.json").marks

    assert marks == {
        "": (1, 1, 0),
        "/a": (2, 3, 25),
        "/a/b~1c": (2, 9, 18),
        "/a/b~1c/0": (2, 17, 1),
        "/a/b~1c/1": (2, 20, 6),
        "/d": (3, 3, 8),
        "/d/0": (4, 5, 1),
    }


@given(JSON_VALUES)
def test_every_value_has_the_mark_that_the_yaml_reader_gives_it(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)

    assert parse_json(text, "f").marks == parse_yaml(text, "f").marks


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' stands twice in one object", Place("a.json", 1, 10, 3)),
        ('{\n"b": {},\n"a": [{"b": 1,\n  "b": 2}], "b": ]', "the key 'b' stands twice", Place("a.json", 4, 3, 3)),
        ('{"a/b": {"c": 1}, "a": {"b": 1}, "\\u0061": 2}', "the key 'a' stands twice", Place("a.json", 1, 34, 8)),
        ('{"a": NaN}', "NaN is not JSON", Place("a.json", 1, 7, 3)),
        ('{"NaN": 1e9,\n "a": ["1e999", -1e999]}', "the number -1e999 is too large", Place("a.json", 2, 17, 6)),
        ("{\n 'a': 1}", "not JSON: ", Place("a.json", 2, 2)),
        ("[" * 50_000, "nested deeper than 100 levels", Place("a.json", 1)),
        ('["\\ud83d"]', "text with half of a surrogate pair", Place("a.json", 1)),
    ],
)
def test_what_is_refused(text: str, what: str, place: Place) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_json(text, "a.json")

    assert caught.value.what.startswith(what)
    assert caught.value.place == place


def test_a_text_with_too_many_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "MAX_NODES", 100)

    with pytest.raises(DocumentError, match="the document has more than 100 values"):
        parse_json(json.dumps(list(range(101))), "a.json")
