"""The distribution: what importing it costs, what it ships, what it is called."""

import subprocess
import sys
from importlib import metadata, resources

import eventkit


def packages_loaded_by(statement: str) -> set[str]:
    """Run a statement in a fresh interpreter and return the packages outside the standard library that it loads."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return {name.partition(".")[0] for name in run.stdout.split()} - sys.stdlib_module_names


def test_the_core_loads_pydantic_and_nothing_that_an_extra_brings() -> None:
    pydantic = packages_loaded_by("from pydantic import BaseModel, types")

    assert packages_loaded_by("import eventkit") - pydantic == {"eventkit"}


def test_version_is_the_one_of_the_distribution() -> None:
    assert eventkit.__version__ == metadata.version("eventkit-contracts")


def test_type_checkers_see_that_the_package_is_typed() -> None:
    assert resources.files("eventkit").joinpath("py.typed").is_file()
