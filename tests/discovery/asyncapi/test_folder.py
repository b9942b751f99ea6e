"""References to files: those below the folder of the source, and nothing else."""

from pathlib import Path

import pytest

from eventkit.discovery.asyncapi import DocumentError, Folder, read
from eventkit.discovery.asyncapi.text import MAX_BYTES
from eventkit.discovery.contract import Contract, Message, Place

ORDERS = """
asyncapi: 3.0.0
info: {title: shop, version: 1.0.0}
channels:
  orders:
    address: order.created
    messages:
      OrderCreated: MESSAGE
operations:
  sendOrderCreated: {action: send, channel: {$ref: '#/channels/orders'}}
"""


def contract(folder: Path, name: str = "orders.yaml") -> Contract:
    """Read a document of a folder, which is the folder of its source."""
    return read((folder / name).read_bytes(), name, Folder(folder).beside(folder / name))


def message(folder: Path) -> Message:
    (published,) = contract(folder).publishes
    return published


def test_a_message_its_traits_and_its_schemas_may_stand_in_files_of_their_own(write) -> None:
    folder = write(
        {
            "orders.yaml": ORDERS.replace("MESSAGE", "{$ref: 'messages/order.yaml#/created'}"),
            "messages/order.yaml": """
                created:
                  traits: [{$ref: '../common.json#/traits/event'}]
                  payload: {$ref: '../order%20created.yaml'}
                """,
            "common.json": """
                {"traits": {"event": {"headers": {"properties": {"ce-type": {"const": "order.placed"}}}}},
                 "Money": {"type": "string", "description": "In euros."}}
                """,
            "order created.yaml": """
                properties:
                  total: {$ref: './common.json#/Money'}
                  line: {$ref: '#/definitions/line'}
                definitions: {line: {properties: {price: {$ref: 'common.json#/Money'}}}}
                """,
        }
    )
    found = message(folder)

    assert found.event.name == "order.placed"
    assert found.schema == {
        "properties": {"total": {"$ref": "#/$defs/Money"}, "line": {"$ref": "#/$defs/line"}},
        "$defs": {
            "Money": {"type": "string", "description": "In euros."},
            "line": {"properties": {"price": {"$ref": "#/$defs/Money"}}},
        },
    }
    assert found.places == {
        "": Place("messages/order.yaml", 2, 1, 7),
        "/total": Place("order created.yaml", 3, 3, 37),
        "/line": Place("order created.yaml", 4, 3, 34),
        "/line/price": Place("order created.yaml", 5, 35, 35),
    }


def test_files_may_refer_to_each_other_in_a_circle(write) -> None:
    folder = write(
        {
            "orders.yaml": ORDERS.replace("MESSAGE", "{payload: {$ref: 'a.yaml#/A'}}") + "Top: {type: string}\n",
            "a.yaml": "A: {properties: {b: {$ref: 'b.yaml#/A'}, top: {$ref: 'orders.yaml#/Top'}}}",
            "b.yaml": "A: {properties: {a: {$ref: 'a.yaml#/A'}}}",
        }
    )

    assert message(folder).schema == {
        "$ref": "#/$defs/A2",
        "$defs": {
            "A": {"properties": {"a": {"$ref": "#/$defs/A2"}}},
            "A2": {"properties": {"b": {"$ref": "#/$defs/A"}, "top": {"$ref": "#/$defs/Top"}}},
            "Top": {"type": "string"},
        },
    }


def test_a_circle_of_references_through_files_leads_nowhere(write) -> None:
    folder = write(
        {
            "orders.yaml": ORDERS.replace("MESSAGE", "{$ref: 'a.yaml#/M'}"),
            "a.yaml": "M: {$ref: 'b.yaml#/M'}",
            "b.yaml": "M: {$ref: 'a.yaml#/M'}",
        }
    )

    with pytest.raises(DocumentError, match=r"the reference 'a.yaml#/M' leads back to itself \(b.yaml:1:1\)"):
        contract(folder)


def test_a_file_is_read_once(write) -> None:
    folder = write(
        {"orders.yaml": ORDERS.replace("MESSAGE", "{payload: {$ref: 'a.yaml'}}"), "a.yaml": "{items: {$ref: a.yaml}}"}
    )
    loaded: list[str] = []

    def load(path: Path) -> bytes:
        loaded.append(path.name)
        return path.read_bytes()

    shared = Folder(folder, load)
    for _ in range(2):
        read((folder / "orders.yaml").read_bytes(), "orders.yaml", shared.beside(folder / "orders.yaml"))

    assert loaded == ["a.yaml"]


@pytest.mark.parametrize(
    ("reference", "what"),
    [
        ("https://example.com/order.yaml#/A", "is a URL: nothing is ever fetched"),
        ("//example.com/order.yaml", "is a URL: nothing is ever fetched"),
        ("//[", "is a URL: nothing is ever fetched"),
        ("file:///etc/passwd", "is a URL: nothing is ever fetched"),
        ("FILE:a.yaml", "is a URL: nothing is ever fetched"),
        ("../secret.yaml", "leads out of source, the folder of the source"),
        ("a/../../secret.yaml", "leads out of source, the folder of the source"),
        ("%2e%2e/secret.yaml", "leads out of source, the folder of the source"),
        ("/etc/passwd", "leads out of source, the folder of the source"),
        ("link.yaml", "leads out of source, the folder of the source"),
        ("linked/secret.yaml", "leads out of source, the folder of the source"),
        ("missing.yaml#/A", "leads to source/missing.yaml, which is no file"),
        ("folder", "leads to source/folder, which is no file"),
        ("a%00b.yaml", "is no path"),
        ("a.yaml#/B", "leads to nothing"),
    ],
)
def test_a_reference_that_is_not_followed_says_why_and_where(write, reference: str, what: str) -> None:
    folder = write({"secret.yaml": "{type: string}", "source/a.yaml": "A: {}", "source/folder/b.yaml": ""}) / "source"
    (folder / "link.yaml").symlink_to("../secret.yaml")
    (folder / "linked").symlink_to("..")
    write({"source/orders.yaml": ORDERS.replace("MESSAGE", f"{{payload: {{$ref: '{reference}'}}}}")})

    with pytest.raises(DocumentError) as caught:
        contract(folder)

    assert caught.value.what == f"the reference {reference!r} {what}"
    assert caught.value.place == Place("orders.yaml", 8, 22, 19 + len(reference))
    assert caught.value.mend


def test_a_link_that_stays_in_the_folder_is_followed(write) -> None:
    folder = write(
        {"orders.yaml": ORDERS.replace("MESSAGE", "{payload: {$ref: link.yaml}}"), "a.yaml": "{type: string}"}
    )
    (folder / "link.yaml").symlink_to("a.yaml")

    assert message(folder).schema == {"type": "string"}


def test_what_is_wrong_with_a_file_is_said_of_that_file(write) -> None:
    folder = write(
        {
            "orders.yaml": ORDERS.replace("MESSAGE", "{payload: {$ref: a.yaml}}"),
            "a.yaml": "type: object\ntype: string\n",
        }
    )

    with pytest.raises(DocumentError) as caught:
        contract(folder)

    assert (caught.value.what, caught.value.place) == (
        "the key 'type' stands twice in one mapping",
        Place("a.yaml", 2, 1, 4),
    )


def test_a_file_beyond_the_limit_is_refused(write) -> None:
    folder = write({"orders.yaml": ORDERS.replace("MESSAGE", "{payload: {$ref: a.yaml}}")})
    (folder / "a.yaml").write_bytes(b"#" * (MAX_BYTES + 1))

    with pytest.raises(DocumentError, match="more than 5,000,000"):
        contract(folder)


def test_a_file_that_cannot_be_read_is_an_error_at_the_reference(write) -> None:
    folder = write({"orders.yaml": ORDERS.replace("MESSAGE", "{payload: {$ref: a.yaml}}"), "a.yaml": "true"})

    def load(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(DocumentError, match=r"leads to a.yaml, which cannot be read: Permission denied"):
        read((folder / "orders.yaml").read_bytes(), "orders.yaml", Folder(folder, load).beside(folder / "orders.yaml"))
