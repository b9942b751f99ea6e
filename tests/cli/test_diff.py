"""`eventkit diff`, and `eventkit verify` with a baseline, retained versions or a snapshot."""

import json

import pytest

from tests.files import write_files

OLD = """
asyncapi: 3.0.0
info: {title: shop, version: 1.0.0}
channels:
  orders:
    address: order.created
    messages:
      OrderCreated: {payload: {type: object, properties: {id: {type: string}}, required: [id]}}
operations:
  sendOrderCreated: {action: send, channel: {$ref: '#/channels/orders'}}
"""
READER = OLD.replace("title: shop", "title: mailer").replace("action: send", "action: receive")
NEW = OLD.replace("type: string", "type: integer")
NEW_READER = READER.replace("type: string", "type: integer")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder whose `old` is the baseline of `new`, in which publisher and subscriber changed together."""
    files = {"shop.asyncapi.yaml": OLD, "mailer.asyncapi.yaml": READER}
    write_files(tmp_path, {f"old/{name}": text for name, text in files.items()})
    write_files(tmp_path, {"new/shop.asyncapi.yaml": NEW, "new/mailer.asyncapi.yaml": NEW_READER})
    write_files(tmp_path, {"eventkit.toml": 'sources = ["new"]\nbaseline = "old"\n'})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_configured_baseline_is_compared_with_the_configured_sources(eventkit, project, snapshot) -> None:
    run = eventkit("diff")

    assert (run.status, run.err) == (1, "")
    assert run.out == snapshot
    assert eventkit("diff", "old", "new").out == run.out
    assert eventkit("diff", "old", "old").status == 0


def test_where_nobody_names_what_was_before_and_there_is_no_main_the_error_says_how(eventkit, project) -> None:
    (project / "eventkit.toml").write_text('sources = ["new"]\n', "utf-8")

    run = eventkit("diff")

    assert run.status == 2
    assert "say what was before, if not git:main: `eventkit diff OLD`, or `baseline` in the configuration" in run.err
    assert "say what was before" not in eventkit("diff", "git:v1").err


def test_a_diff_as_json_and_as_markdown(eventkit, project) -> None:
    assert [one["code"] for one in json.loads(eventkit("diff", "--format", "json").out)["broken"]] == ["EK301", "EK302"]
    assert eventkit("diff", "--format", "markdown").out.startswith("## Event contracts: ")


def test_what_is_silenced_breaks_nobody(eventkit, project) -> None:
    (project / "eventkit.toml").write_text(
        'sources = ["new"]\nbaseline = "old"\n'
        + "".join(f'[[ignore]]\ncode = "{code}"\nreason = "the queue is empty"\n' for code in ("EK301", "EK302")),
        "utf-8",
    )
    run = eventkit("diff")

    assert run.status == 0
    assert run.out.endswith("; breaks nobody, 2 silenced\n")
    assert "publishes as order.created: the queue is empty\n" in eventkit("diff", "--format", "markdown").out
    found = json.loads(eventkit("diff", "--format", "json").out)
    assert (found["broken"], [one["reason"] for one in found["silenced"]]) == ([], ["the queue is empty"] * 2)


def test_a_comment_silences_in_a_diff_and_one_that_is_wrong_breaks_nobody(eventkit, project) -> None:
    file = project / "new" / "mailer.asyncapi.yaml"
    line = next(line for line in NEW_READER.splitlines() if "OrderCreated: {" in line)
    text = NEW_READER.replace(line, f"{line}  # eventkit: ignore[EK302] the queue is empty\n# eventkit: ignore[EK301]")
    file.write_text(text, "utf-8")

    assert [one["code"] for one in json.loads(eventkit("diff", "--format", "json").out)["broken"]] == ["EK301"]


def test_a_diff_is_the_same_with_a_cache_and_without(eventkit, project) -> None:
    without = eventkit("diff", "--no-cache").out
    assert not (project / ".eventkit_cache").exists()

    assert eventkit("diff").out == without
    assert list((project / ".eventkit_cache").glob("*.db"))
    assert eventkit("diff").out == without


def test_a_source_that_cannot_be_read_has_no_diff(eventkit, project) -> None:
    run = eventkit("diff", "older")

    assert run.status == 2
    assert "older does not exist" in run.err


def test_verify_compares_with_the_configured_baseline(eventkit, project) -> None:
    run = eventkit("verify", "--format", "json")

    assert run.status == 1
    assert [one["code"] for one in json.loads(run.out)["findings"]] == ["EK301", "EK302"]


def test_the_configured_baseline_is_none_of_other_sources(eventkit, project) -> None:
    assert eventkit("verify", "new").status == 0
    assert eventkit("verify", "new", "--baseline", "old").status == 1


def test_a_baseline_that_cannot_be_read_is_a_finding(eventkit, project) -> None:
    run = eventkit("verify", "--baseline", "older")

    assert run.status == 2
    assert "error[EK501]: older does not exist" in run.out


@pytest.mark.parametrize(("service", "status", "answer"), [("mailer", 1, "no"), ("shop", 1, "no")])
def test_a_service_that_does_not_fit_what_is_deployed_may_not_be(eventkit, project, service, status, answer) -> None:
    run = eventkit("verify", "--deployed", "old", "--service", service)

    assert run.status == status
    assert run.out.endswith(f"\n{answer}: {service} does not fit what is deployed\n")


def test_one_that_fits_may_be(eventkit, project) -> None:
    run = eventkit("verify", "old", "--deployed", "old", "--service", "shop")

    assert run.status == 0
    assert run.out.endswith("\nyes: shop fits what is deployed\n")
    as_json = json.loads(eventkit("verify", "old", "--deployed", "old", "--service", "shop", "--format", "json").out)
    assert (as_json["summary"]["service"], as_json["summary"]["deployable"]) == ("shop", True)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--service", "shop"), "error: --service says what is to be deployed, and not amid what"),
        (("--deployed", "old", "--baseline", "old"), "error: --baseline and --deployed are two questions"),
        (("--deployed", "old", "--service", "shp"), "error: no source holds a service 'shp'\n  mend: did you mean"),
        (("--deployed", "old"), "error: it is not said which service is to be deployed"),
    ],
)
def test_wrong_usage_says_what_to_do(eventkit, project, arguments, error) -> None:
    run = eventkit("verify", *arguments)

    assert run.status == 2
    assert run.err.startswith(error)
