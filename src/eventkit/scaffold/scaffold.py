"""`scaffold`: writes a service, or adds events and clients to one that was written before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.contract import Contract
from eventkit.scaffold.files import RECORD, Change, Record, compare, read_record, write
from eventkit.scaffold.names import ClientName, EventName, ServiceName
from eventkit.scaffold.plan import Plan, reader_of
from eventkit.scaffold.render import render


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What is to be done for one service.

    Args:
        folder: The service's folder.
        plan: The whole service: what was asked for before, and what is asked for now.
        changes: What becomes of each file.
        record: What the folder remembers of earlier runs, with what is asked for now.
    """

    folder: Path
    plan: Plan
    changes: tuple[Change, ...]
    record: Record

    @property
    def is_new(self) -> bool:
        """Whether nothing was written in the folder before."""
        return not self.record.files

    @property
    def has_conflicts(self) -> bool:
        """Whether something has to be added by hand."""
        return any(change.addition for change in self.changes)

    def write(self) -> None:
        """Write what is new. To files that were edited it is added, or they are left as they are."""
        write(self.folder, self.changes, self.record)


def prepare(asked: Plan, directory: Path, known: Callable[[], Sequence[Contract]]) -> Scaffold:
    """Tell what is to be done for a service, without doing it.

    Args:
        asked: What is asked for now.
        directory: The folder in which the service's folder lies.
        known: Finds the contracts of other services, with which new reader models begin. Called where there are such.

    Raises:
        ConfigurationError: The folder is not one of a scaffold, the service would neither publish nor handle an event,
            or old and new names do not go together.
    """
    if directory.exists() and not directory.is_dir():
        raise ConfigurationError("this is no folder", where=str(directory), mend="give a folder with --dir")
    folder = directory / asked.service.name
    record = read_record(folder)
    before = _plan(asked.service, record)
    after = Plan.of(
        asked.service.name,
        publishes=_united(before.publishes, asked.publishes),
        handles=_united(before.handles, asked.handles),
        clients=_united(before.clients, asked.clients),
    )
    if not after.publishes and not after.handles:
        raise ConfigurationError(
            f"{asked.service.name} would neither publish nor handle an event",
            mend="name some: --publishes order.created --handles payment.completed",
        )
    new = after.handles[len(before.handles) :]
    contracts = known() if new else ()
    after = replace(after, readers=(*before.readers, *(reader_of(event, contracts) for event in new)))
    changes = compare(folder, record.files, render(before) if record.files else {}, render(after))
    remembered = Record(
        publishes=tuple(event.name for event in after.publishes),
        readers=after.readers,
        clients=tuple(client.name for client in after.clients),
        files=record.files,
    )
    return Scaffold(folder, after, tuple(changes), remembered)


def _plan(service: ServiceName, record: Record) -> Plan:
    handles = [reader.event.name for reader in record.readers]
    plan = Plan.of(service.name, publishes=record.publishes, handles=handles, clients=record.clients)
    return replace(plan, readers=record.readers)


def scaffolds_in(directory: Path) -> list[Path]:
    """Return the folders of services that were scaffolded in a folder."""
    return sorted(record.parent for record in directory.glob(f"*/{RECORD}"))


def _united(
    old: Sequence[EventName] | Sequence[ClientName], new: Sequence[EventName] | Sequence[ClientName]
) -> list[str]:
    names = [each.name for each in old]
    return names + [each.name for each in new if each.name not in names]
