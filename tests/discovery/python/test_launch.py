"""Importing services in processes of their own: what they do there becomes a contract or one problem."""

import os
import sys
import time
from pathlib import Path

import pytest

from eventkit.contract.event import EventType
from eventkit.discovery import codes
from eventkit.discovery.contract import Contract, Place
from eventkit.discovery.landscape import SourceProblem
from eventkit.discovery.python.launch import import_packages
from eventkit.discovery.python.packages import Package

SERVICE = """\
from eventkit import Event, Service

service = Service("orders", version="1.2.0", description="Takes orders.")


class OrderCreated(Event, type="order.created", key="order_id"):
    '''A customer placed an order.'''

    order_id: str


@service.publisher
async def publish_order_created(order_id: str) -> OrderCreated: ...
"""


@pytest.fixture
def import_one(write):
    """Import the module `orders.service` and return its one contract or problem."""

    def run(text: str, *, timeout: float = 30.0, also: dict[str, str] | None = None) -> Contract | SourceProblem:
        root = write({"orders/__init__.py": "", "orders/service.py": text, **(also or {})})
        modules = {"orders.service": ("service",), **{_dotted(file): () for file in also or {} if "orders/" in file}}
        (answer,) = import_packages([Package(root, modules)], timeout)
        return answer.problem or answer.contracts[0]

    return run


def _dotted(file: str) -> str:
    return Path(file).with_suffix("").as_posix().replace("/", ".")


def test_a_service_becomes_a_contract(import_one) -> None:
    contract = import_one(SERVICE)

    (message,) = contract.publishes
    assert (contract.service, contract.version, contract.source) == ("orders", "1.2.0", "orders")
    assert contract.description == "Takes orders."
    assert (message.event, message.model, message.key) == (EventType("order.created"), "OrderCreated", "order_id")
    assert message.description == "A customer placed an order."
    assert message.schema["required"] == ["order_id"]
    assert message.closed
    assert message.places[""] == Place("orders/service.py", 6, 1, 18)
    assert message.function == "publish_order_created"
    assert message.function_place == Place("orders/service.py", 13, 1, 31)


def test_what_is_sent_and_what_is_read_have_schemas_of_their_own(import_one) -> None:
    contract = import_one(
        """
        from decimal import Decimal
        from eventkit import Event, Service

        service = Service("orders")

        class Priced(Event, type="item.priced"):
            price: Decimal
            currency: str = "USD"

        @service.publisher
        async def publish(price: Decimal) -> Priced: ...

        @service.handler
        async def handle(event: Priced) -> None: ...
        """
    )

    sent, read = contract.publishes[0].schema, contract.handles[0].schema
    assert sent["properties"]["price"]["type"] == "string"
    assert sent["required"] == ["price", "currency"]
    assert {branch["type"] for branch in read["properties"]["price"]["anyOf"]} == {"number", "string"}
    assert read["required"] == ["price"]
    assert not contract.handles[0].closed


def test_a_version_that_an_upcaster_reads_is_handled(import_one) -> None:
    contract = import_one(
        """
        from eventkit import Event, Service

        service = Service("orders")

        class V1(Event, type="item.priced"):
            price: int

        class V2(Event, type="item.priced", version=2):
            cents: int

        @service.upcaster
        def upcast(old: V1) -> V2: ...

        @service.handler
        async def handle(event: V2) -> None: ...
        """
    )

    assert [(message.event.version, message.model) for message in contract.handles] == [(1, "V1"), (2, "V2")]
    assert {message.function for message in contract.handles} == {"handle"}


def test_an_event_with_two_publishers_is_published_once(import_one) -> None:
    contract = import_one(SERVICE + "\n@service.publisher\nasync def publish_again() -> OrderCreated: ...\n")

    assert [message.function for message in contract.publishes] == ["publish_order_created"]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("x = 1\nraise ValueError('no\\nsettings')", "importing orders.service failed: ValueError: no settings", 2),
        (
            "import pydantic\nclass Settings(pydantic.BaseModel):\n    bus_url: str\nSettings()",
            "importing orders.service failed: ValidationError: 1 validation error for Settings bus_url Field required",
            4,
        ),
        ("x = 1\nassert x == 2", "importing orders.service failed: AssertionError", 2),
        ("import os\nos.environ['DATABASE_URL_OF_NOBODY']", "importing orders.service failed: KeyError: ", 2),
        ("import sys\nsys.exit('no database')", "orders.service ends the process: SystemExit('no database')", 2),
        ("raise KeyboardInterrupt", "importing orders.service failed: KeyboardInterrupt", 1),
        ("def f(): f()\nf()", "importing orders.service failed: RecursionError: ", 1),
        ("x = 1\nx = (", "importing orders.service failed: SyntaxError: ", 2),
        ("input()", "importing orders.service failed: EOFError: ", 1),
    ],
)
def test_a_module_that_cannot_be_imported_is_a_problem_at_the_line_of_its_cause(
    import_one, text, message, line
) -> None:
    problem = import_one(text)

    assert problem.code == codes.IMPORT_FAILED
    assert problem.message.startswith(message)
    assert (problem.place.file, problem.place.line) == ("orders/service.py", line)


def test_the_place_is_the_innermost_one_of_the_service_and_not_that_of_a_library(import_one) -> None:
    problem = import_one("from orders import settings", also={"orders/settings.py": "import json\n\njson.loads('{')"})

    assert problem.place == Place("orders/settings.py", 3)


def test_a_missing_dependency_is_to_be_installed(import_one) -> None:
    problem = import_one("import no_such_library.part")

    assert problem.message.endswith("ModuleNotFoundError: No module named 'no_such_library'")
    assert problem.mend == "install no_such_library in the environment in which the service is imported"


def test_wrong_syntax_is_to_be_corrected(import_one) -> None:
    problem = import_one("async def numbers():\n    yield 1\n    return 2\n")

    assert problem.message == "importing orders.service failed: SyntaxError: 'return' with value in async generator"
    assert problem.mend == "correct it, or leave it out of the sources"
    assert problem.place.line == 3


def test_a_wrong_declaration_is_told_in_the_words_of_its_error(import_one) -> None:
    problem = import_one(SERVICE + "\n@service.handler\nasync def handle(event): ...\n")

    assert problem.message == "the parameter 'event' of handler handle has no annotation"
    assert problem.place == Place("orders/service.py", 15)
    assert problem.mend.startswith("declare it: ")


def test_an_upcaster_that_leads_nowhere_is_a_problem_of_the_service(import_one) -> None:
    problem = import_one(
        SERVICE + "\nclass V2(Event, type='order.created', version=2): ...\n\n"
        "@service.upcaster\ndef upcast(old: OrderCreated) -> V2: ...\n"
    )

    assert problem.message.startswith("nothing in orders handles order.created v2")
    assert problem.place == Place("orders/service.py", 17)


@pytest.mark.parametrize(
    "service",
    [
        "from elsewhere import service",
        "from eventkit import Service\n\ndef make(): return Service('hidden')\n\nservice = make()",
    ],
)
def test_a_function_of_a_service_that_is_not_bound_in_the_package_is_a_problem(write, service) -> None:
    root = write(
        {
            "elsewhere/__init__.py": "from eventkit import Service\nservice = Service('hidden')\n",
            "orders/__init__.py": SERVICE.replace("service", "bound"),
            "orders/more.py": f"""\
from orders import OrderCreated
{service}


@service.handler
async def handle(event: OrderCreated) -> None: ...
""",
        }
    )
    (answer,) = import_packages([Package(root, {"orders": ("bound",), "orders.more": ()})], 30.0)

    assert answer.contracts == ()
    assert answer.problem.code == codes.ANOTHER_SERVICE
    assert answer.problem.message == "handle belongs to hidden, which is not bound in this package"
    assert answer.problem.place.file == "orders/more.py"


def test_a_model_without_a_schema_is_a_problem_at_the_model(import_one) -> None:
    on_paid = "    on_paid: __import__('collections').abc.Callable[[], None]\n"
    problem = import_one(SERVICE.replace("    order_id: str\n", f"    order_id: str\n{on_paid}"))

    assert problem.code == codes.NO_SCHEMA
    assert problem.message.startswith("OrderCreated has no JSON Schema: ")
    assert problem.place == Place("orders/service.py", 6, 1, 18)


@pytest.mark.parametrize(
    "noise",
    [
        "print('x' * 100_000_000)",
        "import os; os.write(1, b'{}' * 100)",
        "import sys; sys.stdout = None",
        "import sys; sys.stdout.close()",
        "import os, subprocess; subprocess.run(['echo', '{}'])",
        "import subprocess; subprocess.Popen(['sleep', '300'])",
        "import threading, time; threading.Thread(target=time.sleep, args=[300]).start()",
        "import atexit, time; atexit.register(time.sleep, 300)",
        "import sys; assert len(sys.argv) == 1",
        "import os; os.chdir('/')",
    ],
)
def test_what_a_module_prints_or_starts_does_not_disturb(import_one, noise) -> None:
    contract = import_one(f"{noise}\n{SERVICE}")

    assert isinstance(contract, Contract)
    assert contract.publishes[0].places[""] == Place("orders/service.py", 7, 1, 18)


def test_a_module_that_never_returns_is_stopped_and_shown_where_it_hangs(import_one) -> None:
    start = time.monotonic()
    problem = import_one("import time\n\nwhile True:\n    time.sleep(0.01)", timeout=1.0)

    assert problem.code == codes.IMPORT_TOO_SLOW
    assert problem.message == "importing orders.service took longer than 1 seconds"
    assert problem.place.file == "orders/service.py"
    assert problem.place.line in (3, 4)
    assert time.monotonic() - start < 20


def test_a_module_that_ends_the_process_is_told_with_its_last_words(import_one) -> None:
    problem = import_one("import os\nos.write(2, b'first\\nno database\\n')\nos._exit(3)")

    assert problem.code == codes.IMPORT_FAILED
    assert problem.message == (
        "importing orders.service ended the process with exit status 3; the last line that was printed: no database"
    )
    assert problem.place == Place("orders", 1)


@pytest.mark.skipif(os.name == "nt", reason="there are no signals")
def test_a_module_that_crashes_the_interpreter_is_told_with_the_signal(import_one) -> None:
    problem = import_one("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")

    assert problem.message == "importing orders.service ended the process with signal 11"


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
def test_a_module_gets_no_more_than_half_of_the_memory_of_the_machine(import_one) -> None:
    half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    check = f"import resource\nassert resource.getrlimit(resource.RLIMIT_DATA)[0] <= {half}\n"

    assert isinstance(import_one(f"{check}{SERVICE}"), Contract)


def test_one_module_that_fails_takes_its_package_with_it_and_no_other(write) -> None:
    root = write(
        {
            "orders/__init__.py": SERVICE,
            "orders/handlers.py": "1 / 0",
            "stock/__init__.py": SERVICE.replace('"orders"', '"stock"'),
        }
    )
    packages = [
        Package(root, {"orders": ("service",), "orders.handlers": ()}),
        Package(root, {"stock": ("service",)}),
    ]
    orders, stock = import_packages(packages, 30.0)

    assert orders.contracts == ()
    assert orders.problem.place == Place("orders/handlers.py", 1)
    assert [contract.service for contract in stock.contracts] == ["stock"]
