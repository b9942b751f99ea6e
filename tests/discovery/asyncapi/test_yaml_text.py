"""YAML text: values by the core schema of YAML 1.2, places, and what is refused."""

import json

import pytest
from hypothesis import given

from eventkit.discovery.asyncapi.errors import DocumentError
from eventkit.discovery.asyncapi.yaml_text import parse_yaml
from tests.discovery.asyncapi.values import JSON_VALUES


def value_of(text: str) -> object:
    return parse_yaml(text, "a.yaml").value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("0o17", 15),
        ("017", 17),
        ("0x1F", 31),
        ("-3", -3),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("~", None),
        ("TRUE", True),
        ("yes", "yes"),
    ],
)
def test_plain_scalars_mean_what_the_core_schema_of_yaml_1_2_says(text: str, value: object) -> None:
    assert value_of(f"a: {text}") == {"a": value}


def test_a_key_is_the_text_that_stands_there() -> None:
    assert value_of("on: 1\nno: 2\n200: 3\nnull: 4\n'<<': 5\n") == {"on": 1, "no": 2, "200": 3, "null": 4, "<<": 5}


@given(JSON_VALUES)
def test_json_is_read_as_the_value_that_it_means(value: object) -> None:
    assert value_of(json.dumps(value, ensure_ascii=False)) == value


def test_an_alias_repeats_its_value() -> None:
    assert value_of("a: &x [1, &y 2]\nb: *x\nc: *y\n") == {"a": [1, 2], "b": [1, 2], "c": 2}


def test_the_mark_of_a_member_is_its_key_with_the_value_if_that_fits_the_line() -> None:
    marks = parse_yaml("a:\n  b/c: {type: string}\n  d: >-\n    long\n  e:\n    - x\n    - {y: 1}\n", "a.yaml").marks

    assert marks == {
        "": (1, 1, 0),
        "/a": (1, 1, 1),
        "/a/b~1c": (2, 3, 19),
        "/a/b~1c/type": (2, 9, 12),
        "/a/d": (3, 3, 1),
        "/a/e": (5, 3, 1),
        "/a/e/0": (6, 7, 1),
        "/a/e/1": (7, 7, 6),
        "/a/e/1/y": (7, 8, 4),
    }


BOMB = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(9))
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}]\n" for n in range(200))


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("a: 1\na: 2\n", "the key 'a' stands twice in one mapping", 2),
        ("a: &x {b: 1}\nc: {<<: *x}\n", "the merge key '<<' is not part of YAML 1.2", 2),
        ("a: 1\n---\nb: 2\n", "a second YAML document follows", 2),
        ("a: !!python/object/apply:os.system [x]", "the tag 'tag:yaml.org,2002:python/object/apply:os.system'", 1),
        ("a: !!int '3'", "the tag 'tag:yaml.org,2002:int'", 1),
        ("a: .nan", ".nan is no JSON number", 1),
        ("a: 1e999", "1e999 is no JSON number", 1),
        ("a: " + "9" * 1001, "an integer of 1,001 digits", 1),
        ("a: &x [*x]", "the alias '*x' contains itself", 1),
        ("a: *x", "the alias '*x' is not defined before", 1),
        ("a: &x b\n*x : c\n", "an alias stands as a key", 2),
        ("? [a]\n: b\n", "a mapping or a sequence stands as a key", 1),
        ("a:\n\t- b\n", "not YAML: found character that cannot start any token", 2),
        ("a: \x00", "not YAML: ", 1),
        ("[" * 50_000, "nested deeper than 100 levels", 1),
        (CHAIN, "nested deeper than 100 levels", 100),
        (BOMB, "the document has more than 200,000 values, aliases written out", 7),
    ],
)
def test_what_is_refused_is_said_with_its_line(text: str, what: str, line: int) -> None:
    with pytest.raises(DocumentError) as caught:
        value_of(text)

    assert caught.value.what.startswith(what)
    assert caught.value.place.line == line
