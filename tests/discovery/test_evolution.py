"""What the configuration says about changes over time."""

from pathlib import Path

import pytest

from eventkit.contract.errors import ConfigurationError
from eventkit.contract.event import EventType
from eventkit.discovery.config import Config, load_config
from eventkit.discovery.discover import discover
from eventkit.discovery.evolution import Evolution, Mode, Order, Retained

FILE = """{
  "$comment": "Written by `eventkit export` for shop; change the code instead.",
  "title": "OrderCreated",
  "type": "object",
  "required": ["id"],
  "properties": {"id": {"type": "string"}}
}
"""


def test_tables_are_read(write) -> None:
    folder = write(
        {
            "eventkit.toml": """
                baseline = "git:main"

                [evolution]
                mode = "forward"
                order = "subscribers-first"
                history = ["git:v1", "old"]

                [evolution.events]
                "order.*" = "full-transitive"

                [retained]
                "order.created" = [2, 1]
            """
        }
    )
    config = load_config(folder)
    schemas = folder / "schemas/events"

    assert config.baseline == Path("git:main")
    assert config.evolution == Evolution(
        Mode.FORWARD, Order.SUBSCRIBERS_FIRST, (Path("git:v1"), folder / "old"), {"order.*": Mode.FULL_TRANSITIVE}
    )
    assert config.retained == tuple(
        Retained(EventType("order.created", version), schemas / f"order.created.v{version}.json") for version in (1, 2)
    )


def test_retained_versions_stand_where_the_configuration_says(write) -> None:
    folder = write({"eventkit.toml": 'retained = {"a.b" = [1]}\nschemas = "../contracts"'})

    assert [version.file for version in load_config(folder).retained] == [folder / "../contracts/events/a.b.v1.json"]


def test_a_baseline_is_relative_to_the_file_that_names_it(write) -> None:
    folder = write({"shop/eventkit.toml": 'baseline = "schemas"'})

    assert load_config(folder / "shop").baseline == folder / "shop/schemas"


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ("baseline = 3", "baseline is 3", 'baseline = "git:main"'),
        ("evolution = 3", "evolution is 3", "make it a table"),
        ("[evolution]\nmodes = 3", "the key 'modes' of evolution is not known", "mode, order, history, events"),
        ('[evolution]\nmode = "backwards"', "evolution.mode is 'backwards'", "did you mean 'backward'"),
        ('[evolution]\norder = "first"', "evolution.order is 'first'", "any, subscribers-first"),
        ('[evolution]\nhistory = "git:v1"', "evolution.history is 'git:v1'", "give a list"),
        (
            '[evolution]\nmode = "full-transitive"',
            "the mode 'full-transitive' compares with a history",
            "the mode 'full'",
        ),
        ('[evolution.events]\n"a.*" = "no"', "evolution.events.a.* is 'no'", "use one of"),
        ('[retained]\n"a.b" = 1', "retained.'a.b' is 1", '"a.b" = [1]'),
        ('[retained]\n"a.b" = [true]', "retained.'a.b' is [True]", '"a.b" = [1]'),
        ("schemas = 3", "schemas is 3", 'schemas = "schemas"'),
        ('[retained]\n"a.b" = [0]', "retained.'a.b' is [0]", '"a.b" = [1]'),
    ],
)
def test_a_wrong_value_is_an_error_that_says_what_to_write(write, text, what, mend) -> None:
    folder = write({"eventkit.toml": text})

    with pytest.raises(ConfigurationError) as error:
        load_config(folder)
    assert what in error.value.what
    assert mend in error.value.mend
    assert error.value.where == str(folder / "eventkit.toml")


def retained(folder: Path):
    file = folder / "schemas/events/order.created.v1.json"
    config = Config(neighbours=(), retained=(Retained(EventType("order.created", 1), file),))
    return discover([folder / "services"], config)


DOCUMENT = {"services/x.asyncapi.yaml": "asyncapi: 3.0.0\ninfo: {title: x, version: 1.0.0}\n"}


def test_a_retained_version_is_a_contract_of_the_service_that_exported_it(write) -> None:
    folder = write({**DOCUMENT, "schemas/events/order.created.v1.json": FILE})
    (contract,) = retained(folder).retained
    (message,) = contract.publishes

    assert (contract.service, str(message.event), message.closed) == ("shop", "order.created v1", True)
    assert message.schema["required"] == ["id"]
    assert message.places["/id"].line == 6


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({}, "order.created v1 is retained, nobody publishes it, and there is no "),
        ({"schemas/events/order.created.v1.json": "{"}, "the schema of the retained order.created v1 cannot be read"),
    ],
)
def test_one_without_a_schema_is_a_problem_that_says_how_to_get_it_back(write, files, what) -> None:
    landscape = retained(write({**DOCUMENT, **files}))
    (problem,) = landscape.problems

    assert problem.code == "EK530"
    assert problem.message.startswith(what)
    assert "git log --diff-filter=D" in problem.mend
    assert landscape.retained == ()
