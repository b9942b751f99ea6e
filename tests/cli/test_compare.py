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
                  Date: {type: string, format: date}
                  Nothing: {type: 'null'}
                  Strict: {type: object, properties: {a: {type: string}}, additionalProperties: false}
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
    assert list(answer) == ["verdict", "counterexample", "problems", "reason"]
    assert (answer["verdict"], answer["counterexample"], answer["problems"]) == ("unknown", None, [])
    assert answer["reason"]

    answer = json.loads(eventkit("compare", "string.json", "string.json", "--format", "json").out)
    assert answer == {"verdict": "compatible", "counterexample": None, "problems": [], "reason": None}


def test_null_is_a_counterexample_like_any_other(eventkit) -> None:
    run = eventkit("compare", "parts.yaml#/$defs/Nothing", "parts.yaml#/$defs/Text", "--format", "json")

    answer = json.loads(run.out)
    assert (answer["verdict"], answer["counterexample"]) == ("incompatible", None)
    assert eventkit("compare", "parts.yaml#/$defs/Nothing", "parts.yaml#/$defs/Text").out.endswith(
        "counterexample: null\n"
    )


@pytest.mark.parametrize(
    ("policy", "publisher", "subscriber"),
    [
        ("--closed-publisher", "string.json", "parts.yaml#/$defs/Strict"),
        ("--formats=annotate", "parts.yaml#/$defs/Text", "parts.yaml#/$defs/Date"),
    ],
)
def test_a_policy_is_told_as_in_python(eventkit, policy, publisher, subscriber) -> None:
    assert eventkit("compare", publisher, subscriber).status == 1
    assert eventkit("compare", publisher, subscriber, policy).out == "compatible\n"


def test_the_budget_is_counted_in_steps(eventkit) -> None:
    run = eventkit("compare", "string.json", "parts.yaml#/$defs/Counter", "--budget", "0")

    assert (run.status, run.out) == (1, "unknown: the budget of 0 steps is used up\n")


def test_a_policy_that_there_is_not_is_status_2(eventkit) -> None:
    run = eventkit("compare", "string.json", "string.json", "--formats", "ignore")

    assert run.status == 2
    assert "'assert', 'annotate'" in run.err


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
