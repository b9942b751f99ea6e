"""Places of classes, members and functions in source files."""

import functools
import sys
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from eventkit.discovery.contract import Place
from eventkit.discovery.python.source_files import SourceFiles

MODELS = """\
import functools
from dataclasses import dataclass


class Base:
    "ü"; order_id: str = ""


@dataclass
class Order(Base):
    total: (
        int
    ) = 0
    note: str = "a long default"

    class Item:
        price: int

    @property
    def doubled(self) -> int: ...


def make():
    class Local:
        size: int

    return Local


@functools.cache
@functools.lru_cache
async   def publish(): ...


if True:
    def conditional(): ...
"""


@pytest.fixture
def models(write, monkeypatch):
    path = write({"models.py": MODELS}) / "models.py"
    spec = spec_from_file_location("models_of_test_source_files", path)
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_a_class_is_shown_by_its_name(models) -> None:
    sources = SourceFiles()

    assert sources.of_class(models.Order) == Place("models.py", 10, 1, 11)
    assert sources.of_class(models.Order.Item) == Place("models.py", 16, 5, 10)
    assert sources.of_class(models.make()) == Place("models.py", 24, 5, 11)


def test_a_field_is_shown_with_its_type_and_without_its_default(models) -> None:
    sources = SourceFiles()

    assert sources.of_member(models.Order, "note") == Place("models.py", 14, 5, 9)
    assert sources.of_member(models.Order.Item, "price") == Place("models.py", 17, 9, 10)


def test_of_a_field_over_several_lines_the_first_is_shown(models) -> None:
    assert SourceFiles().of_member(models.Order, "total") == Place("models.py", 11, 5, 8)


def test_an_inherited_field_is_shown_where_it_is_declared_and_columns_count_characters(models) -> None:
    assert SourceFiles().of_member(models.Order, "order_id") == Place("models.py", 6, 10, 13)


def test_a_function_is_shown_by_its_name_below_its_decorators(models) -> None:
    sources = SourceFiles()

    assert sources.of_function(models.publish) == Place("models.py", 32, 1, 19)
    assert sources.of_function(models.conditional) == Place("models.py", 36, 5, 15)
    assert sources.of_member(models.Order, "doubled") == Place("models.py", 20, 5, 11)


def test_what_was_not_written_in_a_file_has_no_place() -> None:
    sources = SourceFiles()

    assert sources.of_class(type("Made", (), {})) is None
    assert sources.of_function(functools.partial(print)) is None
    assert sources.of_member(int, "real") is None
