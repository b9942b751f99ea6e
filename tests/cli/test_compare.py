"""`eventkit compare`."""

import json

import pytest

from tests.files import write_files


@pytest.fixture(autouse=True)
def _schemas(tmp_path, monkeypatch) -> None:
    write_files(
        tmp_path,
        {
            "string.json": '{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}',
            "parts.yaml": """
                $defs:
                  Reader: {type: object, properties: {a: {$ref: '#/$defs/Text'}}}
                  Counter: {type: object, properties: {a: {type: integer}}}
                  Text: {type: string}
            """,
            "unknown.json": '{"$ref": "https://example.com/"}',
            "broken.json": '{"type": ',
        },
    )
    monkeypatch.chdir(tmp_path)


def test_schemas_that_fit_are_status_0(eventkit) -> None:
    run = eventkit("compare", "string.json", "parts.yaml#/$defs/Reader")

    assert (run.status, run.out) == (0, "compatible\n")


def test_schemas_that_do_not_fit_are_status_1_with_a_counterexample(eventkit, snapshot) -> None:
    run = eventkit("compare", "string.json", "parts.yaml#/$defs/Counter")

    assert run.status == 1
    assert run.out == snapshot


def test_what_is_not_decided_is_status_1_with_the_reason(eventkit) -> None:
    run = eventkit("compare", "unknown.json", "string.json")

    assert run.status == 1
    assert run.out.startswith("unknown: the publisher's schema refers to 'https://example.com/'")


def test_json_has_exactly_the_keys_that_were_promised(eventkit) -> None:
    run = eventkit("compare", "string.json", "parts.yaml#/$defs/Counter", "--format", "json")
    answer = json.loads(run.out)

    assert run.status == 1
    assert list(answer) == ["verdict", "counterexample", "problems", "reason"]
    assert (answer["verdict"], answer["reason"]) == ("incompatible", None)
    assert [list(problem) for problem in answer["problems"]] == [["code", "path", "message"]]
    assert isinstance(answer["counterexample"]["a"], str)

    answer = json.loads(eventkit("compare", "unknown.json", "string.json", "--format", "json").out)
    assert (answer["verdict"], answer["counterexample"], answer["problems"]) == ("unknown", None, [])
    assert answer["reason"]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("nowhere.json", "error: No such file or directory\n  where: nowhere.json\n"),
        ("broken.json", "error: not JSON: "),
        ("parts.yaml#/$defs/Write", "error: the file has no part #/$defs/Write\n"),
    ],
)
def test_what_cannot_be_read_is_status_2(eventkit, source, error) -> None:
    run = eventkit("compare", source, "string.json")

    assert run.status == 2
    assert run.err.startswith(error)
