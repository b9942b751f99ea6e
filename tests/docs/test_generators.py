"""What is exported is of use to generators by others: asyncapi-python makes code of it that reads our events.

Each service's code is made and used in a process of its own, because asyncapi-python remembers how to read a message by
the message's name alone.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from eventkit.docs.example import example_of
from eventkit.schema import MISSING

ROOT = Path(__file__).parents[2]
GENERATE = Path(sys.executable).with_name("asyncapi-python-codegen")
READ = """
import json, sys
from importlib import import_module
from pydantic import ValidationError

models = import_module("generated.messages.json")
answers = {}
for name, events in json.load(sys.stdin).items():
    model = getattr(models, name)
    for event in events:
        try:
            read = model.model_validate_json(json.dumps(event))
            answer = read.model_dump(mode="json", by_alias=True, exclude_unset=True)
        except ValidationError as error:
            answer = [".".join(map(str, each["loc"])) for each in error.errors()]
        answers.setdefault(name, []).append(answer)
json.dump(answers, sys.stdout)
"""


def run(*command: str | Path, folder: Path, text: str = "") -> str:
    done = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def events_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return an event of each message, by the name of its schema."""
    schemas = document["components"]["schemas"]
    found = {}
    for message in document["components"]["messages"].values():
        name = message["payload"]["$ref"].rpartition("/")[2]
        event = example_of({**schemas[name], "components": {"schemas": schemas}})
        assert event is not MISSING
        found[name] = event
    return found


@pytest.mark.slow
@pytest.mark.parametrize("service", ["product_service", "payment_service", "order_service"])
def test_code_made_of_a_services_document_reads_its_events(service: str, tmp_path: Path) -> None:
    path = ROOT / "schemas" / f"{service}.asyncapi.yaml"
    document = yaml.safe_load(path.read_text())
    schemas = document["components"]["schemas"]
    events = events_of(document)
    demanded = {name: schemas[name].get("required", [])[:1] for name in events}
    broken = {
        name: {field: value for field, value in event.items() if field not in demanded[name]}
        for name, event in events.items()
    }

    run(GENERATE, path, tmp_path / "generated", folder=tmp_path)
    sent = json.dumps({name: [event, broken[name]] for name, event in events.items()})
    answers = json.loads(run(sys.executable, "-c", READ, folder=tmp_path, text=sent))

    assert answers == {name: [event, demanded[name] or event] for name, event in events.items()}
    assert any(demanded.values())
