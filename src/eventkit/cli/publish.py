"""`eventkit publish [URL] TYPE JSON`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from eventkit.bus.connect import connect, redact
from eventkit.cli.command import command_app
from eventkit.cli.failure import describe
from eventkit.cli.landscape import chosen_landscape
from eventkit.cli.operators import URL_HELP, no_type, printable, run, split_url
from eventkit.contract.attributes import is_attribute
from eventkit.contract.envelope import Envelope, dataschema_of, new_id
from eventkit.contract.errors import ConfigurationError, EnvelopeError, PublishError
from eventkit.contract.event import EventType, is_type_name
from eventkit.contract.strict_json import DEFAULT_LIMITS, StrictJSONError, loads
from eventkit.verify.declared import Contracts, Declared, problems

app = command_app()

SOURCE: Final = "eventkit-cli"
"""Who publishes an event that no contract was asked about."""


@app.command()
def publish(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="[URL] TYPE JSON", help=f"{URL_HELP} Then the event's type and its JSON; or @FILE, or - for stdin."
        ),
    ],
    version: Annotated[
        int | None, typer.Option(min=1, help="The version.", show_default="the newest that is declared")
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="SERVICE", help="Who publishes it.", show_default="who declares it")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The key that orders it.", show_default="the declared field of the event")
    ] = None,
    validate: Annotated[
        bool, typer.Option("--validate/--no-validate", help="Whether to ask the contracts of the project.")
    ] = True,
) -> None:
    """Publish one event by hand, if its publisher's contract allows it.

    The contracts are those of the configured sources. Exit status 1: the event is not valid, and was not published.
    """
    url, rest = split_url(arguments)
    if len(rest) != 2:
        raise ConfigurationError(
            "publishing needs a type and the event", mend="""write: eventkit publish URL order.created '{"id": "a"}'"""
        )
    name, text = rest
    if not is_type_name(name):
        raise no_type("TYPE", name, several=False)
    data = _data(text)
    try:
        _check_json(data)
        if validate:
            contracts = _contracts()
            declared = _declared(contracts, name, version, source)
            _check(declared, data)
            version, source, key = declared.message.event.version, declared.service, _key(declared, data, key)
        envelope = _envelope(EventType(name, version or 1), source or SOURCE, key, data)
    except (PublishError, EnvelopeError) as error:
        sys.stderr.write(describe(error))
        raise typer.Exit(1) from None

    async def work() -> None:
        async with connect(url) as bus:
            await bus.publish(envelope)

    run(work)
    typer.echo(f"published {envelope.event_type} of {envelope.source} as {envelope.id} to {redact(url)}")


def _data(text: str) -> bytes:
    if text == "-":
        return sys.stdin.buffer.read().strip()
    if text.startswith("@"):
        return Path(text[1:]).read_bytes().strip()
    return text.strip().encode()


def _check_json(data: bytes) -> None:
    size, limit = len(data), DEFAULT_LIMITS.max_bytes
    if size > limit:
        raise PublishError(
            f"the event has {size:,} bytes, more than the limit of {limit:,}", mend="send less, or a reference to it"
        )
    try:
        loads(data)
    except StrictJSONError as error:
        raise PublishError(
            f"the event cannot be published: {error}", mend="correct the JSON; in a shell, put it in quotes"
        ) from None


def _contracts() -> Contracts:
    """Return the contracts of the project in which the command runs."""
    try:
        return Contracts(chosen_landscape(None))
    except ConfigurationError as error:
        mend = f"{error.mend}; or give --no-validate" if error.mend else "give --no-validate to ask no contract"
        raise ConfigurationError(error.what, where=error.where, mend=mend) from None


def _declared(contracts: Contracts, name: str, version: int | None, source: str | None) -> Declared:
    """Return the one contract that is meant."""
    found = contracts.publishers(name, version, source)
    if not found:
        known = ", ".join(map(str, (each.message.event for each in contracts.publishers(name)))) or ", ".join(
            dict.fromkeys(each.name for each in contracts.published)
        )
        by = f" by {source}" if source else ""
        raise PublishError(
            f"no contract of the project says that {name}{f' v{version}' if version else ''} is published{by}",
            mend=f"use one of: {known or 'none is declared'}; or give --no-validate",
        )
    newest = max(each.message.event.version for each in found)
    newest_ones = [each for each in found if each.message.event.version == newest]
    if len(newest_ones) > 1:
        raise PublishError(
            f"{name} is published by several services",
            mend=f"say for whom: --source {' or --source '.join(each.service for each in newest_ones)}",
        )
    return newest_ones[0]


def _check(declared: Declared, data: bytes) -> None:
    found = problems(declared, data, role="contract")
    if found:
        raise PublishError(
            f"the event is not what {declared.service} publishes as {declared.message.event}\n"
            + "\n".join(f"         {printable(each)}" for each in found),
            mend="correct the event, or give --no-validate",
        )


def _key(declared: Declared, data: bytes, given: str | None) -> str | None:
    """Return the key that is given, or else the one that the event's publisher would send."""
    field = declared.message.key
    if given is not None or field is None:
        return given
    event = loads(data)
    if not isinstance(event, dict) or field not in event:
        raise PublishError(f"the event does not show its key {field!r}, by which it is ordered", mend="give --key")
    value = event[field]
    return value if value is None or isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _envelope(event: EventType, source: str, key: str | None, data: bytes) -> Envelope:
    if key is not None and not is_attribute(key):
        raise PublishError("the key is no CloudEvents attribute", mend="give text without control characters")
    id = new_id()
    return Envelope(
        id=id,
        source=source,
        type=event.name,
        data=data,
        time=datetime.now(UTC),
        subject=key,
        dataschema=dataschema_of(event),
        key=key,
        correlation=id,
    )
