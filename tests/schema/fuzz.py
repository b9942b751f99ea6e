"""Hostile schemas for a time: `python tests/schema/fuzz.py 3600` looks for what must never happen.

That is an exception, a verdict that validators refute, an answer that takes far longer than its budget, and memory
beyond the limit. A finding is printed with its seed: `python tests/schema/fuzz.py 0 SEED` repeats it.
"""

from __future__ import annotations

import copy
import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import jsonschema_rs

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from eventkit.schema import Comparison, compare
from tests.schema.generator import SCALARS, Generator
from tests.schema.oracles import contradiction
from tests.schema.test_hostile import KEYWORDS

BUDGET = 50_000
MOST_SECONDS = 5.0
"""Of the processor: ten times what the budget lasts for on a slow machine, so that only work that is not counted goes
beyond it."""
MOST_MEGABYTES = 300

NASTY: list[Any] = [
    *SCALARS, float("inf"), float("nan"), 10**400, -(10**30), 1e308, 5e-324, 2**53 + 1, "\ud800", "\x00", "\U0001f432",
    "a" * 5_000, "(a+)+$", "(?<=a)b", "(a)\\1", "[", "\\", "#", "#/$defs/A", "#/properties/a", "#A", "a~1b", "http://[",
    "$ref", [], {}, [[]], True, False,
]  # fmt: skip
NAMES = ["a", "b", "", "~/", "\x00", "$ref", "type", "kind"]


def junk(random: Random, depth: int) -> Any:
    """Return JSON that uses the keywords of schemas, and mostly is none."""
    way = random.random()
    if depth and way < 0.6:
        names = [random.choice(KEYWORDS if random.random() < 0.8 else NAMES) for _ in range(random.randint(1, 4))]
        return {name: junk(random, depth - 1) for name in names}
    if depth and way < 0.75:
        return [junk(random, depth - 1) for _ in range(random.randint(0, 3))]
    return copy.deepcopy(random.choice(NASTY))


def damaged(random: Random, schema: Any) -> Any:
    """Return a schema in which a few places were replaced by junk, by other places of it, or wrapped many times."""
    text = json.dumps(schema)
    schema = {"a": json.loads(text)}
    for _ in range(random.randint(1, 4)):
        holder: Any = schema
        key: Any = "a"
        while isinstance(holder[key], dict | list) and holder[key] and random.random() < 0.8:
            holder = holder[key]
            key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        way = random.random()
        if way < 0.5:
            holder[key] = junk(random, 2)
        elif way < 0.7:
            holder[key] = json.loads(text)
        else:
            keyword = random.choice(["not", "items", "additionalProperties", "if", "allOf", "anyOf", "oneOf"])
            for _ in range(random.choice([1, 2, 30, 200])):
                holder[key] = {keyword: [holder[key]] if keyword.endswith("Of") else holder[key]}
    return schema["a"]


def pair(random: Random, generator: Generator) -> tuple[Any, Any]:
    """Return two schemas: of the generator, damaged, from bytes, or junk."""
    publisher, subscriber = generator.pair()
    way = random.random()
    if way < 0.3:
        return damaged(random, publisher), damaged(random, subscriber)
    if way < 0.6:
        return damaged(random, publisher), subscriber
    if way < 0.75:
        return publisher, damaged(random, publisher)
    if way < 0.85:
        text = bytearray(json.dumps(publisher).encode())
        for _ in range(random.randint(1, 3)):
            text[random.randrange(len(text))] = random.choice(b'{}[]",:0129aeE-.tfn$')
        try:
            return json.loads(text), subscriber
        except ValueError:
            return publisher, subscriber
    return junk(random, 4), junk(random, 4)


def check(seed: int) -> tuple[str, str | None]:
    """Compare the pair of a seed; return the verdict, and what must not happen if it did."""
    random = Random(seed)
    generator = Generator(random, random.choice(["2020-12", "draft-07"]), formats=random.random() < 0.2)
    publisher, subscriber = pair(random, generator)
    closed = random.random() < 0.2
    begun = time.process_time()
    try:
        comparison = compare(
            publisher,
            subscriber,
            closed_publisher=closed,
            formats="assert" if generator.formats else "annotate",
            dialect=generator.dialect,  # type: ignore[arg-type]
            budget=BUDGET,
        )
        took = time.process_time() - begun
        found = None if closed else _refuted(generator, publisher, subscriber, comparison)
    except Exception as error:  # noqa: BLE001 - it is what is looked for
        return "raised", f"{type(error).__name__}: {error}"
    if took > MOST_SECONDS:
        found = f"took {took:.1f} s"
    return comparison.verdict, found


def _refuted(generator: Generator, publisher: Any, subscriber: Any, comparison: Comparison) -> str | None:
    """Ask the validators, if both take the schemas for well formed; where one does not, there is nothing to ask."""
    if comparison.verdict == "unknown":
        return None
    python, rust = {
        "2020-12": (jsonschema.Draft202012Validator, jsonschema_rs.Draft202012Validator),
        "draft-07": (jsonschema.Draft7Validator, jsonschema_rs.Draft7Validator),
    }[generator.dialect]
    for schema in (publisher, subscriber):
        try:
            if not isinstance(schema, dict | bool) or "$schema" in json.dumps(schema) or _is_beyond_floats(schema):
                return None
            python.check_schema(schema)
            rust(schema)
        except Exception:  # noqa: BLE001 - whatever they do not take
            return None
    return contradiction(generator, publisher, subscriber, comparison, samples=10)


def _is_beyond_floats(schema: Any) -> bool:
    """Tell whether a schema has numbers that validators calculate with only roughly."""
    numbers: list[str] = []
    json.loads(json.dumps(schema), parse_int=numbers.append, parse_float=numbers.append, parse_constant=numbers.append)
    return any(not 1e-15 < abs(float(number)) < 1e15 for number in numbers if float(number))


def megabytes() -> float:
    """Return the most memory that this process had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def run(seconds: float, seed: int = 0) -> int:
    """Check one seed after the other for a time, at least one; print and count what is found."""
    until = time.monotonic() + seconds
    verdicts: Counter[str] = Counter()
    findings = 0
    while True:
        verdict, found = check(seed)
        verdicts[verdict] += 1
        if found is not None:
            findings += 1
            print(f"seed {seed}: {found}", flush=True)
        seed += 1
        if time.monotonic() >= until:
            break
    if megabytes() > MOST_MEGABYTES:
        findings += 1
    print(f"{verdicts.total()} pairs: {dict(verdicts)}, {findings} findings, {megabytes():.0f} MB at most")
    return findings


if __name__ == "__main__":
    raise SystemExit(run(float(sys.argv[1]), *map(int, sys.argv[2:])) > 0)
