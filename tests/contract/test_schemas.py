"""The two laws on which every verdict stands, for all kinds of fields:

- what an event sends fits its sent schema, and
- what fits a read schema is accepted by the reader model.

Whether a document fits is asked of the engine that makes the verdicts, formats included.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from ipaddress import IPv4Address
from typing import Annotated, Any, Literal, NamedTuple, Required
from uuid import UUID

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    AnyUrl,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    FutureDatetime,
    HttpUrl,
    Json,
    NaiveDatetime,
    PlainSerializer,
    PostgresDsn,
    RootModel,
    SerializeAsAny,
    StrictInt,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    computed_field,
    create_model,
    field_serializer,
    model_serializer,
)
from pydantic import dataclasses as pydantic_dataclasses
from pydantic.json_schema import SkipJsonSchema
from typing_extensions import TypedDict

from eventkit import DefinitionError, Event, PublishError
from eventkit.schema import compare


class Color(StrEnum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


class Mixed(Enum):
    ONE = 1
    TWO = "x"


class Item(BaseModel):
    sku: str
    quantity: int = 1


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int


class Careless(BaseModel):
    a: int = None
    b: Decimal = Decimal("1.5")


class Renamed(BaseModel):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)
    a: int = Field(default=1, alias="x")
    b: int = Field(default=1, validation_alias=AliasChoices("p", "q"))
    c: int = Field(validation_alias=AliasChoices("r", "s"))


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    a: int = 1


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    b: int = 1


class Tree(BaseModel):
    c: list["Tree"] = Field(default_factory=list)


class Stripping(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)
    a: str = Field(min_length=2)
    c: Annotated[str, Field(pattern="^a.c$")] = "abc"


class Partial(BaseModel):
    a: int = Field(default=0, exclude_if=lambda value: value == 0)
    b: int = Field(default=0, exclude=True)

    @computed_field
    def c(self) -> int:
        return 1


class AsText(BaseModel):
    a: int

    @field_serializer("a")
    def as_text(self, value: int) -> str:
        return str(value)


class AsAnything(BaseModel):
    a: int

    @field_serializer("a")
    def as_anything(self, value):
        return [value]


class AsList(BaseModel):
    a: int

    @model_serializer
    def as_list(self) -> list[int]:
        return [self.a]


@dataclass
class Note:
    a: float = 1.0
    item: Item | None = None


@pydantic_dataclasses.dataclass
class Pair:
    a: int
    b: str = "x"


class Options(TypedDict, total=False):
    a: Required[int]
    b: str


class Point(NamedTuple):
    a: int
    b: str = "x"


Text = StringConstraints
FIELDS = [
    *(bool, str, bytes, float, Decimal, None, Any, object),
    *(datetime, AwareDatetime, NaiveDatetime, date, time, timedelta, UUID, AnyUrl, HttpUrl, PostgresDsn, IPv4Address),
    *(Color, Level, Mixed, Literal["a"], Literal["a", 1], Literal[True]),
    *(Annotated[int, rule] for rule in (Field(ge=0, lt=10), Field(multiple_of=3))),
    *(Annotated[float, rule] for rule in (Field(gt=0.5), Field(le=100))),
    *(Annotated[Decimal, rule] for rule in (Field(gt=0), Field(ge=0), Field(ge=-1, lt=100))),
    *(Annotated[Decimal, rule] for rule in (Field(max_digits=4, decimal_places=2), Field(decimal_places=1))),
    *(Annotated[str, rule] for rule in (Field(min_length=1), Field(max_length=2), Field(pattern="^[a-z]+$"))),
    *(Annotated[str, Text(strip_whitespace=True, min_length=length)] for length in (1, 2)),
    *(Annotated[str, rule] for rule in (Text(strip_whitespace=True, pattern="^a.*$"), Text(to_upper=True))),
    *(list[bool], Annotated[list[str], Field(min_length=1, max_length=2)], set[bool], tuple[bool, str], Sequence[str]),
    *(dict[str, bool], dict[int, bool], dict[bool, str], dict[float, str], dict[Decimal, str], dict[Any, str]),
    *(
        dict[Color, str],
        dict[Level, str],
        dict[Mixed, str],
        dict[Literal["a", "b"], str],
        dict[date, str],
    ),
    *(dict[Annotated[str, Field(pattern="^a")], str], dict[Annotated[str, Field(min_length=2)], str]),
    *(dict[Annotated[str, Text(strip_whitespace=True, min_length=1)], str], dict[int | Decimal, str]),
    *(Mapping[UUID, str], OrderedDict[str, str], str | None, bool | str, Decimal | None, datetime | date),
    *(Item, Closed, Careless, Renamed, Note, Pair, Options, Point, Tree, Stripping, Partial, RootModel[list[str]]),
    *(AsText, AsAnything, AsList, list[Item], dict[str, Item], Item | Closed, SerializeAsAny[Item]),
    *(Annotated[Cat | Dog, Discriminator("kind")], Annotated[Cat | Dog, Discriminator("kind")] | None, Cat | Dog),
    *(str | SkipJsonSchema[None], SkipJsonSchema[str]),
    Annotated[bool, PlainSerializer(str)],
    Annotated[int | None, PlainSerializer(str, return_type=str, when_used="unless-none")],
]
TEXTS = [
    *("", " ", "\u0085", "\ufeff", "a", " a ", "ab", "abc", "aé", "red", "x", "cat", "true", "abc\n"),
    *("0", "1", "-1", "01", "1.5", "-0", ".5", "5.", "+1", "100", "99.99", "100.01", "1e3", "1E+1", "0E-10", "NaN"),
    *("2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05+02:00", "03:04:05"),
    *("03:04", "03:04:05Z", "PT1S", "-P1DT0.5S", "P1M", "12345678-1234-4678-8234-567812345678", "1.2.3.4"),
    *("http://a.b/", "HTTPS://a", "ftp://a", "urn:a:b", "postgres://u:p@h:1/db"),
]
NUMBERS = [0, 1, -1, 3, 10, 100, 101, 12345, 0.5, 1.0, -2.5, 1.125, 99.99]
OBJECTS = [
    *({name: value} for name in ("a", "c", "x", "q", "s", "sku", "1", "true") for value in (1, "x", "", None, [])),
    *({name: "x"} for name in ("1.5", "1e3", "-0", "red", "b", "aa", " ", "2026-01-02", UUID(int=7).hex, "None")),
    *({"kind": "cat"}, {"kind": "dog", "b": 1}, {"kind": "cat", "a": "x"}, {"kind": "cow"}, {}),
    *({"sku": "a", "quantity": 2}, {"sku": "a", "quantity": "x"}, {"sku": "a", "a": 1}, {"a": 1, "b": "x"}),
    *({"r": 1, "x": 1}, {"s": 1, "a": "x"}, {"r": 1, "s": "x"}, {"s": 1, "p": 1, "q": "x"}, {"a": 1, "b": "1.50"}),
    *({"a": "abc", "c": "abc"}, {"a": " a", "c": "abc"}, {"a": "abc", "c": " abc "}, {"c": [{"c": []}]}),
    *({"a": 0.5, "item": {"sku": "a"}}, {"a": 0.5, "item": None}, {"a": 0.5, "item": {}}),
]
ARRAYS = [[], [True], [True, True], [True, "a"], ["a"], ["a", "b", "c"], [1, "a"], [1], [{}], [{"sku": "a"}], [None]]
DOCUMENTS = [None, True, False, *NUMBERS, *TEXTS, *OBJECTS, *ARRAYS]


def model_of(*types: Any, **more: Any) -> type[Event]:
    fields = {f"f{number}": (type_, ...) for number, type_ in enumerate(types)}
    return create_model("Model", __base__=Event, __cls_kwargs__={"type": "model.made"}, **fields, **more)


def fits(document: object, schema: dict[str, Any]) -> bool:
    verdict = compare({"const": document}, schema).verdict
    assert verdict != "unknown"
    return verdict == "compatible"


def check(model: type[Event], *documents: dict[str, Any]) -> None:
    read_schema, sent_schema = model.read_schema(), model.sent_schema()
    jsonschema.Draft202012Validator.check_schema(read_schema)
    jsonschema.Draft202012Validator.check_schema(sent_schema)
    validator = jsonschema.Draft202012Validator(sent_schema)
    for document in documents:
        raw = json.dumps(document)
        if fits(document, read_schema):
            event = model.from_json(raw)
        else:
            try:
                event = model.from_json(raw)
            except ValidationError:
                continue
        try:
            sent = json.loads(event.to_json())
        except PublishError:
            continue
        assert fits(sent, sent_schema), f"the sent schema does not accept {sent}"
        validator.validate(sent)


@pytest.mark.parametrize("type_", FIELDS, ids=str)
def test_both_laws_hold_for_each_kind_of_field(type_):
    check(model_of(type_), *({"f0": document} for document in DOCUMENTS))


@given(
    types=st.lists(st.sampled_from(FIELDS), min_size=2, max_size=4),
    documents=st.lists(st.sampled_from(DOCUMENTS), min_size=4, max_size=4),
    left_out=st.integers(0, 4),
    default=st.sampled_from([..., None, "a", 1]),
    alias=st.sampled_from([None, "other"]),
)
def test_both_laws_hold_for_models_of_several_fields(types, documents, left_out, default, alias):
    model = model_of(*types, last=(types[0], Field(default=default, alias=alias)))
    names = [*model.model_fields, "other"]
    document = {name: value for name, value in zip(names, documents, strict=False) if names.index(name) != left_out}
    check(model, document)


NOT_READ_AS_SENT = [Careless, Renamed, AsText, AsAnything, AsList, SerializeAsAny[Item], dict[Mixed, str], *FIELDS[-2:]]


@pytest.mark.parametrize("type_", FIELDS, ids=str)
def test_a_reader_with_the_publishers_model_understands_it_and_no_other_is_said_to(type_):
    model = model_of(type_)
    comparison = compare(model.sent_schema(), model.read_schema(), closed_publisher=True)
    assert comparison.verdict == ("incompatible" if type_ in NOT_READ_AS_SENT else "compatible")
    if type_ in NOT_READ_AS_SENT:
        with pytest.raises(ValidationError):
            model.from_json(json.dumps(comparison.counterexample))


@pytest.mark.parametrize(
    ("sent", "read", "counterexample"),
    [
        (str, Decimal, ""),
        (Decimal, Annotated[Decimal, Field(gt=0)], "0"),
        (Annotated[Decimal, Field(gt=0)], Annotated[Decimal, Field(ge=0)], None),
        (Annotated[Decimal, Field(ge=0)], Annotated[Decimal, Field(ge=0, le=100)], "101"),
        (Annotated[Decimal, Field(max_digits=10, decimal_places=2)], Annotated[Decimal, Field(max_digits=8)], ...),
        (Annotated[int, Field(ge=0)], Annotated[Decimal, Field(ge=0)], None),
        (str, dict[str, str], ...),
        (dict[str, str], dict[int, str], ...),
        (AnyUrl, HttpUrl, ...),
        (HttpUrl, AnyUrl, None),
        (NaiveDatetime, AwareDatetime, ...),
        (datetime, AwareDatetime, None),
        (AwareDatetime, datetime, None),
        (Annotated[str, Field(min_length=1)], Annotated[str, Text(strip_whitespace=True, min_length=1)], ...),
        (Annotated[str, Text(strip_whitespace=True, min_length=1)], Annotated[str, Field(min_length=1)], None),
    ],
    ids=str,
)
def test_verdicts_that_stand_on_what_is_mended(sent, read, counterexample):
    comparison = compare(model_of(sent).sent_schema(), model_of(read).read_schema(), closed_publisher=True)
    assert comparison.verdict == ("compatible" if counterexample is None else "incompatible")
    if counterexample is not None:
        with pytest.raises(ValidationError):
            model_of(read).from_json(json.dumps(comparison.counterexample))


@pytest.mark.parametrize(
    ("type_", "document"),
    [
        pytest.param(Annotated[str, AfterValidator(lambda text: text[99] and text)], "a", id="a validator in code"),
        pytest.param(AwareDatetime, "2026-06-30T23:59:60Z", id="a leap second"),
        pytest.param(NaiveDatetime, "2026-02-30T00:00:00", id="30 February"),
        pytest.param(FutureDatetime, "2000-01-01T00:00:00Z", id="a time that is over"),
        pytest.param(Json[int], "{", id="the content of Json"),
        pytest.param(Annotated[bytes, Field(max_length=1)], "é", id="bytes that are counted as characters"),
        pytest.param(Annotated[Decimal, Field(multiple_of=Decimal("0.05"))], "0.01", id="a multiple in text"),
        pytest.param(Annotated[Decimal, Field(le=100)], "1E+3", id="a bound in scientific notation"),
        pytest.param(int, 1e300, id="an integer as a large float"),
        pytest.param(StrictInt, 1.0, id="an integer as a float in strict mode"),
        pytest.param(Fraction, "a", id="a fraction"),
        pytest.param(Annotated[str, WithJsonSchema({}), Field(max_length=1)], "ab", id="a schema written by hand"),
    ],
)
def test_what_json_schema_does_not_say_is_known(type_, document):
    model = model_of(type_)
    assert fits({"f0": document}, model.read_schema())
    with pytest.raises((ValidationError, IndexError)):
        model.from_json(json.dumps({"f0": document}))


class TestSentSchema:
    def test_it_requires_all_that_is_always_sent_in_models_and_dataclasses_inside_too(self):
        schema = model_of(Item, Note, defaulted=(int, 1)).sent_schema()
        assert schema["required"] == ["f0", "f1", "defaulted"]
        assert schema["$defs"]["Item"]["required"] == ["sku", "quantity"]
        assert schema["$defs"]["Note"]["required"] == ["a", "item"]

    def test_it_does_not_require_what_may_be_left_out(self):
        schema = model_of(Partial, Options).sent_schema()
        assert schema["$defs"]["Partial"]["required"] == ["c"]
        assert list(schema["$defs"]["Partial"]["properties"]) == ["a", "c"]
        assert schema["$defs"]["Options"]["required"] == ["a"]

    def test_a_default_of_none_is_null_whatever_the_type(self):
        assert model_of(Careless).sent_schema()["$defs"]["Careless"]["properties"]["a"] == {
            "anyOf": [{"type": "integer"}, {"type": "null"}],
            "default": None,
            "title": "A",
        }

    def test_what_is_hidden_from_documents_is_described(self):
        properties = model_of(str | SkipJsonSchema[None], SkipJsonSchema[int]).sent_schema()["properties"]
        assert properties["f0"] == {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "F0"}
        assert properties["f1"] == {"type": "integer", "title": "F1"}

    def test_a_serializer_tells_its_type_or_writes_anything(self):
        definitions = model_of(AsText, AsAnything, AsList).sent_schema()["$defs"]
        assert definitions["AsText"]["properties"]["a"]["type"] == "string"
        assert definitions["AsAnything"]["properties"]["a"] == {"title": "A"}
        assert definitions["AsList"] == {"items": {"type": "integer"}, "type": "array"}
        assert model_of(SerializeAsAny[Item]).sent_schema()["properties"]["f0"] == {}

    def test_a_member_of_a_union_that_cannot_be_described_is_not_left_out(self):
        with pytest.raises(DefinitionError, match="Model has no JSON Schema"):
            model_of(int | Callable[[], int]).sent_schema()


class TestReadSchema:
    def test_it_names_all_aliases_of_a_field(self):
        assert model_of(Renamed).read_schema()["$defs"]["Renamed"] == {
            "allOf": [{"anyOf": [{"required": ["r"]}, {"required": ["s"]}]}],
            "properties": {
                "x": {"default": 1, "title": "X", "type": "integer"},
                "p": {"default": 1, "title": "P", "type": "integer"},
                "q": {"default": 1, "title": "P", "type": "integer"},
                "r": {"title": "R", "type": "integer"},
                "s": {"title": "R", "type": "integer"},
            },
            "title": "Renamed",
            "type": "object",
        }

    def test_a_path_for_an_alias_cannot_be_described(self):
        with pytest.raises(DefinitionError, match="alias of the field 'deep' is a path into another one"):
            model_of(deep=(int, Field(validation_alias=AliasPath("other", 0)))).read_schema()

    def test_a_tag_is_required_also_where_it_has_a_default(self):
        schema = model_of(Annotated[Cat | Dog, Discriminator("kind")]).read_schema()
        assert schema["properties"]["f0"]["required"] == ["kind"]
        assert "required" not in schema["$defs"]["Cat"]
