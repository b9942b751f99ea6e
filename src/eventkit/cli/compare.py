"""`eventkit compare PUBLISHER SUBSCRIBER`."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Literal

import typer

from eventkit.cli.command import command_app
from eventkit.discovery.schema_file import read_schema
from eventkit.schema import MISSING
from eventkit.schema import compare as compare_schemas
from eventkit.schema.budget import DEFAULT_BUDGET
from eventkit.schema.comparison import Comparison
from eventkit.verify.words import json_text

app = command_app()


class Format(StrEnum):
    """How the answer is written."""

    TEXT = "text"
    JSON = "json"


@app.command()
def compare(
    publisher: Annotated[
        str, typer.Argument(metavar="PUBLISHER", help="The JSON Schema of what is sent: a file, or file#/$defs/Name.")
    ],
    subscriber: Annotated[
        str, typer.Argument(metavar="SUBSCRIBER", help="The JSON Schema of what is accepted, likewise.")
    ],
    format: Annotated[Format, typer.Option(help="How the answer is written.")] = Format.TEXT,
    closed_publisher: Annotated[
        bool,
        typer.Option("--closed-publisher", help="The publisher sends no fields but those that its schema declares."),
    ] = False,
    formats: Annotated[
        Literal["assert", "annotate"], typer.Option(help="Whether `format` is asserted or an annotation.")
    ] = "assert",
    budget: Annotated[
        int, typer.Option(min=0, metavar="STEPS", help='Steps to be taken before the verdict is "unknown".')
    ] = DEFAULT_BUDGET,
) -> None:
    """Check that one JSON Schema accepts everything that another one allows."""
    comparison = compare_schemas(
        read_schema(publisher),
        read_schema(subscriber),
        closed_publisher=closed_publisher,
        formats=formats,
        budget=budget,
    )
    typer.echo(_json(comparison) if format is Format.JSON else _text(comparison))
    raise typer.Exit(0 if comparison.verdict == "compatible" else 1)


def _json(comparison: Comparison) -> str:
    answer = {
        "verdict": comparison.verdict,
        # null is a counterexample, too: that there is one is told by the verdict.
        "counterexample": None if comparison.counterexample is MISSING else comparison.counterexample,
        "problems": [
            {"code": problem.code, "path": problem.path, "message": problem.message} for problem in comparison.problems
        ],
        "reason": comparison.reason,
    }
    return json.dumps(answer, indent=2)


def _text(comparison: Comparison) -> str:
    lines = [comparison.verdict if comparison.reason is None else f"{comparison.verdict}: {comparison.reason}"]
    lines += (f"  {problem.code} {problem.path or 'the event'}: {problem.message}" for problem in comparison.problems)
    if comparison.counterexample is not MISSING:
        lines.append(f"  counterexample: {json_text(comparison.counterexample)}")
    return "\n".join(lines)
