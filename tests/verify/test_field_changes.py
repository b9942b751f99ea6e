"""What changed in an event, field by field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventkit.schema import compare
from eventkit.verify.field_changes import field_changes
from tests.verify.landscapes import fields, message

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
NULLABLE = {"anyOf": [TEXT, {"type": "null"}]}
X, XY = fields(a={"enum": ["x"]}), fields(a={"enum": ["x", "y"]})
OPTIONAL = {"type": "object", "properties": {"a": TEXT}}


def told(old, new, *, sent: bool) -> list[tuple[str, str, str]]:
    changes = field_changes(message("x.y", old, closed=sent), message("x.y", new, closed=sent), sent=sent)
    return [(change.path, change.words, change.effect) for change in changes]


@pytest.mark.parametrize(
    ("old", "new", "sent", "sent_effect", "read", "read_effect"),
    [
        (fields(a=TEXT), fields(a=NUMBER), "was a string, is an integer", "breaking", None, "breaking"),
        (fields(a=TEXT), fields(a=NULLABLE), "can be null now", "breaking", "accepts null now", "safe"),
        (fields(a=NULLABLE), fields(a=TEXT), "is never null any more", "safe", "rejects null now", "breaking"),
        (fields(a=TEXT), OPTIONAL, "is not always sent any more", "breaking", "is optional now", "safe"),
        (OPTIONAL, fields(a=TEXT), "is always sent now", "safe", "is required now", "breaking"),
        (fields(), fields(a=TEXT), "is new", "safe", "is new, and required", "breaking"),
        (fields(), OPTIONAL, "is new, and not always sent", "safe", "is new, and optional", "safe"),
        (fields(a=TEXT), fields(), "is not sent any more", "breaking", "is not read any more", "safe"),
        (X, XY, 'can be "y", too', "breaking", 'accepts "y", too', "safe"),
        (XY, X, 'is never "y" any more', "safe", 'rejects "y" now', "breaking"),
    ],
)
def test_a_change_is_told_and_judged_by_the_role(old, new, sent, sent_effect, read, read_effect) -> None:
    assert told(old, new, sent=True) == [("/a", sent, sent_effect)]
    assert told(old, new, sent=False) == [("/a", read or sent, read_effect)]


def test_nested_fields_have_their_path() -> None:
    def order(price):
        item = fields(price=price)
        return {**fields(items={"type": "array", "items": {"$ref": "#/$defs/Item"}}), "$defs": {"Item": item}}

    assert told(order(TEXT), order(NUMBER), sent=True) == [
        ("/items/*/price", "was a string, is an integer", "breaking")
    ]


def test_a_definition_that_two_fields_share_is_told_for_both() -> None:
    def order(kind):
        return {**fields(a={"$ref": "#/$defs/K"}, b={"$ref": "#/$defs/K"}), "$defs": {"K": kind}}

    assert [path for path, _, _ in told(order(TEXT), order(NUMBER), sent=True)] == ["/a", "/b"]


def test_annotations_order_and_definitions_are_no_change() -> None:
    written = {
        "title": "Other",
        "description": "Other",
        "type": "object",
        "required": ["b", "a"],
        "properties": {"b": NUMBER, "a": {"$ref": "#/$defs/Text", "description": "A text"}},
        "$defs": {"Text": {"title": "Text", **TEXT}},
    }

    assert told(fields(a=TEXT, b=NUMBER), written, sent=True) == []


def test_a_schema_that_refers_to_itself_has_an_end() -> None:
    def tree(name):
        node = fields(name=name, children={"type": "array", "items": {"$ref": "#/$defs/Node"}})
        return {"$ref": "#/$defs/Node", "$defs": {"Node": node}}

    assert told(tree(TEXT), tree(TEXT), sent=True) == []
    assert ("/name", "was a string, is an integer", "breaking") in told(tree(TEXT), tree(NUMBER), sent=True)


SCHEMAS = st.dictionaries(
    st.sampled_from("ab"), st.sampled_from([TEXT, NUMBER, NULLABLE, {"enum": ["x"]}, {"enum": ["x", "y"]}])
).map(lambda properties: fields(**properties))


@given(SCHEMAS, SCHEMAS)
def test_changes_are_safe_exactly_if_the_whole_is(old, new) -> None:
    changes = field_changes(message("x.y", old, closed=True), message("x.y", new, closed=True), sent=True)
    whole = compare(new, old, closed_publisher=True).verdict

    assert (whole == "compatible") == all(change.effect == "safe" for change in changes)


@pytest.mark.parametrize(
    ("old", "new", "words", "effect"),
    [
        ("a", "b", "is ordered by `b` now, was by `a`", "breaking"),
        ("a", None, "has no key any more, was ordered by `a`", "breaking"),
        (None, "b", "is ordered by `b` now, was not ordered", "safe"),
    ],
)
def test_another_key_is_a_change_that_only_the_publisher_makes(old, new, words, effect) -> None:
    before, after = message("x.y", fields(a=TEXT, b=TEXT), key=old), message("x.y", fields(a=TEXT, b=TEXT), key=new)

    (change,) = field_changes(before, after, sent=True)
    assert (change.path, change.words, change.effect) == ("", words, effect)
    assert [each.effect for each in field_changes(before, after, sent=False)] == ["safe"]


def test_a_document_from_elsewhere_that_names_no_key_says_nothing_of_it() -> None:
    ours, theirs = message("x.y", fields(a=TEXT), key="a", closed=True), message("x.y", fields(a=TEXT))

    assert not [change for change in field_changes(ours, theirs, sent=True) if "key" in change.words]
