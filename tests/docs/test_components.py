"""Schemas that cannot stand in a document with others."""

import pytest

from eventkit.contract.errors import ConfigurationError
from eventkit.docs.components import Components


@pytest.mark.parametrize(
    ("schema", "what"),
    [
        ({"items": {"$anchor": "a"}}, "$anchor"),
        ({"items": {"$id": "urn:a"}}, "$id"),
        ({"items": {"$ref": "https://example.com"}}, "'https://example.com'"),
        ({"items": {"$ref": "#a"}}, "'#a'"),
        ({"items": {"$ref": 3}}, "3"),
        ({"items": {"$ref": "#/$defs/Money"}}, "'#/$defs/Money'"),
    ],
)
def test_a_schema_that_refers_by_other_means_than_places_is_refused(schema: dict[str, object], what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Components().add("Order", schema)

    assert caught.value.what == f"the schema of Order uses {what}, and AsyncAPI documents cannot"
