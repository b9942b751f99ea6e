"""Payload schemas, taken out of a document with everything that they refer to."""

from typing import Any

import pytest

from eventkit.discovery.asyncapi import DocumentError
from eventkit.discovery.asyncapi.document import Document
from eventkit.discovery.asyncapi.schemas import Payload, Schemas, UnknownPayloadError


def payload(text: str) -> tuple[Schemas, Payload]:
    """Return the schema `/payload` of a document with these lines."""
    document = Document(text.encode(), "a.yaml")
    schemas = Schemas()
    return schemas, schemas.payload(document.root.require("payload"))


def standing_alone(text: str) -> dict[str, Any] | bool:
    schemas, schema = payload(text)
    return schemas.standing_alone(schema)


def test_what_a_schema_refers_to_goes_with_it_however_deep() -> None:
    assert standing_alone(
        """
        payload: {$ref: '#/components/schemas/Order'}
        components:
          schemas:
            Order: {properties: {items: {items: {$ref: '#/components/schemas/Item'}}}}
            Item: {properties: {price: {$ref: '#/components/schemas/Money'}}}
            Money: {type: string}
            Unused: {type: object}
        """
    ) == {
        "properties": {"items": {"items": {"$ref": "#/$defs/Item"}}},
        "$defs": {"Item": {"properties": {"price": {"$ref": "#/$defs/Money"}}}, "Money": {"type": "string"}},
    }


def test_a_recursive_schema_refers_to_itself_by_its_definition() -> None:
    assert standing_alone(
        """
        payload: {$ref: '#/components/schemas/Node'}
        components: {schemas: {Node: {properties: {child: {$ref: '#/components/schemas/Node'}}}}}
        """
    ) == {
        "$ref": "#/$defs/Node",
        "$defs": {"Node": {"properties": {"child": {"$ref": "#/$defs/Node"}}}},
    }


def test_a_schema_may_refer_to_its_own_definitions_as_json_schema_says() -> None:
    assert standing_alone(
        """
        payload:
          $ref: '#/components/schemas/Order'
        components:
          schemas:
            Order:
              properties: {price: {$ref: '#/definitions/Money'}, self: {$ref: '#'}}
              definitions: {Money: {properties: {unit: {$ref: '#/definitions/Unit'}}}, Unit: {type: string}}
        """
    ) == {
        "$ref": "#/$defs/Order",
        "$defs": {
            "Money": {"properties": {"unit": {"$ref": "#/$defs/Unit"}}},
            "Order": {"properties": {"price": {"$ref": "#/$defs/Money"}, "self": {"$ref": "#/$defs/Order"}}},
            "Unit": {"type": "string"},
        },
    }


def test_a_schema_with_an_id_has_definitions_of_its_own() -> None:
    schemas, schema = payload(
        "payload: {properties: {a: {$id: 'urn:a', $ref: '#/$defs/A', $defs: {A: {properties: {b: true}}}}}}"
    )

    assert schemas.standing_alone(schema) == {
        "properties": {"a": {"$ref": "#/$defs/A"}},
        "$defs": {"A": {"properties": {"b": True}}},
    }
    assert set(schemas.places(schema)) == {"/a", "/a/b"}


def test_two_definitions_that_are_called_the_same_keep_apart() -> None:
    assert standing_alone(
        """
        payload: {properties: {a: {$ref: '#/one/Money'}, b: {$ref: '#/two/Money'}}}
        one: {Money: {type: string}}
        two: {Money: {type: integer}}
        """
    ) == {
        "properties": {"a": {"$ref": "#/$defs/Money"}, "b": {"$ref": "#/$defs/Money2"}},
        "$defs": {"Money": {"type": "string"}, "Money2": {"type": "integer"}},
    }


def test_data_that_looks_like_a_reference_is_left_alone() -> None:
    text = "payload: {const: {$ref: nowhere}, examples: [{$ref: nowhere}], properties: {$ref: {type: string}}}"

    assert standing_alone(text) == {
        "const": {"$ref": "nowhere"},
        "examples": [{"$ref": "nowhere"}],
        "properties": {"$ref": {"type": "string"}},
    }


@pytest.mark.parametrize(
    "schema",
    [
        "items: [{type: string}]",
        "additionalItems: false",
        "dependencies: {a: [b]}",
        "properties: {a: {$ref: '#/payload', type: string}}",
        "allOf: [{$ref: '#/tuple'}]",
    ],
)
def test_a_schema_that_draft_7_reads_otherwise_says_that_it_is_draft_7(schema: str) -> None:
    alone = standing_alone(f"payload: {{{schema}}}\ntuple: {{items: [true]}}")

    assert isinstance(alone, dict)
    assert alone["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    "schema",
    [
        "prefixItems: [{type: string}]",
        "properties: {a: {$ref: '#/payload', description: A., default: 1, x-internal: true}}",
    ],
)
def test_any_other_schema_names_no_dialect(schema: str) -> None:
    assert "$schema" not in str(standing_alone(f"payload: {{{schema}}}"))


@pytest.mark.parametrize(
    ("schema_format", "dialect"),
    [
        ("application/vnd.aai.asyncapi;version=3.0.0", None),
        ("application/vnd.aai.asyncapi+yaml;version=2.6.0", None),
        ("application/schema+json;version=draft-07", "http://json-schema.org/draft-07/schema#"),
        ("application/schema+yaml;version=draft-07", "http://json-schema.org/draft-07/schema#"),
        ("application/schema+json;version=draft/2020-12", None),
        ("application/schema+json", None),
        ("application/vnd.oai.openapi;version=3.1.0", None),
    ],
)
def test_a_schema_format_names_the_dialect(schema_format: str, dialect: str | None) -> None:
    alone = standing_alone(f"payload: {{schemaFormat: '{schema_format}', schema: {{type: object}}}}")

    assert isinstance(alone, dict)
    assert alone.get("$schema") == dialect


def test_a_reference_may_lead_to_a_schema_with_a_format() -> None:
    assert standing_alone(
        """
        payload: {schemaFormat: application/vnd.aai.asyncapi;version=3.0.0, schema: {$ref: '#/schemas/Order'}}
        schemas:
          Order: {schemaFormat: FORMAT, schema: {properties: {price: {$ref: '#/schemas/Money'}}}}
          Money: {schemaFormat: FORMAT, schema: {type: string}}
        """.replace("FORMAT", "application/schema+json;version=draft-07")
    ) == {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "properties": {"price": {"$ref": "#/$defs/Money"}},
        "$defs": {"Money": {"type": "string"}},
    }


def test_a_schema_that_refers_to_one_in_another_language_or_dialect_is_not_known() -> None:
    text = """
        payload: {properties: {price: {$ref: '#/schemas/Money'}, total: {$ref: '#/schemas/Total'}}}
        schemas:
          Money: {schemaFormat: MONEY, schema: {type: string}}
          Total: {schemaFormat: application/schema;version=2020-12, schema: {type: string}}
        """
    for money, why in (
        ("application/vnd.apache.avro", "its payload is described as application/vnd.apache.avro"),
        ("application/schema;version=draft-07", "its payload is described by schemas of several dialects"),
    ):
        schemas, schema = payload(text.replace("MONEY", money))
        for _ in range(2):  # the second message that has it knows no more
            with pytest.raises(UnknownPayloadError, match=why):
                schemas.standing_alone(schema)


def test_a_schema_with_a_format_that_leads_back_to_itself_is_an_error() -> None:
    with pytest.raises(DocumentError, match="one of another format"):
        payload("payload: {schemaFormat: application/schema, schema: {$ref: '#/payload'}}")


def test_places_pass_through_references_combinations_and_arrays() -> None:
    schemas, schema = payload(
        """
        payload:
          allOf: [{$ref: '#/base'}]
          properties:
            lines: {type: array, items: {oneOf: [{$ref: '#/line'}]}}
            pair: {prefixItems: [{properties: {x: true}}]}
            rates: {additionalProperties: {properties: {percent: true}}}
        base:
          properties:
            id: {type: string}
        line: {properties: {sub: {$ref: '#/line'}, a/b: true}}
        """
    )
    places = schemas.places(schema)

    assert {path: place.line for path, place in places.items() if path.count("/sub") < 2} == {
        "/id": 10,
        "/lines": 5,
        "/lines/*/a~1b": 11,
        "/lines/*/sub": 11,
        "/lines/*/sub/a~1b": 11,
        "/pair": 6,
        "/pair/0/x": 6,
        "/rates": 7,
        "/rates/*/percent": 7,
    }


def test_a_property_that_two_branches_of_a_union_declare_has_no_place() -> None:
    schemas, schema = payload("payload: {oneOf: [{properties: {a: true, b: true}}, {properties: {a: false}}]}")

    assert set(schemas.places(schema)) == {"/b"}


@pytest.mark.parametrize("layer", ["properties: {{a: {0}, b: {0}}}", "anyOf: [{0}, {0}]"])
def test_a_schema_with_more_paths_than_could_ever_be_walked_is_read_at_once(layer: str) -> None:
    references = [f"{{$ref: '#/s{n + 1}'}}" for n in range(200)]
    layers = "".join(f"s{n}: {{{layer.format(reference)}}}\n" for n, reference in enumerate(references))
    schemas, schema = payload(f"payload: {{$ref: '#/s0'}}\n{layers}s200: true\n")

    assert len(str(schemas.standing_alone(schema))) < 50_000
    assert len(schemas.places(schema)) <= 2_000
