"""The configuration: where it is looked for, and what is said of a wrong one."""

from datetime import date
from pathlib import Path

import pytest

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.config import Config, IgnoreEntry, Interpreter, load_config
from eventkit.discovery.contract import Place


def test_it_stands_in_pyproject_toml(write) -> None:
    folder = write(
        {
            "pyproject.toml": """
                [tool.eventkit]
                sources = ["services"]
                neighbours = ["schemas/external"]
                import_timeout = 5
                cache = "build/cache"
                schemas = "contracts"
            """
        }
    )

    assert load_config(folder) == Config(
        sources=(folder / "services",),
        neighbours=(folder / "schemas/external",),
        import_timeout=5.0,
        cache=folder / "build/cache",
        schemas=folder / "contracts",
    )


def test_or_in_eventkit_toml(write) -> None:
    folder = write({"eventkit.toml": 'sources = ["services"]'})

    assert load_config(folder).sources == (folder / "services",)


def test_a_git_revision_is_kept_as_it_is_written(write) -> None:
    folder = write({"eventkit.toml": 'sources = ["git:main:services"]\nneighbours = ["git:v1"]'})

    config = load_config(folder)

    assert (config.sources, config.neighbours) == ((Path("git:main:services"),), (Path("git:v1"),))


def test_interpreters_are_those_of_folders(write) -> None:
    folder = write(
        {
            "services/old/.keep": "",
            "eventkit.toml": '[interpreters]\n"services" = "venv/bin/python"\n"services/old" = "/opt/bin/python"\n',
        }
    )

    assert load_config(folder).interpreters == (
        Interpreter(folder / "services", folder / "venv/bin/python", Place("eventkit.toml", 2)),
        Interpreter(folder / "services/old", Path("/opt/bin/python"), Place("eventkit.toml", 3)),
    )


def test_the_nearest_folder_upward_that_has_one_counts_and_paths_are_relative_to_it(write) -> None:
    folder = write(
        {
            "pyproject.toml": '[tool.eventkit]\nsources = ["far"]',
            "shop/eventkit.toml": 'sources = ["near"]',
            "shop/orders/pyproject.toml": "[project]\nname = 'orders'",
        }
    )

    assert load_config(folder / "shop" / "orders").sources == (folder / "shop" / "near",)


def test_the_cache_lies_beside_it_or_is_not_wanted(write) -> None:
    folder = write({"eventkit.toml": "", "own/eventkit.toml": "cache = false"})

    assert load_config(folder).cache == folder / ".eventkit_cache"
    assert load_config(folder / "own").cache is None


def test_without_one_everything_has_its_default(tmp_path) -> None:
    assert load_config(tmp_path) == Config()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('source = ["services"]', "the key 'source' is not known"),
        ('sources = "services"', "sources is 'services'"),
        ('neighbours = [""]', r"neighbours is \[''\]"),
        ("import_timeout = 0", "import_timeout is 0"),
        ("import_timeout = true", "import_timeout is True"),
        ("cache = true", "cache is True"),
        ('cache = ""', "cache is ''"),
        ("sources = [", "not TOML: "),
        ("ignore = 3", "ignore is 3"),
        ('sources = ["git:main:./services"]', "git:main:./services depends on the folder in which the command runs"),
        ('interpreters = ["python"]', r"interpreters is \['python'\]"),
        ("interpreters = {services = 3}", "interpreters is {'services': 3}"),
        ('interpreters = {nowhere = "python"}', "interpreters names the folder 'nowhere', which does not exist"),
    ],
)
def test_a_wrong_one_is_an_error_that_names_the_file(write, text, what) -> None:
    folder = write({"eventkit.toml": text})

    with pytest.raises(ConfigurationError, match=what) as error:
        load_config(folder)
    assert error.value.where == str(folder / "eventkit.toml")


def test_ignores_are_read_with_the_lines_where_they_stand(write, monkeypatch) -> None:
    folder = write(
        {
            "pyproject.toml": """
                [tool.eventkit]
                sources = []

                [[tool.eventkit.ignore]]
                code = "EK102"
                reason = "the ledger is old"

                [[tool.eventkit.ignore]]
                code = "EK204"
                event = "order.created v2"
                publisher = "orders"
                subscriber = "ledger"
                path = "/amount"
                reason = "from January on"
                expires = 2027-01-31
            """
        }
    )
    monkeypatch.chdir(folder)

    assert load_config(folder).ignore == (
        IgnoreEntry("EK102", "the ledger is old", file="pyproject.toml", line=5),
        IgnoreEntry(
            "EK204",
            "from January on",
            event="order.created v2",
            publisher="orders",
            subscriber="ledger",
            path="/amount",
            expires=date(2027, 1, 31),
            file="pyproject.toml",
            line=9,
        ),
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('reason = "old"', "an ignore has no code"),
        ('code = "EK102"', "an ignore has no reason"),
        ('code = "EK102"\nreason = " "', "reason of an ignore is ' '"),
        ('code = 102\nreason = "old"', "code of an ignore is 102"),
        ('code = "EK102"\nreason = "old"\nservice = "ledger"', "the key 'service' of an ignore is not known"),
        ('code = "EK102"\nreason = "old"\nexpires = "2027-01-31"', "expires is '2027-01-31'"),
        (
            'code = "EK102"\nreason = "old"\nexpires = 2027-01-31T00:00:00Z',
            r"expires is 2027-01-31T00:00:00\+00:00, a ",
        ),
        ('code = "EK102"\nreason = "old"\npath = "amount"', "path of an ignore is 'amount'"),
    ],
)
def test_a_wrong_ignore_is_an_error_that_names_the_line(write, text, what) -> None:
    folder = write({"eventkit.toml": f"\n[[ignore]]\n{text}\n"})

    with pytest.raises(ConfigurationError, match=what) as error:
        load_config(folder)
    assert error.value.where == f"{folder / 'eventkit.toml'}:2"


def test_an_unknown_key_is_answered_with_the_known_ones(write) -> None:
    folder = write({"eventkit.toml": "neighbors = []"})

    with pytest.raises(ConfigurationError, match="the known ones are sources, neighbours, import_timeout, ignore"):
        load_config(folder)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ('sorces = ["."]', "schemas; did you mean 'sources'?"),
        ('[tool.eventkit]\nsources = ["."]', "leave `tool.eventkit` out of the names of tables"),
        ('[[ignore]]\ncode = "EK1"\nreason = "x"\nreasons = "y"', "did you mean 'reason'?"),
        ('[[ignore]]\ncode = "EK1"\nreason = "x"\npath = "items/*/price"', 'path = "/items/*/price"'),
    ],
)
def test_what_was_probably_meant_is_named(write, text, mend) -> None:
    folder = write({"eventkit.toml": text})

    with pytest.raises(ConfigurationError) as error:
        load_config(folder)
    assert mend in error.value.mend


@pytest.mark.parametrize("text", ["tool = 3", "[[tool]]"])
def test_a_project_with_strange_tools_configures_nothing(write, text) -> None:
    assert load_config(write({"pyproject.toml": text})).file is None


def test_a_table_is_wanted(write) -> None:
    folder = write({"pyproject.toml": "[tool]\neventkit = 3"})

    with pytest.raises(ConfigurationError, match=r"\[tool.eventkit\] is not a table"):
        load_config(folder)


def test_two_in_one_folder_are_an_error(write) -> None:
    folder = write({"eventkit.toml": "sources = []", "pyproject.toml": "[tool.eventkit]\nsources = []"})

    with pytest.raises(ConfigurationError, match=r"both eventkit.toml and \[tool.eventkit\]"):
        load_config(folder)
