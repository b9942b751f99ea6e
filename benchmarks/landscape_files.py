"""Writes a landscape of any size as AsyncAPI 3 documents, like those that generators write; same size, same landscape.

Each service publishes 10 events, and each event is handled by 5 other services. A published event has 5 to 20 fields:
texts with formats and patterns, numbers with limits, enums, lists, maps, what may be null, nested models, unions, and
models that all services share. A reader model names some of the fields and is a little wider here and there. One
service in 100 has a reader that is wrong. A message takes 2.7 kB of YAML; those of the examples take 2.4 kB.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

EVENTS_EACH = 10
SUBSCRIBERS_EACH = 5
FIELDS = (5, 20)
SERVICES_TO_ONE_DEFECT = 100

Schema = dict[str, Any]

NOUNS = [
    "account", "address", "amount", "batch", "basket", "cart", "channel", "charge", "contact", "country", "customer",
    "delivery", "device", "discount", "document", "driver", "invoice", "item", "label", "location", "order", "owner",
    "parcel", "partner", "payment", "period", "plan", "price", "product", "quota", "reason", "receipt", "region",
    "reserve", "return", "route", "shipment", "signal", "source", "stock", "store", "supplier", "tax", "team",
    "ticket", "token", "total", "transfer", "unit", "user", "vendor", "version", "visit", "voucher", "wallet",
    "zone",
]  # fmt: skip
ENDS = ["id", "code", "name", "kind", "count", "state", "note", "ref"]
VERBS = ["created", "changed", "removed", "approved", "shipped", "closed"]
STATES = ["draft", "open", "active", "paused", "blocked", "expired", "done", "lost"]

SHARED: dict[str, Schema] = {
    "Money": {
        "type": "object",
        "title": "Money",
        "description": "An amount in a currency.",
        "properties": {
            "amount": {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"},
            "currency": {"type": "string", "enum": ["CHF", "EUR", "GBP", "JPY", "USD"]},
        },
        "required": ["amount", "currency"],
    },
    "Address": {
        "type": "object",
        "title": "Address",
        "properties": {
            "street": {"type": "string", "minLength": 1, "maxLength": 200},
            "city": {"type": "string", "minLength": 1},
            "postal_code": {"type": "string", "maxLength": 12},
            "country": {"type": "string", "minLength": 2, "maxLength": 2},
        },
        "required": ["street", "city", "country"],
    },
    "Person": {
        "type": "object",
        "title": "Person",
        "properties": {
            "name": {"type": "string"},
            "email": {"type": "string", "format": "email"},
            "address": {"$ref": "#/components/schemas/Address"},
        },
        "required": ["name", "email", "address"],
    },
}


def write_landscape(folder: Path, services: int, forms: tuple[str, ...] = ("yaml", "json")) -> None:
    """Write the documents of so many services.

    Args:
        folder: Where; it is made.
        services: How many.
        forms: The forms of the documents, in turn.
    """
    folder.mkdir(parents=True)
    for number, document in enumerate(documents(services)):
        form = forms[number % len(forms)]
        text = (
            json.dumps(document, indent=2) if form == "json" else yaml.dump(document, Dumper=_Dumper, sort_keys=False)
        )
        (folder / f"{document['info']['title']}.asyncapi.{form}").write_text(text, "utf-8")


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes a value that is used twice twice: few tools write aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def documents(services: int) -> Iterator[dict[str, Any]]:
    """Yield the document of each service."""
    rng = random.Random(services)
    published: list[dict[str, Schema]] = []
    handled: list[dict[str, Schema]] = [{} for _ in range(services)]
    for service in range(services):
        published.append({_event(service, index): _published(rng) for index in range(EVENTS_EACH)})
        others = [other for other in range(services) if other != service]
        for name, schema in published[service].items():
            for reader in rng.sample(others, SUBSCRIBERS_EACH):
                handled[reader][name] = _read(schema, rng)
    for wrong in range(0, services, SERVICES_TO_ONE_DEFECT):
        _break(next(iter(handled[wrong].values())))
    for service in range(services):
        yield _document(service, published[service], handled[service])


def _event(service: int, index: int) -> str:
    return (
        f"{NOUNS[(service * 7 + index) % len(NOUNS)]}_{service}.{NOUNS[index]}.{VERBS[(service + index) % len(VERBS)]}"
    )


def _published(rng: random.Random) -> Schema:
    names = [f"{noun}_{rng.choice(ENDS)}" for noun in rng.sample(NOUNS, rng.randint(*FIELDS))]
    properties = {name: _field(name, rng) for name in names}
    optional = {name for name in names if rng.random() < 0.2}
    return _model(properties, [name for name in names if name not in optional])


def _model(properties: dict[str, Schema], required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _field(name: str, rng: random.Random, depth: int = 0) -> Schema:
    kinds = [_text, _text, _text, _format, _format, _number, _number, _number, _enum, _boolean, _nullable, _shared]
    if depth == 0:  # what is nested deeper is shared: Person has an Address
        kinds += [_list, _map, _nested, _union]
    return {"title": name.replace("_", " ").title(), **rng.choice(kinds)(name, rng, depth)}


def _text(name: str, rng: random.Random, depth: int) -> Schema:
    limits: list[Schema] = [{}, {"maxLength": 80}, {"minLength": 1, "maxLength": 255}, {"pattern": "^[A-Z]{3}-[0-9]+$"}]
    return {"type": "string", **rng.choice(limits)}


def _format(name: str, rng: random.Random, depth: int) -> Schema:
    return {"type": "string", "format": rng.choice(["uuid", "date-time", "date", "email", "uri"])}


def _number(name: str, rng: random.Random, depth: int) -> Schema:
    limits: list[Schema] = [{}, {"minimum": 0}, {"minimum": 1, "maximum": 1000}]
    return {"type": rng.choice(["integer", "number"]), **rng.choice(limits)}


def _enum(name: str, rng: random.Random, depth: int) -> Schema:
    return {"type": "string", "enum": sorted(rng.sample(STATES, rng.randint(2, 6)))}


def _boolean(name: str, rng: random.Random, depth: int) -> Schema:
    return {"type": "boolean", "description": f"Whether the {name.split('_')[0]} counts."}


def _nullable(name: str, rng: random.Random, depth: int) -> Schema:
    return {"anyOf": [rng.choice([_text, _format, _number])(name, rng, depth), {"type": "null"}]}


def _shared(name: str, rng: random.Random, depth: int) -> Schema:
    return {"$ref": f"#/components/schemas/{rng.choice(list(SHARED))}"}


def _list(name: str, rng: random.Random, depth: int) -> Schema:
    return {"type": "array", "items": _field("entry", rng, depth + 1), "minItems": rng.randint(0, 1)}


def _map(name: str, rng: random.Random, depth: int) -> Schema:
    return {"type": "object", "additionalProperties": _number(name, rng, depth)}


def _nested(name: str, rng: random.Random, depth: int) -> Schema:
    names = [f"{noun}_{rng.choice(ENDS)}" for noun in rng.sample(NOUNS, rng.randint(2, 5))]
    return _model({each: _field(each, rng, depth + 1) for each in names}, names)


def _union(name: str, rng: random.Random, depth: int) -> Schema:
    return {
        "oneOf": [
            _model({"kind": {"type": "string", "const": kind}, f"{kind}_by": _text(name, rng, depth)}, ["kind"])
            for kind in rng.sample(STATES, rng.randint(2, 3))
        ]
    }


def _read(schema: Schema, rng: random.Random) -> Schema:
    """Return a reader model of an event: some of its fields, at least 5, a few of them wider than they are sent."""
    sent = schema["properties"]
    names = rng.sample(list(sent), rng.randint(FIELDS[0], len(sent)))
    required = [name for name in names if name in schema.get("required", ())]
    return _model({name: _wider(sent[name], rng) for name in names}, required)


def _wider(field: Schema, rng: random.Random) -> Schema:
    if rng.random() < 0.7:
        return field
    if "enum" in field:
        return {**field, "enum": STATES}
    if field.get("type") == "integer":
        return {**field, "type": "number"}
    return {key: value for key, value in field.items() if key not in ("maxLength", "minLength", "pattern", "maximum")}


def _break(schema: Schema) -> None:
    """Let a reader model demand what is not sent."""
    schema["properties"]["approved_by_whom"] = {"type": "string"}
    schema.setdefault("required", []).append("approved_by_whom")


def _document(service: int, published: dict[str, Schema], handled: dict[str, Schema]) -> dict[str, Any]:
    channels, operations, messages, schemas = {}, {}, {}, dict(SHARED)
    for action, events in (("send", published), ("receive", handled)):
        for type_, schema in events.items():
            name = type_.replace(".", "_")
            channels[name] = {"address": type_, "messages": {name: {"$ref": f"#/components/messages/{name}"}}}
            operations[f"{action}_{name}"] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
            }
            messages[name] = {
                "name": type_,
                "title": name.replace("_", " ").title(),
                "summary": f"What happened to {type_.split('_')[0]}s.",
                "contentType": "application/json",
                "payload": {"$ref": f"#/components/schemas/{name}"},
            }
            schemas[name] = {"title": name, **schema}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": f"service_{service}", "version": "1.0.0", "description": f"Service {service}."},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }
