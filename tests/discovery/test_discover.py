"""From sources to a landscape."""

import os
import sys
from pathlib import Path

import pytest

from eventkit.discovery import codes
from eventkit.discovery.config import Config
from eventkit.discovery.contract import Place
from eventkit.discovery.discover import discover
from eventkit.discovery.landscape import Landscape


def service(name: str) -> str:
    return f"from eventkit import Service\nservice = Service({name!r})\n"


def document(name: str) -> str:
    return f"asyncapi: 3.0.0\ninfo: {{title: {name}, version: 1.0.0}}\n"


def names(landscape: Landscape) -> tuple[list[str], list[str]]:
    """Return the names of the services and of the neighbours."""
    return [contract.service for contract in landscape.services], [
        contract.service for contract in landscape.neighbours
    ]


def test_a_folder_gives_its_services_and_documents(write) -> None:
    folder = write(
        {
            "b/__init__.py": service("b"),
            "a.asyncapi.yaml": document("a"),
            "c.yml": "# written by hand\n" + document("c"),
            "d.json": '{"asyncapi": "3.0.0", "info": {"title": "d", "version": "1"}}',
            "package.json": '{"name": "asyncapi"}',
            "docker-compose.yaml": "services: {}",
        }
    )
    landscape = discover([folder], Config())

    assert names(landscape) == (["a", "b", "c", "d"], [])
    assert landscape.problems == ()


def test_a_document_can_be_named_whatever_it_is_called(write) -> None:
    folder = write({"contract.txt": document("a")})

    assert names(discover([folder / "contract.txt"], Config())) == (["a"], [])


def test_neighbours_stand_apart_even_if_a_source_holds_their_folder(write) -> None:
    folder = write({"a.yaml": document("a"), "external/b.yaml": document("b")})
    landscape = discover([folder], Config(neighbours=(folder / "external",)))

    assert names(landscape) == (["a"], ["b"])
    assert [contract.service for contract in landscape.contracts] == ["a", "b"]


def test_sources_may_overlap(write) -> None:
    folder = write({"shop/a.yaml": document("a"), "shop/b/__init__.py": service("b")})
    landscape = discover([folder, folder / "shop", folder / "shop" / "a.yaml"], Config())

    assert (names(landscape), landscape.problems) == ((["a", "b"], []), ())


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("nowhere", "does not exist"),
        ("empty", "holds no service and no AsyncAPI document"),
    ],
)
def test_a_source_without_a_contract_is_a_problem(write, source, what) -> None:
    write({"empty/models.py": "from eventkit import Event"})
    (problem,) = discover([Path(source)], Config()).problems

    assert (problem.code, problem.message) == (codes.NOTHING_FOUND, f"{source} {what}")
    assert problem.place == Place(source, 1)


def test_what_cannot_be_read_is_a_problem_and_all_else_is_read(write) -> None:
    folder = write(
        {
            "good/__init__.py": service("good"),
            "failing/__init__.py": service("failing") + "1 / 0\n",
            "syntax/__init__.py": service("syntax") + "x = (\n",
            "wrong.asyncapi.yaml": "asyncapi: 3.0.0\nchannels: {\n",
            "not.asyncapi.yaml": "hello: world\n",
        }
    )
    (folder / "python2.py").write_bytes(b"print logging.handler")
    (folder / "latin.py").write_bytes("eventkit = 'für alle'".encode("latin-1"))
    landscape = discover([folder], Config())

    assert names(landscape) == (["good"], [])
    assert [(problem.code, problem.place.file, problem.place.line) for problem in landscape.problems] == [
        (codes.IMPORT_FAILED, "failing/__init__.py", 3),
        (codes.UNREADABLE_MODULE, "latin.py", 1),
        (codes.UNREADABLE_DOCUMENT, "not.asyncapi.yaml", 1),
        (codes.UNREADABLE_MODULE, "syntax/__init__.py", 3),
        (codes.UNREADABLE_DOCUMENT, "wrong.asyncapi.yaml", 3),
    ]


def test_a_file_that_must_not_be_read_is_a_problem(write) -> None:
    folder = write({"a.yaml": document("a")})
    (folder / "loop.asyncapi.yaml").symlink_to("loop.asyncapi.yaml")
    (problem,) = discover([folder], Config()).problems

    assert problem.code == codes.UNREADABLE_DOCUMENT
    assert problem.place.file == "loop.asyncapi.yaml"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
def test_a_name_that_is_not_utf8_is_a_problem_and_all_else_is_read(write) -> None:
    folder = os.fsencode(write({"good/__init__.py": service("good"), "a.yaml": document("a")}))
    os.mkdir(folder + b"/p\xff")  # noqa: PTH102 - no text names it
    for name, text in (
        (b"b\xe9.yaml", document("b")), (b"p\xff/m.py", service("m")), (b"c\xe9.yaml", "x: y"), (b"p\xff/n.py", ""),
    ):  # fmt: skip
        with open(folder + b"/" + name, "w") as file:  # noqa: PTH123
            file.write(text)
    landscape = discover([Path(os.fsdecode(folder))], Config())

    assert names(landscape) == (["a", "good"], [])
    assert [(problem.code, problem.place.file) for problem in landscape.problems] == [
        (codes.UNREADABLE_DOCUMENT, "b\\udce9.yaml"),
        (codes.UNREADABLE_MODULE, "p\\udcff/m.py"),
    ]


def test_a_service_that_is_made_inside_a_function_is_a_problem(write) -> None:
    folder = write({"a.py": "from eventkit import Service\n\ndef make():\n    return Service('a')\n"})
    (problem,) = discover([folder], Config()).problems

    assert (problem.code, problem.place) == (codes.SERVICE_IN_FUNCTION, Place("a.py", 4))


def test_a_module_that_only_declares_events_holds_no_contract(write) -> None:
    folder = write({"shop/models.py": "from eventkit import Event\n", "shop/a.yaml": document("a")})
    landscape = discover([folder, folder / "shop" / "models.py"], Config())

    assert (names(landscape), landscape.problems) == ((["a"], []), ())


def test_of_two_services_of_one_name_the_first_counts(write) -> None:
    folder = write({"a/__init__.py": service("shop"), "b/__init__.py": service("shop")})
    landscape = discover([folder], Config())

    assert [contract.source for contract in landscape.services] == ["a"]
    assert [(problem.code, problem.message, problem.place) for problem in landscape.problems] == [
        (codes.TWICE, "shop is described by a and by b, which is not used", Place("b", 1))
    ]


def test_a_service_in_two_modules_of_one_folder_is_told_by_their_files(write) -> None:
    module = (
        "from eventkit import Event\n"
        + service("shop")
        + ('class Made(Event, type="a.made"): ...\n\n@service.publisher\nasync def publish_made() -> Made: ...\n')
    )
    folder = write({"one.py": module, "two.py": module})
    (problem,) = discover([folder], Config()).problems

    assert problem.message == "shop is described by one.py and by two.py, which is not used"
    assert (problem.code, problem.place.file, problem.place.line > 1) == (codes.TWICE, "two.py", True)


def test_code_counts_more_than_a_document_of_the_same_service(write) -> None:
    folder = write({"a.yaml": document("shop"), "shop/__init__.py": service("shop")})

    for config in (Config(), Config(neighbours=(folder / "a.yaml",))):
        landscape = discover([folder], config)
        assert [contract.source for contract in landscape.contracts] == ["shop"]
        assert [(problem.code, problem.place.file) for problem in landscape.problems] == [
            (codes.DOCUMENT_OF_CODE, "a.yaml")
        ]


PUBLISHER = """
from eventkit import Event, Service
service = Service("shop")
class Sold(Event, type="item.sold", key="id"):
    id: str
    price: int
@service.publisher
async def publish() -> Sold: ...
"""
SOLD = """
asyncapi: 3.0.0
info: {title: shop, version: 1.0.0}
channels:
  sold:
    address: item.sold
    messages:
      Sold:
        x-eventkit-key: id
        x-eventkit-closed: true
        payload:
          type: object
          properties: {id: {type: string}, price: {type: integer}}
          required: [id, price]
operations:
  sendSold: {action: send, channel: {$ref: '#/channels/sold'}}
"""


def test_a_document_may_say_the_same_as_the_code_in_other_words(write) -> None:
    folder = write({"shop/__init__.py": PUBLISHER, "shop.asyncapi.yaml": SOLD.replace("[id, price]", "[price, id]")})
    (problem,) = discover([folder], Config()).problems

    assert problem.code == codes.DOCUMENT_OF_CODE
    assert problem.message == "shop is described by its code in shop; the document is not used, and says the same"


# What the document of a shop says instead, and how the difference is told.
DIFFERENCES = [
    ("{type: integer}", "{type: number}", "item.sold v1, which it publishes, has another schema at /price"),
    ("[id, price]", "[id]", "item.sold v1, which it publishes, has another schema at /price"),
    (
        "{type: integer}",
        "{type: integer, minimum: 0}",
        "item.sold v1, which it publishes, has another schema at /price",
    ),
    (
        "key: id",
        "key: price",
        "item.sold v1, which it publishes, has the key price in the document and id in the code",
    ),
    (
        "-closed: true",
        "-closed: false",
        "item.sold v1, which it publishes, differs in whether other fields may be sent",
    ),
    ("item.sold", "z.gone", "the code publishes item.sold v1, and the document does not say so"),
    ("item.sold", "a.gone", "the document publishes a.gone v1, and the code does not"),
    (
        "{type: string}",
        "{type: string, pattern: '(.*)\\1'}",
        "item.sold v1, which it publishes, could not be compared: ",
    ),
]


def test_a_document_that_differs_from_the_code_is_told_with_the_difference(write) -> None:
    files = {"shops/__init__.py": ""}  # one package: it is imported once
    for number, (words, others, _) in enumerate(DIFFERENCES):
        assert words in SOLD
        files[f"shops/shop{number}.py"] = PUBLISHER.replace('"shop"', f'"shop{number}"')
        files[f"shop{number}.yaml"] = SOLD.replace("title: shop", f"title: shop{number}").replace(words, others)
    landscape = discover([write(files)], Config())

    assert all(contract.coded for contract in landscape.services)
    assert len(landscape.services) == len(landscape.problems) == len(DIFFERENCES)
    for number, (problem, (_, _, difference)) in enumerate(zip(landscape.problems, DIFFERENCES, strict=True)):
        assert (problem.code, problem.place) == (codes.DOCUMENT_DIFFERS, Place(f"shop{number}.yaml", 1))
        assert f"the document is not used, and differs: {difference}" in problem.message
        assert not problem.leaves_gap


def test_a_document_that_does_not_say_what_an_event_looks_like_is_not_said_to_agree(write) -> None:
    head, payload = SOLD.split("        payload:\n")
    folder = write(
        {"shop/__init__.py": PUBLISHER, "shop.asyncapi.yaml": head + payload[payload.index("operations:") :]}
    )
    (problem,) = discover([folder], Config()).problems

    assert problem.code == codes.DOCUMENT_DIFFERS
    assert "item.sold v1, which it publishes, could not be compared: " in problem.message


def test_contracts_gathered_from_many_repositories_are_one_landscape(write) -> None:
    folder = write(
        {
            "contracts/shop/orders.asyncapi.yaml": document("orders"),
            "contracts/shop/stock.asyncapi.json": '{"asyncapi": "3.0.0", "info": {"title": "stock", "version": "1"}}',
            "contracts/billing/payments.asyncapi.yaml": document("payments"),
            "contracts/legacy/orders.asyncapi.yaml": document("orders"),
        }
    )
    landscape = discover([folder / "contracts"], Config())

    assert names(landscape) == (["orders", "payments", "stock"], [])
    assert [(problem.code, problem.message) for problem in landscape.problems] == [
        (
            codes.TWICE,
            "orders is described by contracts/legacy/orders.asyncapi.yaml and by "
            "contracts/shop/orders.asyncapi.yaml, which is not used",
        )
    ]


def test_the_time_limit_is_the_configured_one(write) -> None:
    folder = write({"a/__init__.py": service("a") + "import time\ntime.sleep(300)\n"})
    (problem,) = discover([folder], Config(import_timeout=1.0)).problems

    assert (problem.code, problem.place) == (codes.IMPORT_TOO_SLOW, Place("a/__init__.py", 4))


def test_a_path_below_the_working_folder_is_shown_relative_to_it(write, monkeypatch) -> None:
    folder = write({"shop/a/__init__.py": service("a"), "elsewhere/b/__init__.py": service("b")})
    monkeypatch.chdir(folder / "shop")
    landscape = discover([folder], Config())

    assert [contract.source for contract in landscape.services] == ["a", (folder / "elsewhere" / "b").as_posix()]
