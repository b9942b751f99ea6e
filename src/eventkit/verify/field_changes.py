"""What changed between two schemas of an event, in words, field by field.

The words come from walking both schemas side by side. Whether a change is safe is not told by its kind: the comparison
decides it, for the field alone. What is sent is safe when all that is sent now was allowed before; what is read, when
all that was accepted before is accepted now, undeclared fields aside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, Literal, TypeGuard

from eventkit.discovery.asyncapi.keywords import map_subschemas
from eventkit.discovery.asyncapi.text import escape
from eventkit.discovery.contract import Message
from eventkit.schema import compare
from eventkit.verify.keys import changes_key, loses_order
from eventkit.verify.words import describe, json_text

Effect = Literal["safe", "breaking", "undecided"]
_EFFECTS: Final[dict[str, Effect]] = {"compatible": "safe", "incompatible": "breaking", "unknown": "undecided"}
_ANNOTATIONS: Final = frozenset(
    {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment", "$schema", "$id"}
)
_NULL: Final = {"type": "null"}
_MOST_HOPS: Final = 30
"""References that lead from one to the next; more are a circle."""
_Schema = dict[str, Any] | bool


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One change of an event.

    Args:
        path: The field, as `/items/*/price`; "" for the event.
        words: What changed.
        effect: What it does to those who relied on the old schema.
    """

    path: str
    words: str
    effect: Effect


def field_changes(old: Message, new: Message, *, sent: bool) -> tuple[FieldChange, ...]:
    """Return what changed in an event.

    Args:
        old: The event as it was.
        new: The event as it is.
        sent: It is published; otherwise it is handled.

    Returns:
        The changes in the order of the old schema, then what is new, then the key. None where only annotations changed.
    """
    walk = _Walk(old.schema, new.schema, sent, closed=new.closed or not sent)
    changes = list(walk.changes("", old.schema, new.schema))
    whole = walk.effect(old.schema, new.schema)
    if whole != "safe" and all(change.effect == "safe" for change in changes):
        # No field shows it alone, but what the fields do together.
        changes.append(FieldChange("", "the schema as a whole changed", whole))
    return (*changes, *_key_changes(old, new, sent))


def _key_changes(old: Message, new: Message, sent: bool) -> Iterator[FieldChange]:
    """Yield how the key changed: whoever relied on the order of the old one does not get it any more."""
    if not changes_key(old, new):
        return
    now = f"is ordered by `{new.key}` now" if new.key else "has no key any more"
    was = f"was {'by' if new.key else 'ordered by'} `{old.key}`" if old.key else "was not ordered"
    # A reader model that names a key changes nothing: it is the publisher's that orders.
    yield FieldChange("", f"{now}, {was}", "breaking" if sent and loses_order(old, new) else "safe")


class _Texts:
    """Tells whether schemas say the same, however they are annotated, ordered and divided into definitions.

    Args:
        document: The schema whose definitions references lead to.
    """

    def __init__(self, document: _Schema) -> None:
        self._document = document
        self._known: dict[str, str] = {}

    def of(self, schema: _Schema) -> str:
        """Return a short text that schemas share which say the same."""
        if isinstance(schema, dict) and _is_reference(schema):
            return self._of_target(schema["$ref"])
        if not isinstance(schema, dict):
            return str(schema)
        bare = {key: value for key, value in schema.items() if key not in _ANNOTATIONS and key != "$defs"}
        if isinstance(bare.get("required"), list):
            bare["required"] = sorted(map(str, bare["required"]))
        told = map_subschemas(bare, lambda child, _: self.of(child))
        return blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()

    def _of_target(self, reference: Any) -> str:
        key = str(reference)
        if key not in self._known:
            self._known[key] = key  # where it refers to itself
            target = _target(reference, self._document)
            if target is not None:
                self._known[key] = self.of(target)
        return self._known[key]


@dataclass(slots=True)
class _Walk:
    old_document: _Schema
    new_document: _Schema
    sent: bool
    closed: bool
    _old_texts: _Texts = field(init=False)
    _new_texts: _Texts = field(init=False)
    _way: list[tuple[str, str]] = field(default_factory=list)
    """The pairs of schemas that the walk is in: one that is met again has no end."""

    def __post_init__(self) -> None:
        self._old_texts, self._new_texts = _Texts(self.old_document), _Texts(self.new_document)

    def changes(self, path: str, old: _Schema, new: _Schema) -> Iterator[FieldChange]:
        """Yield what changed at a place and below it."""
        texts = self._old_texts.of(old), self._new_texts.of(new)
        if texts[0] != texts[1] and texts not in self._way:
            self._way.append(texts)
            yield from self._changes(path, old, new)
            self._way.pop()

    def _changes(self, path: str, old: _Schema, new: _Schema) -> Iterator[FieldChange]:
        old, new = _followed(old, self.old_document), _followed(new, self.new_document)
        (old, old_null), (new, new_null) = _without_null(old), _without_null(new)
        if old_null != new_null:
            words = (
                ("is never null any more", "can be null now") if self.sent else ("rejects null now", "accepts null now")
            )
            nullable = {"anyOf": [_with_definitions(old, self.old_document), _NULL]}
            yield self._change(path, words[new_null], nullable if old_null else old, nullable if new_null else old)
        old, new = _followed(old, self.old_document), _followed(new, self.new_document)
        if _is_object(old) and _is_object(new):
            yield from self._object(path, old, new)
        elif _is_list(old) and _is_list(new):
            yield from self._rest(path, old, new, ("items",))
            yield from self.changes(f"{path}/*", old["items"], new["items"])
        elif self._old_texts.of(old) != self._new_texts.of(new):
            yield self._change(path, self._difference(old, new), old, new)

    def effect(self, old: _Schema, new: _Schema) -> Effect:
        """Return what it does that one schema takes the place of the other."""
        old, new = _with_definitions(old, self.old_document), _with_definitions(new, self.new_document)
        publisher, subscriber = (new, old) if self.sent else (old, new)
        return _EFFECTS[compare(publisher, subscriber, closed_publisher=self.closed).verdict]

    def _change(self, path: str, words: str, old: _Schema, new: _Schema) -> FieldChange:
        return FieldChange(path, words, self.effect(old, new))

    def _object(self, path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[FieldChange]:
        yield from self._rest(path, old, new, ("properties", "required"))
        before, after = old["properties"], new["properties"]
        for name in [*before, *(name for name in after if name not in before)]:
            here = f"{path}/{escape(name)}"
            was, is_ = _alone(name, old), _alone(name, new)
            if name not in before or name not in after:
                yield self._change(here, self._came_or_went(name, before, new), was, is_)
                continue
            required = name in old.get("required", ()), name in new.get("required", ())
            if required[0] != required[1]:
                words = (
                    ("is not always sent any more", "is always sent now")
                    if self.sent
                    else ("is optional now", "is required now")
                )
                yield self._change(here, words[required[1]], was, {**was, "required": is_["required"]})
            yield from self.changes(here, before[name], after[name])

    def _came_or_went(self, name: str, before: Mapping[str, Any], new: dict[str, Any]) -> str:
        if name in before:
            return "is not sent any more" if self.sent else "is not read any more"
        required = name in new.get("required", ())
        if self.sent:
            return "is new" if required else "is new, and not always sent"
        return "is new, and required" if required else "is new, and optional"

    def _rest(
        self, path: str, old: dict[str, Any], new: dict[str, Any], known: tuple[str, ...]
    ) -> Iterator[FieldChange]:
        """Yield what changed beside the keywords that are looked at on their own."""
        was = {key: value for key, value in old.items() if key not in known}
        is_ = {key: value for key, value in new.items() if key not in known}
        if self._old_texts.of(was) != self._new_texts.of(is_):
            yield self._change(path, self._difference(was, is_), was, is_)

    def _difference(self, old: _Schema, new: _Schema) -> str:
        was, is_ = _values(old), _values(new)
        if was and is_:
            more = [json_text(value) for value in is_ if value not in was]
            less = [json_text(value) for value in was if value not in is_]
            said = [f"can be {' and '.join(more)}, too" if self.sent else f"accepts {' and '.join(more)}, too"] * bool(
                more
            )
            never = "is never" if self.sent else "rejects"
            said += [
                f"{never} {' and '.join(less)} any more" if self.sent else f"{never} {' and '.join(less)} now"
            ] * bool(less)
            if said:
                return ", and ".join(said)
        before = describe(_with_definitions(old, self.old_document), "#")
        after = describe(_with_definitions(new, self.new_document), "#")
        return f"was {before}, is {after}" if before != after else f"is {after} under other conditions"


def _followed(schema: _Schema, document: _Schema) -> _Schema:
    """Return what a schema that is only a reference refers to."""
    for _ in range(_MOST_HOPS):
        if not isinstance(schema, dict) or not _is_reference(schema):
            break
        target = _target(schema["$ref"], document)
        if target is None:
            break
        schema = target
    return schema


def _is_reference(schema: dict[str, Any]) -> bool:
    return schema.keys() - _ANNOTATIONS - {"$defs"} == {"$ref"}


def _target(reference: Any, document: _Schema) -> _Schema | None:
    definitions = document.get("$defs", {}) if isinstance(document, dict) else {}
    name = reference.removeprefix("#/$defs/") if isinstance(reference, str) else ""
    target = definitions.get(name)
    return target if isinstance(target, dict | bool) else None


def _without_null(schema: _Schema) -> tuple[_Schema, bool]:
    """Return a schema that may be null without that, and whether it was so."""
    if isinstance(schema, dict):
        for keyword in ("anyOf", "oneOf"):
            branches = schema.get(keyword)
            if isinstance(branches, list) and schema.keys() - _ANNOTATIONS == {keyword}:
                others = [branch for branch in branches if branch != _NULL]
                if len(others) < len(branches):
                    return (others[0] if len(others) == 1 else {keyword: others}), True
        types = schema.get("type")
        if isinstance(types, list) and "null" in types and len(types) > 1 and "enum" not in schema:
            others = [name for name in types if name != "null"]
            return {**schema, "type": others[0] if len(others) == 1 else others}, True
    return schema, False


def _is_object(schema: _Schema) -> TypeGuard[dict[str, Any]]:
    return isinstance(schema, dict) and isinstance(schema.get("properties"), dict)


def _is_list(schema: _Schema) -> TypeGuard[dict[str, Any]]:
    return isinstance(schema, dict) and isinstance(schema.get("items"), dict | bool)


def _alone(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return what an object's schema says of one property."""
    properties = {name: schema["properties"][name]} if name in schema["properties"] else {}
    alone = {
        "type": "object",
        "properties": properties,
        "required": [name] if name in schema.get("required", ()) else [],
    }
    extra = schema.get("additionalProperties")
    return alone if extra is None or properties else {**alone, "additionalProperties": extra}


def _values(schema: _Schema) -> list[Any]:
    if not isinstance(schema, dict):
        return []
    listed = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return listed if isinstance(listed, list) else []


def _with_definitions(schema: _Schema, document: _Schema) -> _Schema:
    """Return a part of a document as a schema of its own."""
    if not isinstance(schema, dict) or not isinstance(document, dict) or "$defs" not in document:
        return schema
    return {**schema, "$defs": document["$defs"]}
