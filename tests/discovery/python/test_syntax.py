"""What a module's syntax says, without importing it."""

from pathlib import Path
from textwrap import dedent

import pytest

from eventkit.discovery.python.syntax import Import, Module, UnreadableModuleError, is_worth_parsing, read_module


def read(text: str) -> Module:
    return read_module(Path("m.py"), dedent(text).encode())


@pytest.mark.parametrize(
    "text",
    [
        "from eventkit import Service\nservice = Service('a')",
        "from eventkit import Event, Service as S\nservice: S = S('a')",
        "import eventkit\nservice = eventkit.Service('a', version='1')",
        "import eventkit as ek\nif True:\n    service = ek.Service('a')",
        "from eventkit.contract.service import Service\ntry:\n    service = Service('a')\nfinally:\n    pass",
    ],
)
def test_a_service_at_the_top_of_a_module_is_found_under_its_name(text) -> None:
    module = read(text)

    assert module.services == ("service",)
    assert module.hidden_services == ()


@pytest.mark.parametrize(
    "text",
    [
        "from nameko import Service\nservice = Service('a')",
        "import other\nservice = other.Service('a')",
        "from eventkit import Service\ndef use(service: Service) -> None: ...",
    ],
)
def test_other_things_of_that_name_are_no_services(text) -> None:
    module = read(text)

    assert (module.services, module.hidden_services) == ((), ())


@pytest.mark.parametrize(
    "text",
    [
        "from eventkit import Service\ndef make():\n    return Service('a')",
        "from eventkit import Service\nservices = {\n'a': Service('a')}",
        "from eventkit import Service\nclass Orders:\n    service = Service('a')",
    ],
)
def test_a_service_that_has_no_name_at_the_top_is_hidden(text) -> None:
    module = read(text)

    assert module.services == ()
    assert module.hidden_services == (3,)


@pytest.mark.parametrize(
    "text",
    [
        "@service.publisher\nasync def f(): ...",
        "@app.service.handler(retry=r)\nasync def f(): ...",
        "service.upcaster(f)",
        "publisher = service.publisher",
    ],
)
def test_what_may_declare_a_publisher_or_handler_is_seen(text) -> None:
    assert read(text).declares


@pytest.mark.parametrize(
    "text", ["@publisher\nasync def f(): ...", "@service.other\nasync def f(): ...", "self.handler = f", "handler(f)"]
)
def test_other_things_are_not(text) -> None:
    assert not read(text).declares


def test_imports_are_listed_with_their_level_wherever_they_stand() -> None:
    module = read(
        """
        import a.b as c
        from x.y import z, w
        def f():
            from . import service
            from ..models import Order
        """
    )

    assert set(module.imports) == {
        Import(0, "a.b"),
        Import(0, "x.y", ("z", "w")),
        Import(1, "", ("service",)),
        Import(2, "models", ("Order",)),
    }


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        (b"from eventkit import Event", True),
        (b"  @service.handler\n", True),
        (b"orders.service.publisher(f)", True),
        (b"import eventkitchen", False),
        (b"service.handlers()\nhandler = 1", False),
    ],
)
def test_most_modules_need_not_be_parsed(text, worth) -> None:
    assert is_worth_parsing(text) is worth


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"a = 1\nservice = Service('a'", 2),
        (b"a = '\xff'", 1),
        (b"a = 1\0", 1),
        (b"a = " + b"-" * 100_000 + b"1", 1),
    ],
)
def test_what_is_no_python_is_an_error_with_its_line(text, line) -> None:
    with pytest.raises(UnreadableModuleError) as error:
        read_module(Path("m.py"), text)
    assert error.value.reason
    assert error.value.line == line
