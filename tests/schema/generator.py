"""Random pairs of schemas, and random values that have something to do with them.

Everything is drawn from a small vocabulary, so that two schemas often speak of the same keys, numbers and texts. The
generator takes a `random.Random`: Hypothesis gives one (`st.randoms`), and long runs make their own.
"""

from __future__ import annotations

import copy
from random import Random
from typing import Any

NAMES = ["a", "b", "c", "id", "ab"]
TEXTS = ["", "a", "b", "ab", "abc", "aab", "1", "x-1", "2024-01-01"]
NUMBERS: list[Any] = [-1, 0, 1, 2, 3, 5, 10, 0.5, 1.5, 2.5, 1.0]
PATTERNS = ["a", "^a", "b$", "^[ab]+$", "^a{1,2}$", "^(a|bc)*$", "^.{2}$", "[0-9]", "^(?!a)", "^x-"]
FORMATS = ["date", "uuid", "email", "ipv4"]
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
SCALARS: list[Any] = [None, True, False, *NUMBERS, *TEXTS]


class Generator:
    """Draws schemas of one dialect, whose references lead to a few definitions.

    Args:
        random: the source of randomness.
        dialect: "2020-12" or "draft-07".
        formats: whether `format` is used.
    """

    def __init__(self, random: Random, dialect: str = "2020-12", *, formats: bool = False) -> None:
        self.random = random
        self.dialect = dialect
        self.formats = formats
        self._definitions = "$defs" if dialect == "2020-12" else "definitions"

    def pair(self) -> tuple[Any, Any]:
        """Return a publisher's schema and a subscriber's, which is often a variation of it."""
        publisher = self.document()
        way = self.random.random()
        if way < 0.45:
            return publisher, self.varied(publisher)
        if way < 0.6:
            return self.varied(publisher), publisher
        return publisher, self.document()

    def document(self) -> Any:
        """Return a schema with the definitions that it refers to."""
        return self._defined(self.schema(self.random.choice([1, 2, 2, 3])))

    def _defined(self, schema: Any) -> Any:
        if not isinstance(schema, dict) or "$ref" not in str(schema) or self._definitions in schema:
            return schema
        definitions = {name: self.schema(2) for name in ("A", "B")}
        definitions = {name: d if d != {"$ref": self._reference(name)} else {} for name, d in definitions.items()}
        return {self._definitions: definitions, **schema}

    def _reference(self, name: str) -> str:
        return f"#/{self._definitions}/{name}"

    def varied(self, schema: Any) -> Any:
        """Return a schema with a few places drawn anew."""
        schema = copy.deepcopy(schema)
        for _ in range(self.random.choice([1, 1, 1, 2, 3])):
            places = [place for place in _places(schema) if "$ref" not in str(place[0][place[1]])]
            if not places:
                return self.document()
            holder, key = self.random.choice(places)
            if self.random.random() < 0.3 and isinstance(holder, dict):
                del holder[key]
            else:
                holder[key] = _replaced(self, key, holder[key])
        return self._defined(schema)

    def schema(self, depth: int) -> Any:
        random = self.random
        way = random.random()
        if way < 0.04:
            return random.random() < 0.6
        if way < 0.1 and depth > 0:
            return {"$ref": self._reference(random.choice("AB"))}
        if way < 0.3 and depth > 0:
            return self.combination(depth)
        if way < 0.38:
            return {"enum": [self.value(1) for _ in range(random.randint(1, 3))]}
        if way < 0.42:
            return {"const": self.value(1)}
        schema: dict[str, Any] = {}
        kinds = random.sample(TYPES, random.choice([1, 1, 1, 1, 2, 3]))
        if random.random() < 0.85:
            schema["type"] = kinds[0] if len(kinds) == 1 else kinds
        for kind in kinds:
            self.keywords(schema, kind, depth)
        if depth > 0 and random.random() < 0.12:
            schema.update(self.combination(depth))
        return schema

    def combination(self, depth: int) -> dict[str, Any]:
        keyword = self.random.choice(["anyOf", "anyOf", "oneOf", "allOf", "not", "if"])
        if keyword == "not":
            return {"not": self.schema(depth - 1)}
        if keyword == "if":
            parts = {name: self.schema(depth - 1) for name in ("then", "else") if self.random.random() < 0.7}
            return {"if": self.schema(depth - 1), **parts}
        return {keyword: [self.schema(depth - 1) for _ in range(self.random.randint(1, 3))]}

    def keywords(self, schema: dict[str, Any], kind: str, depth: int) -> None:
        """Add a few keywords for a type."""
        for keyword in self._choices(kind, depth):
            if self.random.random() < (0.55 if keyword in ("properties", "items") else 0.22):
                schema[keyword] = self.argument(keyword, depth)

    def _choices(self, kind: str, depth: int) -> list[str]:
        new = self.dialect == "2020-12"
        if kind in ("integer", "number"):
            return ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]
        if kind == "string":
            return ["minLength", "maxLength", "pattern", *(["format"] if self.formats else [])]
        if kind == "array":
            inner = ["items", "contains", "prefixItems" if new else "additionalItems"] if depth > 0 else []
            if new and depth > 0:
                inner += ["minContains", "maxContains", "unevaluatedItems"]
            return [*inner, "minItems", "maxItems", "uniqueItems"]
        if kind == "object":
            inner = ["properties", "patternProperties", "additionalProperties", "propertyNames"] if depth > 0 else []
            if depth > 0:
                inner += ["dependentSchemas", "unevaluatedProperties"] if new else ["dependencies"]
            if new:
                inner.append("dependentRequired")
            return [*inner, "required", "required", "minProperties", "maxProperties"]
        return []

    def argument(self, keyword: str, depth: int) -> Any:  # noqa: C901 - a table, one row a keyword
        """Return a value for a keyword."""
        random = self.random
        if keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            return random.choice(NUMBERS)
        if keyword == "multipleOf":
            return random.choice([1, 2, 3, 0.5, 1.5])
        if keyword == "uniqueItems":
            return True
        if keyword == "pattern":
            return random.choice(PATTERNS)
        if keyword == "format":
            return random.choice(FORMATS if self.dialect == "2020-12" else [name for name in FORMATS if name != "uuid"])
        if keyword.startswith(("min", "max")):
            return random.choice([0, 1, 1, 2, 3])
        if keyword == "required":
            return random.sample(NAMES, random.choice([1, 1, 2]))
        if keyword == "dependentRequired":
            return {random.choice(NAMES): random.sample(NAMES, random.choice([1, 2]))}
        if keyword in ("properties", "dependentSchemas"):
            number = random.choice([1, 1, 2, 3]) if keyword == "properties" else 1
            return {name: self.schema(depth - 1) for name in random.sample(NAMES, number)}
        if keyword == "dependencies":
            return {random.choice(NAMES): random.choice([random.sample(NAMES, 1), self.schema(depth - 1)])}
        if keyword == "patternProperties":
            return {random.choice(PATTERNS): self.schema(depth - 1)}
        if keyword == "propertyNames":
            return random.choice([{"pattern": random.choice(PATTERNS)}, {"maxLength": 1}, {"enum": NAMES[:2]}])
        if keyword == "prefixItems" or (keyword == "items" and self.dialect != "2020-12" and random.random() < 0.4):
            return [self.schema(depth - 1) for _ in range(random.randint(1, 2))]
        return self.schema(depth - 1)

    def value(self, depth: int) -> Any:
        """Return a value made of the vocabulary."""
        random = self.random
        way = random.random()
        if depth > 0 and way < 0.25:
            return {name: self.value(depth - 1) for name in random.sample(NAMES, random.randint(0, 3))}
        if depth > 0 and way < 0.4:
            return [self.value(depth - 1) for _ in range(random.randint(0, 3))]
        return random.choice(SCALARS)

    def value_near(self, value: Any) -> Any:
        """Return a value that differs a little."""
        random = self.random
        if isinstance(value, dict):
            changed = dict(value)
            way = random.random()
            if changed and way < 0.35:
                del changed[random.choice(list(changed))]
            elif changed and way < 0.75:
                name = random.choice(list(changed))
                changed[name] = self.value_near(changed[name])
            else:
                changed[random.choice(NAMES)] = self.value(1)
            return changed
        if isinstance(value, list) and random.random() < 0.8:
            changed_items = list(value)
            if changed_items and random.random() < 0.7:
                index = random.randrange(len(changed_items))
                changed_items[index] = self.value_near(changed_items[index])
            elif changed_items and random.random() < 0.5:
                changed_items.pop()
            else:
                changed_items.append(random.choice([*changed_items, self.value(1)]))
            return changed_items
        return self.value(2)


def _places(schema: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    todo = [schema]
    while todo:
        part = todo.pop()
        keys = part.keys() if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
        for key in keys:
            if key not in ("$defs", "definitions"):
                found.append((part, key))
            todo.append(part[key])
    return found


def _replaced(generator: Generator, key: Any, old: Any) -> Any:
    """Return something else that may stand in the same place of a schema."""
    if isinstance(old, bool) and key == "uniqueItems":
        return not old
    if isinstance(old, dict | bool) and key not in ("properties", "patternProperties", "const", "dependencies"):
        return generator.schema(1)
    if key == "const":
        return generator.value(1)
    if key == "enum":
        return [*old, generator.value(1)]
    if key == "type":
        return generator.random.choice(TYPES)
    if key == "required":
        return generator.argument("required", 1)
    if isinstance(old, int | float) and key != "multipleOf" and not isinstance(old, bool):
        number = old + generator.random.choice([1, -1])
        whole = isinstance(key, str) and key.startswith(("min", "max")) and key not in ("minimum", "maximum")
        return max(0, number) if whole else number
    if key == "pattern":
        return generator.random.choice(PATTERNS)
    return old
