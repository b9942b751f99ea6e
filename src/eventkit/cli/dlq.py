"""`eventkit dlq list|show|replay|drop [URL] [ID...]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from eventkit.bus.protocol import Bus, DeadLetter, DeadLetters
from eventkit.cli.command import command_app
from eventkit.cli.operators import (
    URL_HELP,
    Shown,
    are_types,
    bus_to_look_at,
    no_type,
    printable,
    require_service,
    run,
    split_url,
    table,
)
from eventkit.contract.errors import ConfigurationError
from eventkit.delivery.subscription import Reason
from eventkit.verify.names import can_be_same

app = command_app()

ALL: Final = 2**31 - 1
"""More dead letters than any bus holds."""
_LONGEST_ERROR: Final = 60

Url = Annotated[str | None, typer.Argument(metavar="[URL]", help=URL_HELP, show_default=False)]
UrlAndIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="[URL] [ID]...", help=f"{URL_HELP} Then dead letters, as `list` names them."),
]
Group = Annotated[str | None, typer.Option(metavar="SERVICE", help="Those of one service.")]
Type = Annotated[
    str | None, typer.Option(metavar="TYPE", help="Those of one event type; order.* stands for several, order.> too.")
]
Why = Annotated[Reason | None, typer.Option(help="Those that were given up for this reason.")]
Format = Annotated[Shown, typer.Option(help="How they are shown.")]
All = Annotated[bool, typer.Option("--all", help="All that --group, --type and --reason leave.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.callback()
def dlq() -> None:
    """Look after dead letters: events that a service could not handle."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which dead letters are meant."""

    group: str | None
    type: str | None
    reason: Reason | None

    def __bool__(self) -> bool:
        return not self.group is self.type is self.reason is None

    def check(self) -> None:
        """Raise ConfigurationError for what can be no service, or no type."""
        if self.group is not None:
            require_service("--group", self.group)
        if self.type is not None and not are_types(self.type):
            raise no_type("--type", self.type)

    async def missing(self, bus: Bus) -> list[str]:
        """Return what to tell where nothing was found: that the service handles no events of the bus, if so."""
        known = sorted({each.group for each in await bus.lag()}) if self.group else []
        if self.group is None or self.group in known:
            return []
        who = f"these do: {', '.join(known)}" if known else "none does"
        return [f"no service {self.group} handles events of this bus; {who}"]

    async def of(self, letters: DeadLetters, limit: int) -> list[DeadLetter]:
        """Return them, the oldest first."""
        if self.type is None and self.reason is None:
            return list(await letters.list(group=self.group, limit=limit))
        found = await letters.list(group=self.group, limit=ALL)
        return [each for each in found if self._matches(each)][:limit]

    def _matches(self, letter: DeadLetter) -> bool:
        return (self.type is None or can_be_same(letter.type, self.type)) and self.reason in (None, letter.reason)


@app.command("list")
def list_(
    url: Url = None,
    group: Group = None,
    type: Type = None,
    reason: Why = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 100,
    format: Format = Shown.TEXT,
) -> None:
    """Show dead letters, the oldest first."""
    address, _ = split_url([url] if url else [])
    choice = Choice(group, type, reason)
    choice.check()

    async def look() -> list[str]:
        async with bus_to_look_at(address) as bus:
            found = await choice.of(bus.dead_letters, limit + 1)
            missing = [] if found else await choice.missing(bus)
        shown = found[:limit]
        if format is Shown.JSON:
            _write_json([_as_json(each) for each in shown])
        elif not shown:
            typer.echo("no dead letters")
        else:
            typer.echo(table(("ID", "SERVICE", "TYPE", "REASON", "SINCE", "ERROR"), list(map(_row, shown))), nl=False)
        if len(found) > limit:
            typer.echo(f"these are the oldest {limit:,}; --limit shows more", err=True)
        return missing

    _tell_missing(run(look))


@app.command()
def show(arguments: UrlAndIds = None, format: Format = Shown.TEXT) -> None:
    """Show all that is known of dead letters: headers, body, and how each call failed."""
    address, ids = split_url(arguments or [])
    _require_ids(ids)

    async def look() -> list[str]:
        async with bus_to_look_at(address) as bus:
            found = {id: await bus.dead_letters.get(id) for id in dict.fromkeys(ids)}
        letters = [each for each in found.values() if each]
        if format is Shown.JSON:
            _write_json([_as_json(each) for each in letters])
        else:
            typer.echo("\n".join(map(_page, letters)), nl=False)
        return [_no_letter(id) for id, each in found.items() if each is None]

    _tell_missing(run(look))


@app.command()
def replay(
    arguments: UrlAndIds = None,
    group: Group = None,
    type: Type = None,
    reason: Why = None,
    all: All = False,
    yes: Yes = False,
) -> None:
    """Hand dead letters to their service again, as if they had just been published for it alone."""
    _dispose("replay", lambda letters: letters.replay, arguments, Choice(group, type, reason), all=all, yes=yes)


@app.command()
def drop(
    arguments: UrlAndIds = None,
    group: Group = None,
    type: Type = None,
    reason: Why = None,
    all: All = False,
    yes: Yes = False,
) -> None:
    """Remove dead letters for good."""
    _dispose("drop", lambda letters: letters.drop, arguments, Choice(group, type, reason), all=all, yes=yes)


Deed = Callable[[Sequence[str]], Awaitable[int]]
_DONE: Final = {"replay": ("replayed", "to"), "drop": ("dropped", "of")}


def _dispose(
    verb: str,
    deed_of: Callable[[DeadLetters], Deed],
    arguments: Sequence[str] | None,
    choice: Choice,
    *,
    all: bool,
    yes: bool,
) -> None:
    address, ids = split_url(arguments or [])
    choice.check()
    if all and ids:
        raise ConfigurationError("--all is given beside dead letters by name", mend="give the one or the other")
    if not all:
        if choice:
            raise ConfigurationError("--group, --type and --reason choose from --all", mend=f"add --all to {verb} them")
        _require_ids(ids)

    async def work() -> list[str]:
        async with bus_to_look_at(address) as bus:
            letters = bus.dead_letters
            if all:
                chosen = await choice.of(letters, ALL)
                missing = [] if chosen else await choice.missing(bus)
            else:
                found = {id: await letters.get(id) for id in dict.fromkeys(ids)}
                chosen = [each for each in found.values() if each]
                missing = [_no_letter(id) for id, each in found.items() if each is None]
            by_group = _by_group(chosen)
            if all and chosen and not yes:
                _ask(verb, by_group)
            done, preposition = _DONE[verb]
            for group, several in by_group.items():
                count = await deed_of(letters)(several)
                typer.echo(f"{done} {_counted(count)} {preposition} {printable(group)}")
            if not chosen and (all or not missing):
                typer.echo("no dead letters")
            return missing

    _tell_missing(run(work))


def _by_group(letters: Iterable[DeadLetter]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for letter in letters:
        groups.setdefault(letter.group, []).append(letter.id)
    return dict(sorted(groups.items()))


def _ask(verb: str, by_group: dict[str, list[str]]) -> None:
    if not sys.stdin.isatty():
        raise ConfigurationError(f"nobody can be asked whether to {verb} them", mend="add --yes")
    preposition = _DONE[verb][1]
    parts = (f"{_counted(len(ids))} {preposition} {printable(group)}" for group, ids in by_group.items())
    typer.confirm(f"{verb} {', '.join(parts)}?", abort=True, err=True)


def _counted(count: int) -> str:
    return f"{count:,} dead letter{'' if count == 1 else 's'}"


def _require_ids(ids: Sequence[str]) -> None:
    if not ids:
        raise ConfigurationError("no dead letter is named", mend="name some, as `eventkit dlq list` shows them")


def _no_letter(id: str) -> str:
    return f"there is no dead letter {id}"


def _tell_missing(sentences: Sequence[str]) -> None:
    """Tell what was asked for and is not there, and exit with 1, if there is any."""
    for each in sentences:
        typer.echo(printable(each), err=True)
    if sentences:
        raise typer.Exit(1)


def _row(letter: DeadLetter) -> tuple[str, ...]:
    error = printable(letter.failures[-1].error) if letter.failures else ""
    return (
        printable(letter.id),
        printable(letter.group),
        printable(letter.type) or "?",
        letter.reason,
        f"{letter.at:%Y-%m-%d %H:%M:%S}Z",
        error if len(error) <= _LONGEST_ERROR else f"{error[: _LONGEST_ERROR - 1]}…",
    )


def _page(letter: DeadLetter) -> str:
    lines = [
        f"dead letter {printable(letter.id)}",
        f"  service  {printable(letter.group)}",
        f"  type     {printable(letter.type) or '?'}",
        f"  reason   {letter.reason}",
        f"  since    {letter.at:%Y-%m-%d %H:%M:%S}Z",
        "  calls",
        *(f"    {each.at:%Y-%m-%d %H:%M:%S}Z  {printable(each.error)}" for each in letter.failures),
        "  headers",
        *(f"    {printable(name)}: {printable(value)}" for name, value in sorted(letter.headers.items())),
        "  body",
        *(f"    {printable(line)}" for line in _pretty(letter.body)),
    ]
    return "".join(f"{line}\n" for line in lines)


def _pretty(body: bytes) -> list[str]:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False).splitlines()
    except (ValueError, RecursionError):
        return body.decode("utf-8", "backslashreplace").splitlines()


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "group": letter.group,
        "type": letter.type,
        "reason": letter.reason,
        "at": letter.at.isoformat(),
        "failures": [{"at": each.at.isoformat(), "error": each.error} for each in letter.failures],
        "headers": dict(letter.headers),
        "body": letter.body.decode("utf-8", "backslashreplace"),
    }


def _write_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
