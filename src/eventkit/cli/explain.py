"""`eventkit explain CODE`."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from eventkit.cli.command import command_app
from eventkit.contract.errors import ConfigurationError
from eventkit.verify.rules import RULES, Rule

app = command_app()


def _codes(incomplete: str) -> list[tuple[str, str]]:
    """Return the codes that a shell may complete, in the case in which they are typed, with their titles."""
    rows = ((code.lower() if incomplete[:1].islower() else code, rule.title) for code, rule in RULES.items())
    return [(code, title) for code, title in rows if code.startswith(incomplete)]


@app.command()
def explain(
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="The code of a finding, as EK102.", autocompletion=_codes)
    ],
) -> None:
    """Say what a finding means, why it matters, and how to mend it."""
    rule = RULES.get(code.upper())
    if rule is None:
        raise ConfigurationError(f"no finding has the code {code!r}", mend=f"use one of: {', '.join(RULES)}")
    typer.echo(_page(rule))


def _page(rule: Rule) -> str:
    return (
        f"{rule.severity}[{rule.code}]: {rule.title}\n"
        f"\nWhy it matters\n{_paragraph(rule.why)}\n"
        f"\nExample\n{textwrap.indent(rule.example, '  ')}\n"
        f"\nHow to mend it\n{_paragraph(rule.mend)}"
    )


def _paragraph(text: str) -> str:
    return textwrap.fill(text, width=100, initial_indent="  ", subsequent_indent="  ")
