"""Which modules are imported, from where, and under which names."""

from pathlib import Path

from eventkit.discovery.files import files_of
from eventkit.discovery.python.packages import Package, find_packages
from eventkit.discovery.python.syntax import is_worth_parsing, read_module

SERVICE = "from eventkit import Service\nservice = Service('orders')\n"
HANDLER = "@service.handler\nasync def handle(event): ...\n"


def packages(folder: Path) -> list[Package]:
    texts = ((file, file.read_bytes()) for file in files_of(folder))
    return find_packages([read_module(file, text) for file, text in texts if is_worth_parsing(text)])


def test_a_package_is_imported_from_the_folder_above_its_topmost_init(write) -> None:
    folder = write(
        {
            "src/orders/__init__.py": "",
            "src/orders/events/__init__.py": SERVICE,
            "src/orders/events/handlers.py": f"from . import service\n{HANDLER}",
        }
    )

    (package,) = packages(folder)
    assert package.root == folder / "src"
    assert package.folder == folder / "src" / "orders"
    assert package.modules == {"orders.events": ("service",), "orders.events.handlers": ()}


def test_without_an_init_the_modules_own_imports_tell_the_root(write) -> None:
    folder = write(
        {
            "services/orders/events/__init__.py": "",
            "services/orders/events/service.py": SERVICE,
            "services/orders/events/handlers.py": f"from orders.events.service import service\n{HANDLER}",
        }
    )

    (package,) = packages(folder)
    assert package.root == folder / "services"
    # The service's own module says nothing of where its root is; it lies in the same folder as one that does.
    assert package.modules == {"orders.events.service": ("service",), "orders.events.handlers": ()}


def test_a_relative_import_tells_the_root_too(write) -> None:
    folder = write(
        {
            "services/orders/service.py": SERVICE,
            "services/orders/handlers.py": f"from .service import service\n{HANDLER}",
        }
    )

    assert [package.root for package in packages(folder)] == [folder / "services"]


def test_what_a_module_tells_of_its_root_does_not_hold_for_one_that_tells_another(write) -> None:
    folder = write(
        {
            "shop/demo.py": "from shop.view import show\nimport eventkit",
            "shop/view.py": "",
            "shop/services/orders/events/service.py": SERVICE,
            "shop/services/orders/events/handlers.py": f"from orders.events.service import service\n{HANDLER}",
        }
    )

    (package,) = packages(folder)
    assert package.root == folder / "shop" / "services"
    assert set(package.modules) == {"orders.events.service", "orders.events.handlers"}


def test_a_folder_that_is_called_like_an_imported_library_is_no_root(write) -> None:
    folder = write(
        {"json/orders/__init__.py": "", "json/orders/service.py": f"import json\nfrom json import loads\n{SERVICE}"}
    )

    assert [package.root for package in packages(folder)] == [folder / "json"]


def test_the_root_may_lie_above_the_source(write) -> None:
    folder = write({"shop/orders/__init__.py": SERVICE, "shop/__init__.py": ""})

    (package,) = packages(folder / "shop" / "orders")
    assert package.root == folder
    assert package.modules == {"shop.orders": ("service",)}


def test_modules_are_imported_with_the_service_that_they_reach_wherever_they_lie(write) -> None:
    folder = write(
        {
            "service.py": SERVICE,
            "handlers.py": f"from service import service\n{HANDLER}",
            "more/__init__.py": "",
            "more/handlers.py": f"from service import service\n{HANDLER}",
        }
    )

    (package,) = packages(folder)
    assert (package.root, package.folder) == (folder, folder)
    assert package.modules == {"handlers": (), "service": ("service",), "more.handlers": ()}


def test_a_service_outside_of_the_source_is_imported_with_those_who_use_it(write) -> None:
    folder = write(
        {
            "orders/__init__.py": SERVICE,
            "orders/events/__init__.py": "",
            "orders/events/handlers.py": f"from orders import service\n{HANDLER}",
        }
    )

    (package,) = packages(folder / "orders" / "events")
    assert package.root == folder
    assert package.modules == {"orders": ("service",), "orders.events.handlers": ()}


def test_services_in_different_packages_are_imported_apart(write) -> None:
    folder = write({"orders/__init__.py": SERVICE, "payments/__init__.py": SERVICE})

    assert [package.folder.name for package in packages(folder)] == ["orders", "payments"]


def test_a_module_that_declares_handlers_is_imported_if_it_reaches_a_service_through_others(write) -> None:
    folder = write(
        {
            "orders/__init__.py": "",
            "orders/service.py": SERVICE,
            "orders/wiring.py": "from orders.service import service\n",
            "orders/handlers.py": f"from orders.wiring import service\n{HANDLER}",
        }
    )

    assert set(packages(folder)[0].modules) == {"orders.service", "orders.handlers"}


def test_other_frameworks_and_the_app_itself_are_not_imported(write) -> None:
    folder = write(
        {
            "orders/__init__.py": "",
            "orders/service.py": SERVICE,
            "orders/main.py": "from eventkit import connect\nfrom orders.service import service\n",
            "orders/legacy.py": "from faststream.nats import NatsBroker\nbroker = NatsBroker()\n"
            "@broker.publisher('a')\nasync def publish(): ...\n",
        }
    )

    assert set(packages(folder)[0].modules) == {"orders.service"}


def test_modules_that_import_each_other_in_a_circle_do_no_harm(write) -> None:
    folder = write(
        {
            "orders/__init__.py": "",
            "orders/a.py": f"from orders import b\n{HANDLER}",
            "orders/b.py": f"from orders import a\n{HANDLER}",
        }
    )

    assert packages(folder) == []
