"""The JSON Schemas of what an event's publisher sends and of what its readers accept.

pydantic's own generator serves documentation, and says a little more or less than what is true where that reads better.
Here a proof stands on it. For every event:

- what `Event.to_json` writes fits the *sent* schema (pydantic's `serialization` mode), and
- what fits the *read* schema (`validation` mode) is accepted by the reader model.

Each method below mends one place where pydantic's schema breaks one of the two. What JSON Schema cannot say stays open:
validators written in code, the calendar (30 February, leap seconds), `PastDate` and its like, the content of `Json[T]`,
the length of `bytes` in bytes, `multiple_of` of decimals in text, numbers beyond a double, strict mode's `1.0`, flags
of compiled patterns, and schemas written by hand (`WithJsonSchema`, `json_schema_extra`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from typing import Any, Final

from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core import PydanticOmit, core_schema

from eventkit.contract import decimals

# Unicode's White_Space, which is what `strip_whitespace` strips; `\s` of ECMA-262 is another set.
_NO_SPACE: Final = r"[^\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_STRIPPED: Final = rf"^(?:{_NO_SPACE}(?:[\s\S]*{_NO_SPACE})?)?$"
_DATE: Final = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME: Final = r"(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}(?:\.[0-9]{1,6})?"
# Whatever a reader of the format `time` may take for one, and the same without zone.
_ANY_TIME: Final = r"^[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:[zZ]|[+-][0-9]{2}:?[0-9]{2})?$"
# What pydantic writes: `-P1DT2.5S`.
_SECONDS: Final = r"[0-9]+(?:\.[0-9]{1,6})?S"
_CLOCK: Final = f"T(?:[0-9]+H(?:[0-9]+M)?(?:{_SECONDS})?|[0-9]+M(?:{_SECONDS})?|{_SECONDS})"
_DURATION: Final = f"^-?P(?:(?:[0-9]+Y(?:[0-9]+D)?|[0-9]+D)(?:{_CLOCK})?|{_CLOCK})$"
_RULES_OF_TEXT: Final = ("pattern", "format", "minLength", "maxLength", "allOf")
# Keys of dicts that are no text, as texts.
_NAMES: Final[dict[str, JsonSchemaValue]] = {
    "integer": {"pattern": "^-?(?:0|[1-9][0-9]*)$"},
    "number": {"pattern": r"^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?$"},
    "boolean": {"enum": ["true", "false"]},
    "null": {"const": "None"},
}
# How pydantic calls bounds of decimals (they come as any number), and what texts within them look like.
_BOUNDS: Final[dict[str, Callable[[Decimal], str]]] = {
    "ge": decimals.at_least,
    "gt": partial(decimals.at_least, above=True),
    "le": decimals.at_most,
    "lt": partial(decimals.at_most, below=True),
}


class _ContractSchema(GenerateJsonSchema):
    """What is mended in both modes."""

    @property
    def _sent(self) -> bool:
        return self.mode == "serialization"

    def generate_inner(self, schema: Any) -> JsonSchemaValue:
        """Describe what `SkipJsonSchema` hides from documents: it is sent and read all the same."""
        try:
            return super().generate_inner(schema)
        except PydanticOmit:
            return super().generate_inner({name: part for name, part in schema.items() if name != "metadata"})

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """Say that text is stripped, where rules hold for what is left of it."""
        result = super().str_schema(schema)
        ruled = "pattern" in result or result.get("minLength")
        if not (ruled and schema.get("strip_whitespace", self._config.str_strip_whitespace)):
            return result
        if not self._sent and result == {"type": "string", "minLength": 1}:
            return {**result, "pattern": _NO_SPACE}
        return {**result, "allOf": [{"pattern": _STRIPPED}]}

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        """Describe `NaiveDatetime`; other times are sent with their zone, or not at all (see `Event.to_json`)."""
        result = super().datetime_schema(schema)
        if "format" in result and schema.get("tz_constraint") == "naive":
            return {"type": "string", "format": "date-time-local", "pattern": f"^{_DATE}T{_TIME}$"}
        return result

    def time_schema(self, schema: core_schema.TimeSchema) -> JsonSchemaValue:
        """Describe times of day without a zone, too, which the format `time` does not know."""
        result = super().time_schema(schema)
        if "format" in result:
            return {
                "type": "string",
                "pattern": f"^{_TIME}(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})?$" if self._sent else _ANY_TIME,
            }
        return result

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        """Describe signs and fractions of a second, which the format `duration` does not know."""
        result = super().timedelta_schema(schema)
        if "format" in result:
            written = {"pattern": _DURATION}
            choices = {"anyOf": [{"format": "duration"}, written]}
            return {"type": "string", **(written if self._sent else choices)}
        return result

    def url_schema(self, schema: core_schema.UrlSchema) -> JsonSchemaValue:
        """Name the schemes, as `http` and `https` of HttpUrl."""
        return _with_schemes(super().url_schema(schema), schema.get("allowed_schemes"))

    def multi_host_url_schema(self, schema: core_schema.MultiHostUrlSchema) -> JsonSchemaValue:
        """Name the schemes, as `postgres` of PostgresDsn."""
        return _with_schemes(super().multi_host_url_schema(schema), schema.get("allowed_schemes"))

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Say what the keys are, and that there are no others."""
        result = super().dict_schema(schema)
        if "patternProperties" in result:
            result["additionalProperties"] = False
        elif "keys_schema" in schema and (names := self._names(self.generate_inner(schema["keys_schema"]))):
            result["propertyNames"] = names
        return result

    def _names(self, keys: JsonSchemaValue) -> JsonSchemaValue | None:
        """Return the schema of the texts that stand for keys of a dict; None where that is any text."""
        if "$ref" in keys:
            keys = self.resolve_ref_schema(keys)
        if "anyOf" in keys:
            branches = [self._names(branch) for branch in keys["anyOf"]]
            return None if None in branches else {"anyOf": branches}
        kind = keys.get("type")
        if "enum" in keys or "const" in keys:
            values = keys.get("enum") or [keys["const"]]
            if not self._sent and kind != "integer":  # a key that is text stands for no other value
                values = [value for value in values if isinstance(value, str)]
            names = [value if isinstance(value, str) else json.dumps(value) for value in values]
            return {"enum": names} if names else {"not": {}}
        if kind in _NAMES:
            return _NAMES[kind]
        return {rule: keys[rule] for rule in _RULES_OF_TEXT if rule in keys} or None

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """Say which texts and which numbers are decimals within their bounds."""
        rules = _decimal_rules(schema)
        if self._sent:
            not_finite = schema.get("allow_inf_nan", self._config.config_dict.get("allow_inf_nan", False))
            return {"type": "string"} if not_finite else _text([decimals.WRITTEN, *rules])
        return {"anyOf": [self._decimal_number(schema), _text(rules or [decimals.READ])]}

    def _decimal_number(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        rules: dict[str, Any] = {name: schema.get(name) for name in ("multiple_of", *_BOUNDS)}
        bounds: Any = {name: float(bound) for name, bound in rules.items() if bound is not None}
        result = self.float_schema(core_schema.float_schema(**bounds))
        digits, places = schema.get("max_digits"), schema.get("decimal_places")
        if digits is not None:
            places = min(digits, places or 0)
            limit = 10 ** (digits - places)
            result["allOf"] = [{"exclusiveMinimum": -limit, "exclusiveMaximum": limit}]
        if places is not None:
            result.setdefault("multipleOf", 10**-places)
        return result


class SentSchema(_ContractSchema):
    """`serialization` mode that says what is really sent, in nested models too."""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        """Require what has a default: it is always sent.

        pydantic's own switch, `json_schema_serialization_defaults_required`, is a setting of each model and does not
        reach the models inside.
        """
        if field["type"] == "typed-dict-field":
            return super().field_is_required(field, total)
        inner: Any = field["schema"]
        while inner["type"] in ("default", "nullable"):
            inner = inner["schema"]
        return field.get("serialization_exclude_if") is None and inner["type"] != "missing-sentinel"

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Add null where None is the default of a type without it: defaults are not validated."""
        result = super().default_schema(schema)
        validated = schema.get("validate_default", self._config.validate_default)
        if schema.get("default", ...) is None and not validated and not _takes_null(result):
            default = {"default": result.pop("default")}
            return {"anyOf": [result, {"type": "null"}], **default}
        return result

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Refuse to leave out a member of a union that cannot be described."""
        if kind == "skipped-choice":
            raise PydanticInvalidForJsonSchema(detail)
        super().emit_warning(kind, detail)

    def ser_schema(self, schema: Any) -> JsonSchemaValue | None:
        """Say that anything can come from a serializer that does not tell what it returns, and from a subclass.

        pydantic describes the field as if there were no serializer.
        """
        if schema["type"] == "any":  # SerializeAsAny
            return {}
        if schema["type"] in ("function-plain", "function-wrap") and "return_schema" not in schema:
            written_in = getattr(schema["function"], "__module__", None) or ""
            if written_in.partition(".")[0] != "pydantic":
                return {}
        return super().ser_schema(schema)


class ReadSchema(_ContractSchema):
    """`validation` mode that promises no more than the model accepts."""

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """Require the tag: without it no member is chosen, also where the tag has a default."""
        result = super().tagged_union_schema(schema)
        if tag := result.get("discriminator", {}).get("propertyName"):
            result["required"] = [tag]
        return result

    def model_fields_schema(self, schema: core_schema.ModelFieldsSchema) -> JsonSchemaValue:
        """Name all aliases under which a field is read."""
        return _with_aliases(super().model_fields_schema(schema), schema["fields"].items())

    def dataclass_args_schema(self, schema: core_schema.DataclassArgsSchema) -> JsonSchemaValue:
        """Name all aliases under which a field is read."""
        return _with_aliases(super().dataclass_args_schema(schema), ((each["name"], each) for each in schema["fields"]))


def _takes_null(schema: JsonSchemaValue) -> bool:
    if "anyOf" in schema:
        return any(map(_takes_null, schema["anyOf"]))
    return schema.get("type", "null") == "null" and not schema.keys() & {"$ref", "const", "enum", "allOf", "oneOf"}


def _with_aliases(result: JsonSchemaValue, fields: Iterable[tuple[str, Any]]) -> JsonSchemaValue:
    properties, required = result["properties"], result.get("required", [])
    for name, field in fields:
        aliases = field.get("validation_alias", name)
        if isinstance(aliases, str):
            continue
        paths = [aliases] if isinstance(aliases[0], str) else aliases
        first, *others = [path[0] for path in paths if len(path) == 1] or [None]
        if first is None:
            raise PydanticInvalidForJsonSchema(f"the alias of the field {name!r} is a path into another one")
        properties.update({other: properties[first] for other in others if other not in properties})
        if others and first in required:
            required.remove(first)
            result.setdefault("allOf", []).append({"anyOf": [{"required": [each]} for each in (first, *others)]})
    if not required:
        result.pop("required", None)
    return result


def _with_schemes(result: JsonSchemaValue, schemes: list[str] | None) -> JsonSchemaValue:
    if not schemes:
        return result
    in_any_case = (
        "".join(f"[{sign}{sign.upper()}]" if sign.isalpha() else f"[{sign}]" for sign in scheme) for scheme in schemes
    )
    return {**result, "pattern": f"^(?:{'|'.join(in_any_case)}):"}


def _decimal_rules(schema: core_schema.DecimalSchema) -> list[str]:
    """Return the patterns that all texts of the decimal match, as its bounds and digits demand."""
    bounds: dict[str, Any] = {name: schema.get(name) for name in _BOUNDS}
    rules = [_BOUNDS[name](Decimal(bound)) for name, bound in bounds.items() if bound is not None]
    if schema.get("max_digits") is not None or schema.get("decimal_places") is not None:
        rules.append(decimals.of_digits(schema.get("max_digits"), schema.get("decimal_places")))
    return rules


def _text(patterns: list[str]) -> JsonSchemaValue:
    """Return the schema of decimals as text that all patterns match."""
    first, *others = patterns
    result: JsonSchemaValue = {"type": "string", "format": "decimal", "pattern": first}
    if others:
        result["allOf"] = [{"pattern": pattern} for pattern in others]
    return result
