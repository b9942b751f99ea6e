"""`eventkit verify` on documents that mean harm: one finding each, and everything else is verified."""

import json
import os

import pytest

from tests.files import write_files

HEAD = "asyncapi: 3.0.0\ninfo: {title: hostile, version: 1.0.0}\n"
PUBLISHER = """
asyncapi: 3.0.0
info: {title: orders, version: 1.0.0}
channels: {orders: {address: order.created, messages: {OrderCreated: {payload: {type: object}}}}}
operations: {send: {action: send, channel: {$ref: '#/channels/orders'}}}
"""
READER = PUBLISHER.replace("title: orders", "title: payments").replace("action: send", "action: receive")
PAYLOAD = HEAD + (
    "channels: {a: {address: order.created, messages: {M: {payload: PAYLOAD}}}}\n"
    "operations: {send: {action: receive, channel: {$ref: '#/channels/a'}}}\n"
)

BOMB = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
)
RING = 500
SCHEMAS = "{" + ", ".join(f"s{n}: {{items: {{$ref: '#/schemas/s{(n + 1) % RING}'}}}}" for n in range(RING)) + "}"
MESSAGES = "{" + ", ".join(f"m{n}: {{payload: {{$ref: '#/schemas/s{n}'}}}}" for n in range(RING)) + "}"
CHAIN = "{" + ", ".join(f"c{n}: {{$ref: '#/chain/c{n + 1}'}}" for n in range(1_000)) + ", c1000: true}"
MANY = "{" + ", ".join(f"m{n}: {{payload: true}}" for n in range(200)) + "}"
OPERATIONS = "{" + ", ".join(f"o{n}: {{action: send, channel: {{$ref: '#/channels/a'}}}}" for n in range(200)) + "}"

DOCUMENTS = {
    "an alias that doubles thirty times": (HEAD + BOMB, "more than 200,000 values, aliases written out"),
    "an alias that contains itself": (HEAD + "a: &a [*a]\n", "the alias '*a' contains itself"),
    "an alias as a key": (HEAD + "a: &a b\n*a : c\n", "an alias stands as a key"),
    "two keys": (HEAD + "asyncapi: 3.0.0\n", "the key 'asyncapi' stands twice in one mapping"),
    "a tag that makes objects": (HEAD + "a: !!python/object/apply:os.system [ls]\n", "has no meaning in JSON"),
    "a second document": (HEAD + "---\n" + HEAD, "a second YAML document follows"),
    "nesting": (HEAD + "a: " + "[" * 10_000 + "]" * 10_000 + "\n", "nested deeper than 100 levels"),
    "a number beyond all": (HEAD + "a: 1e999\n", "1e999 is no JSON number"),
    "an integer of many digits": (HEAD + f"a: {'9' * 5_000}\n", "an integer of 5,000 digits"),
    "a word that was a boolean": (
        PAYLOAD.replace("{payload: PAYLOAD}", "{payload: true, x-eventkit-closed: yes}"),
        "x-eventkit-closed is 'yes'",
    ),
    "a message that is itself": (PAYLOAD.replace("{payload: PAYLOAD}", "{$ref: '#/channels/a/messages/M'}"), "itself"),
    "a schema that is itself": (PAYLOAD.replace("PAYLOAD", "{$ref: '#/A'}") + "A: {$ref: '#/A'}\n", "back to itself"),
    "a long chain": (
        PAYLOAD.replace("PAYLOAD", "{$ref: '#/chain/c0'}") + f"chain: {CHAIN}\n",
        "a reference leads through more than 20 others",
    ),
    "a file outside": (PAYLOAD.replace("PAYLOAD", "{$ref: ../secret.yaml}"), "leads out of services"),
    "a link to a file outside": (PAYLOAD.replace("PAYLOAD", "{$ref: link.yaml}"), "leads out of services"),
    "a URL": (PAYLOAD.replace("PAYLOAD", "{$ref: 'http://127.0.0.1:1/a.yaml'}"), "is a URL: nothing is ever fetched"),
    "a control character": (HEAD + "a: b\0c\n", "not YAML"),
    "a title that moves the cursor": ('asyncapi: 3.0.0\ninfo: {title: "a\\eb"}\n', "cannot be printed"),
    "entangled schemas": (
        HEAD
        + f"channels: {{a: {{messages: {MESSAGES}}}}}\nschemas: {SCHEMAS}\n"
        + "operations: {send: {action: send, channel: {$ref: '#/channels/a'}}}\n",
        "the schemas of the document refer to more than 200,000 others",
    ),
    "operations that all name all messages": (
        HEAD + f"channels: {{a: {{messages: {MANY}}}}}\noperations: {OPERATIONS}\n",
        "the operations up to this one name more than 10,000 messages",
    ),
}
BYTES = {
    "latin.yaml": ((HEAD + "a: é\n").encode("latin-1"), "not UTF-8: byte 58 is 0xe9"),
    "utf16.yaml": (HEAD.encode("utf-16"), "not UTF-8: byte 0 is 0xff"),
    "deep.json": (b'{"asyncapi": "3.0.0", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deep"),
    "twice.json": (b'{"asyncapi": "3.0.0", "asyncapi": "3.0.0"}', "twice"),
    "number.json": (b'{"asyncapi": "3.0.0", "a": 1e999}', "1e999"),
    "nan.json": (b'{"asyncapi": "3.0.0", "a": NaN}', "NaN"),
    "torn.json": (b'{"asyncapi": "3.0.0", "a": ', "line 1"),
}


@pytest.fixture
def services(tmp_path, monkeypatch):
    """A folder with a publisher and a subscriber that fit, and something beside it that is not to be read."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, {"secret.yaml": "{type: string}"})
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "link.yaml").symlink_to("../secret.yaml")
    return write_files(tmp_path / "services", {"orders.yaml": PUBLISHER, "payments.yaml": READER})


def assert_one_finding_and_all_else_verified(run, file: str, what: str) -> None:
    report = json.loads(run.out)

    assert [(finding["code"], finding["severity"]) for finding in report["findings"]] == [("EK504", "error")]
    assert what in report["findings"][0]["message"]
    assert file in run.out
    assert [(pair["publisher"], pair["subscriber"], pair["verdict"]) for pair in report["pairs"]] == [
        ("orders", "payments", "compatible")
    ]
    assert (run.status, run.err) == (2, "")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_document_is_one_finding(eventkit, services, name) -> None:
    text, what = DOCUMENTS[name]
    (services / "hostile.yaml").write_text(text, "utf-8")

    assert_one_finding_and_all_else_verified(eventkit("verify", services, "--format", "json"), "hostile.yaml", what)


@pytest.mark.parametrize("name", BYTES)
def test_hostile_bytes_are_one_finding(eventkit, services, name) -> None:
    raw, what = BYTES[name]
    (services / name).write_bytes(raw)

    assert_one_finding_and_all_else_verified(eventkit("verify", services, "--format", "json"), name, what)


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_a_hundred_megabytes_are_refused_without_being_read(eventkit, services, suffix) -> None:
    with (services / f"large.{suffix}").open("wb") as large:
        large.write(b'{"asyncapi": "3.0.0",' if suffix == "json" else HEAD.encode())
        large.truncate(100_000_000)

    run = eventkit("verify", services, "--format", "json")
    assert_one_finding_and_all_else_verified(run, f"large.{suffix}", "more than 5,000,000")


def test_a_broken_file_to_which_two_documents_refer_is_one_finding(eventkit, services) -> None:
    for name in ("one", "two"):
        (services / f"{name}.yaml").write_text(PAYLOAD.replace("PAYLOAD", "{$ref: common.yaml}"), "utf-8")
    (services / "common.yaml").write_text("type: [\n", "utf-8")

    assert_one_finding_and_all_else_verified(
        eventkit("verify", services, "--format", "json"), "common.yaml", "not YAML"
    )


def test_a_pipe_is_not_waited_for(eventkit, services) -> None:
    os.mkfifo(services / "pipe.asyncapi.yaml")

    assert eventkit("verify", services).status == 0


def test_a_schema_that_a_property_leads_back_to_through_nothing_is_undecided(eventkit, services) -> None:
    schema = "{properties: {a: {$ref: '#/A'}}}"
    (services / "circle.yaml").write_text(PAYLOAD.replace("PAYLOAD", schema) + "A: {$ref: '#/A'}\n", "utf-8")
    report = json.loads(eventkit("verify", services, "--format", "json").out)

    assert [(pair["subscriber"], pair["verdict"]) for pair in report["pairs"]] == [
        ("hostile", "unknown"),
        ("payments", "compatible"),
    ]


def test_other_json_and_yaml_is_none_of_our_business(eventkit, services) -> None:
    (services / "package.json").write_text('{"name": "shop", "devDependencies": {"asyncapi": "3.0.0"}}', "utf-8")
    (services / "values.yaml").write_text("no: yes\n<<: {a: b}\n", "utf-8")

    assert eventkit("verify", services).status == 0
