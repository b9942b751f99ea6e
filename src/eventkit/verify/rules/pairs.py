"""EK1xx: a publisher and a subscriber do not fit. The codes and titles are those of `eventkit.schema`."""

from __future__ import annotations

from typing import Final

from eventkit.schema import codes
from eventkit.verify.rules.rule import Rule, Severity

UNDECIDED: Final = "EK199"


def _rule(code: str, why: str, example: str, mend: str) -> Rule:
    return Rule(code, Severity.ERROR, codes.CODES[code], why, example, mend)


PAIR_RULES: Final = (
    _rule(
        codes.NO_BETTER_NAME,
        "The subscriber rejects an event that the publisher can send. The counterexample shows one; no simpler reason "
        "was found than that the two schemas, taken whole, do not fit. Each such event becomes a dead letter.",
        """\
# publisher                        # subscriber's schema
weight: int                        {"not": {"properties": {"weight": {"const": 0}}}}""",
        "Read the counterexample beside both models, and widen what the subscriber accepts or narrow what the "
        "publisher sends.",
    ),
    _rule(
        codes.REQUIRED,
        "The subscriber's model has a field without a default, and the publisher does not send it, or not always: it "
        "was renamed, removed, or never existed. Validation fails, and each such event becomes a dead letter.",
        """\
# publisher                        # subscriber
total_amount: Decimal              amount: Decimal""",
        "Read the name that is sent, or give the field a default. A publisher that renames a field keeps the old "
        "one until no subscriber reads it, or publishes a new version of the event.",
    ),
    _rule(
        codes.TYPE,
        "The value travels as one JSON type and is read as another. A Decimal is a string on the wire, a datetime "
        "is a string, an int is a number: what counts is the JSON that is sent, not how similar the Python types look.",
        """\
# publisher                        # subscriber
amount: Decimal   # sends "12.50"  amount: int""",
        "Declare the publisher's type in the reader model. To change what is sent, publish a new version of the event.",
    ),
    _rule(
        codes.NULLABLE,
        "The publisher can send null, and the subscriber's field does not take it. It works until the first event "
        "in which the value is missing.",
        """\
# publisher                        # subscriber
coupon: str | None = None          coupon: str""",
        "Declare the reader's field as `... | None` and decide what null means, or always send a value.",
    ),
    _rule(
        codes.RANGE,
        "The publisher can send numbers beyond the limits that the subscriber sets.",
        """\
# publisher                        # subscriber
quantity: int                      quantity: int = Field(ge=1, le=100)""",
        "State in the publisher's model the limits that hold anyway, or widen those of the reader model.",
    ),
    _rule(
        codes.ENUM,
        "The publisher can send a value that the subscriber does not know: usually a new member of an enum.",
        """\
# publisher                        # subscriber
status: Literal["paid", "held"]    status: Literal["paid"]""",
        "Add the value to the reader's enum before it is published, or read the field as `str` and treat unknown "
        "values on purpose.",
    ),
    _rule(
        codes.PATTERN,
        "The subscriber demands a pattern, and the publisher does not promise texts that match it.",
        """\
# publisher                        # subscriber
sku: str                           sku: str = Field(pattern="^[A-Z]{3}-[0-9]+$")""",
        "Declare the pattern in the publisher's model, where it is known to hold, or drop it in the reader model.",
    ),
    _rule(
        codes.FORMAT,
        "The subscriber reads the text as a date, a UUID, an address, ..., and the publisher does not promise that "
        "format, or another one.",
        """\
# publisher                        # subscriber
created: str                       created: datetime""",
        "Declare the format's type in the publisher's model, or read a plain `str`.",
    ),
    _rule(
        codes.SIZE,
        "The publisher can send a text, list or object that is longer or shorter than the subscriber accepts.",
        """\
# publisher                        # subscriber
note: str                          note: str = Field(max_length=200)""",
        "State in the publisher's model the length that holds anyway, or widen the reader's.",
    ),
    _rule(
        codes.EXTRA_FIELD,
        "The subscriber forbids fields that it does not declare. Every field that the publisher adds from now on "
        "breaks it, and fields are added often: adding one is meant to be safe.",
        """\
# publisher                        # subscriber
order_id: str                      model_config = ConfigDict(extra="forbid")
currency: str                      order_id: str""",
        'Remove `extra="forbid"` from the reader model: `eventkit.Event` ignores unknown fields by default.',
    ),
    _rule(
        codes.ITEMS,
        "The subscriber wants something of the items of a list together, such as that no two are equal, that some "
        "item is of one kind, or what stands at one position, and the publisher does not promise it.",
        """\
# publisher                        # subscriber
tags: list[str]                    tags: set[str]   # in JSON Schema: uniqueItems""",
        "Declare in the publisher's model what holds for the items, or read a plain list.",
    ),
    _rule(
        codes.UNION,
        "The subscriber reads one of several shapes, and the publisher can send a value that fits none of them.",
        """\
# publisher                        # subscriber
contact: Email | Phone | Postal    contact: Email | Phone""",
        "Add the missing shape to the reader's union before it is published.",
    ),
    _rule(
        codes.DISCRIMINATOR,
        "The subscriber chooses a shape by the value of one field, and the publisher can send a value for which the "
        "subscriber has no shape.",
        """\
# publisher                        # subscriber
Card(kind="card") | Iban(...)      Annotated[Card | Cash, Field(discriminator="kind")]""",
        "Add the shape to the reader's union before it is published.",
    ),
    _rule(
        codes.PRECISION,
        "The subscriber accepts only multiples of a step, and the publisher can send numbers between them.",
        """\
# publisher                        # subscriber
price: float                       price: float = Field(multiple_of=0.05)""",
        "Declare the step in the publisher's model, or round after reading.",
    ),
    Rule(
        UNDECIDED,
        Severity.ERROR,
        "it could not be decided whether the pair fits",
        "The schemas use something that the comparison does not decide, or the question was too large for its budget. "
        "A check that was not made is not a check that passed, so this is an error.",
        """\
# a schema that no comparison decides in general
{"type": "string", "pattern": "(?<=a)b"}""",
        "Say the same in simpler words in one of the two models: the finding names what could not be decided.",
    ),
)
