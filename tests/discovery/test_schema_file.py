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


@pytest.mark.parametrize("name", [{}, {"$id": "https://example.com/shop.json"}, {"$id": "shop.json"}])
def test_a_recursive_reference_in_a_part_means_the_document(write, name) -> None:
    tree = {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "$recursiveAnchor": True,
        "type": "object",
        "$defs": {"Branch": {"properties": {"child": {"$recursiveRef": "#"}}}},
    }
    folder = write({"tree.json": json.dumps(tree | name)})
    branch = read_schema(f"{folder}/tree.json#/$defs/Branch")

    assert compare({"const": {"child": {}}}, branch).verdict == "compatible"
    assert compare({"const": {"child": 1}}, branch).verdict == "incompatible"


def test_references_in_a_part_are_read_from_the_schema_that_has_an_id_around_them(write) -> None:
    inner = {"$id": "inner.json", "$ref": "#/$defs/Text", "$defs": {"Text": {"type": "string"}}}
    outer = {"$defs": {"Inner": inner, "Other": {"$ref": "inner.json"}, "Text": {"type": "integer"}}}
    folder = write({"outer.json": json.dumps(outer)})

    for part in ("Inner", "Other", "Inner/$defs/Text"):
        assert compare({"type": "string"}, read_schema(f"{folder}/outer.json#/$defs/{part}")).verdict == "compatible"


@pytest.mark.parametrize("draft", ["04", "06", "07"])
def test_a_part_of_a_document_that_is_a_reference_is_found(write, draft) -> None:
    definitions = {"Order": {"type": "object"}, "Orders": {"items": {"$ref": "#"}}}
    document = {"$ref": "#/definitions/Order", "definitions": definitions}
    schema = {"$schema": f"http://json-schema.org/draft-{draft}/schema#"}
    folder = write({"order.json": json.dumps(schema | document)})
    orders = read_schema(f"{folder}/order.json#/definitions/Orders")

    assert compare({"const": [{}]}, orders).verdict == "compatible"
    assert compare({"const": [1]}, orders).verdict == "incompatible"


def test_a_pointer_is_read_as_part_of_a_uri_and_shown_as_one_reads_it(write) -> None:
    folder = write({"x.json": json.dumps({"$defs": {"in put/out": {"type": "string"}}})})

    for step in ("in put~1out", "in%20put~1out"):
        assert compare({"type": "string"}, read_schema(f"{folder}/x.json#/$defs/{step}")).verdict == "compatible"
    with pytest.raises(ConfigurationError) as error:
        read_schema(f"{folder}/x.json#/$defs/input")
    assert error.value.mend == "its schemas are: #/$defs/in put~1out"


def test_a_part_may_be_named_through_a_reference(document) -> None:
    part = read_schema(f"{document}#/definitions/Order/properties/item")

    assert compare({"type": "string"}, part).verdict == "compatible"


def test_a_part_of_an_array_of_schemas(write) -> None:
    folder = write({"all.json": json.dumps([{"type": "string"}, {"type": "null"}])})

    assert compare({"type": "null"}, read_schema(f"{folder}/all.json#/1")).verdict == "compatible"


def test_a_part_that_is_not_there_is_answered_with_those_that_are(document) -> None:
    with pytest.raises(ConfigurationError, match=r"the file has no part #/definitions/Ordre") as error:
        read_schema(f"{document}#/definitions/Ordre")
    assert error.value.mend == "its schemas are: #/definitions/Order, #/definitions/Item, #/definitions/All"


def test_a_part_that_is_no_schema_is_an_error(document) -> None:
    with pytest.raises(ConfigurationError, match="this is a text"):
        read_schema(f"{document}#/type")


def test_an_anchor_is_no_part(document) -> None:
    with pytest.raises(ConfigurationError, match="the file has no part #Order"):
        read_schema(f"{document}#Order")


def test_a_file_that_is_no_json_is_an_error_with_its_place(write) -> None:
    folder = write({"order.json": '{"type": "object", "type": "array"}'})

    with pytest.raises(DocumentError, match="the key 'type' stands twice"):
        read_schema(str(folder / "order.json"))
