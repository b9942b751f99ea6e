"""What other validators say of a value, and a check of one verdict against them.

`python tests/schema/oracles.py 1000000` makes a long run.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import jsonschema_rs
from referencing.exceptions import Unresolvable

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from eventkit.schema import Comparison, compare
from tests.schema.generator import Generator

_PYTHON = {"2020-12": jsonschema.Draft202012Validator, "draft-07": jsonschema.Draft7Validator}
_RUST = {"2020-12": jsonschema_rs.Draft202012Validator, "draft-07": jsonschema_rs.Draft7Validator}


def python_accepts(schema: Any, value: Any, dialect: str = "2020-12", *, formats: bool = False) -> bool:
    """Ask jsonschema; it checks only those formats whose packages are installed."""
    validator = _PYTHON[dialect]
    return bool(validator(schema, format_checker=validator.FORMAT_CHECKER if formats else None).is_valid(value))


def rust_accepts(schema: Any, value: Any, dialect: str = "2020-12", *, formats: bool = False) -> bool:
    """Ask jsonschema-rs."""
    return bool(_RUST[dialect](schema, validate_formats=formats).is_valid(value))


def is_confirmed(publisher: Any, subscriber: Any, value: Any, dialect: str = "2020-12", *, formats: bool) -> bool:
    """Tell whether both validators take a value for a counterexample.

    Where formats are asserted, one that rejects it on the subscriber's side will do: neither knows all formats.
    """
    answers = []
    for accepts in (python_accepts, rust_accepts):
        try:
            if not accepts(publisher, value, dialect, formats=formats):
                return False
            answers.append(not accepts(subscriber, value, dialect, formats=formats))
        except re.error:
            continue  # a pattern of ECMA-262 that Python cannot read
    return any(answers) if formats else all(answers)


def contradiction(
    generator: Generator, publisher: Any, subscriber: Any, comparison: Comparison, *, samples: int = 25
) -> str | None:
    """Return what speaks against a verdict: an unconfirmed counterexample, or a sample that the verdict overlooked."""
    dialect, formats = generator.dialect, generator.formats
    if comparison.verdict == "incompatible":
        value = comparison.counterexample
        try:
            confirmed = is_confirmed(publisher, subscriber, value, dialect, formats=formats)
        except (RecursionError, TypeError, ValueError, Unresolvable):
            return None  # a schema that these validators do not take
        return None if confirmed else f"not a counterexample: {json.dumps(value)}"
    if comparison.verdict == "unknown":
        return None
    try:
        sent = _RUST[dialect](publisher, validate_formats=formats)
        accepted = _RUST[dialect](subscriber, validate_formats=formats)
    except ValueError:
        return None
    values = [generator.value(2) for _ in range(samples // 2)]
    events = [value for value in values if sent.is_valid(value)]
    for _ in range(samples):
        value = generator.value_near(generator.random.choice(events or values))
        if sent.is_valid(value):
            events.append(value)
    overlooked = [value for value in events if not accepted.is_valid(value)]
    return f"overlooked: {json.dumps(overlooked[0])}" if overlooked else None


def check_seed(seed: int) -> tuple[str, str | None]:
    """Compare the pair of schemas that belongs to a seed; return the verdict, and what speaks against it."""
    generator = Generator(Random(seed), "2020-12" if seed % 3 else "draft-07", formats=seed % 5 == 0)
    publisher, subscriber = generator.pair()
    comparison = compare(publisher, subscriber, dialect=generator.dialect, formats=_policy(generator))
    found = contradiction(generator, publisher, subscriber, comparison)
    if found is not None:
        found = f"seed {seed}, {generator.dialect}: {found} for {json.dumps(publisher)} and {json.dumps(subscriber)}"
    return comparison.verdict, found


def _policy(generator: Generator) -> Any:
    return "assert" if generator.formats else "annotate"


def long_run(count: int, start: int = 0) -> int:
    """Check many seeds, print what is found, and return the number of contradictions."""
    verdicts: Counter[str] = Counter()
    contradictions = 0
    for seed in range(start, start + count):
        verdict, found = check_seed(seed)
        verdicts[verdict] += 1
        if found is not None:
            contradictions += 1
            print(found, flush=True)
    print(f"{count} pairs: {dict(verdicts)}, {contradictions} contradictions")
    return contradictions


if __name__ == "__main__":
    raise SystemExit(long_run(*map(int, sys.argv[1:])) > 0)
