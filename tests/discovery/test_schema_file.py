"""JSON Schemas in files, and in parts of files."""

import json

import pytest

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.asyncapi import DocumentError
from eventkit.discovery.schema_file import read_schema
from eventkit.schema import compare

DOCUMENT = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "$id": "https://example.com/shop.json",
    "definitions": {
        "Order": {
            "type": "object",
            "properties": {"item": {"$ref": "#/definitions/Item"}, "default": {"$ref": "#/definitions/Item"}},
            "required": ["item", "default"],
        },
        "Item": {"type": "string", "default": {"$ref": "#/definitions/Item"}},
        "All": {"type": "array", "items": {"$ref": "#"}},
    },
    "type": "integer",
}


@pytest.fixture
def document(write):
    return write({"shop.json": json.dumps(DOCUMENT)}) / "shop.json"


def test_a_file_is_a_schema(document) -> None:
    assert read_schema(str(document)) == DOCUMENT


def test_yaml_is_read_as_well(write) -> None:
    folder = write({"order.yaml": "type: object\nrequired: [id]"})

    assert read_schema(str(folder / "order.yaml")) == {"type": "object", "required": ["id"]}


def test_the_references_in_a_part_hold(document) -> None:
    order = read_schema(f"{document}#/definitions/Order")

    assert compare({"const": {"item": "a", "default": "b"}}, order).verdict == "compatible"
    assert compare({"const": {"item": "a", "default": 1}}, order).verdict == "incompatible"
    assert compare({"const": [1, 2]}, read_schema(f"{document}#/definitions/All")).verdict == "compatible"
    assert compare({"const": ["a"]}, read_schema(f"{document}#/definitions/All")).verdict == "incompatible"


def test_a_part_keeps_the_dialect_of_its_document_and_data_is_left_alone(document) -> None:
    item = read_schema(f"{document}#/definitions/Item")

    assert item["$schema"] == DOCUMENT["$schema"]
    assert item["$defs"]["document"]["definitions"]["Item"]["default"] == {"$ref": "#/definitions/Item"}


def test_a_part_that_is_not_there_is_answered_with_those_that_are(document) -> None:
    with pytest.raises(ConfigurationError, match=r"the file has no part #/definitions/Ordre") as error:
        read_schema(f"{document}#/definitions/Ordre")
    assert error.value.mend == "its schemas are: #/definitions/Order, #/definitions/Item, #/definitions/All"


def test_a_part_that_is_no_schema_is_an_error(document) -> None:
    with pytest.raises(ConfigurationError, match="this is a str"):
        read_schema(f"{document}#/type")


def test_an_anchor_is_no_part(document) -> None:
    with pytest.raises(ConfigurationError, match="the file has no part #Order"):
        read_schema(f"{document}#Order")


def test_a_file_that_is_no_json_is_an_error_with_its_place(write) -> None:
    folder = write({"order.json": '{"type": "object", "type": "array"}'})

    with pytest.raises(DocumentError, match="the key 'type' stands twice"):
        read_schema(str(folder / "order.json"))
