"""The configuration: where it is looked for, and what is said of a wrong one."""

import pytest

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.config import Config, load_config


def test_it_stands_in_pyproject_toml(write) -> None:
    folder = write(
        {
            "pyproject.toml": """
                [tool.eventkit]
                sources = ["services"]
                neighbours = ["schemas/external"]
                import_timeout = 5
                cache = "build/cache"
            """
        }
    )

    assert load_config(folder) == Config(
        sources=(folder / "services",),
        neighbours=(folder / "schemas/external",),
        import_timeout=5.0,
        cache=folder / "build/cache",
    )


def test_or_in_eventkit_toml(write) -> None:
    folder = write({"eventkit.toml": 'sources = ["services"]'})

    assert load_config(folder).sources == (folder / "services",)


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
    ],
)
def test_a_wrong_one_is_an_error_that_names_the_file(write, text, what) -> None:
    folder = write({"eventkit.toml": text})

    with pytest.raises(ConfigurationError, match=what) as error:
        load_config(folder)
    assert error.value.where == str(folder / "eventkit.toml")


def test_an_unknown_key_is_answered_with_the_known_ones(write) -> None:
    folder = write({"eventkit.toml": "neighbors = []"})

    with pytest.raises(ConfigurationError, match="the known ones are sources, neighbours, import_timeout"):
        load_config(folder)


def test_a_table_is_wanted(write) -> None:
    folder = write({"pyproject.toml": "[tool]\neventkit = 3"})

    with pytest.raises(ConfigurationError, match=r"\[tool.eventkit\] is not a table"):
        load_config(folder)


def test_two_in_one_folder_are_an_error(write) -> None:
    folder = write({"eventkit.toml": "sources = []", "pyproject.toml": "[tool.eventkit]\nsources = []"})

    with pytest.raises(ConfigurationError, match=r"both eventkit.toml and \[tool.eventkit\]"):
        load_config(folder)
