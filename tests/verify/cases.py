"""Landscapes in folders, as in buf's tests: what `before/` and `after/` hold is put beside what stays as it is.

    ek102_decimal_read_as_int/
        orders.py             stays as it is
        before/payments.py    with it, everything fits
        after/payments.py     with it, the rule of the folder's name is broken

For EK3xx, `before/` is the baseline. An `eventkit.toml` beside the folders configures modes and retained versions.

A service is a module, or a document such as `payments.asyncapi.yaml`. The lines that a finding has to show carry its
code in a comment: `# EK102`, and in JSON, which has none, `"$comment": "EK102"`. Documents are read by discovery;
modules are imported here and not in processes of their own, which would take minutes.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from eventkit.contract.service import Service
from eventkit.discovery.config import OWN_FILE, Config, load_config
from eventkit.discovery.contract import Contract
from eventkit.discovery.discover import discover
from eventkit.discovery.landscape import Landscape
from eventkit.discovery.python.contracts import contract_of
from eventkit.discovery.python.source_files import SourceFiles
from eventkit.discovery.retained import read_retained_versions
from eventkit.verify.finding import Report
from eventkit.verify.verify import Past, verify

HERE = Path(__file__).parent
DEFECTS = sorted(folder for folder in (HERE / "defects").iterdir() if folder.is_dir())
HARMLESS = sorted(folder for folder in (HERE / "harmless").iterdir() if folder.is_dir())
MARK = re.compile(r'(?:# |"\$comment": ")(EK\d{3})\b')


@dataclass(frozen=True)
class Stage:
    """A case, before or after the change.

    Args:
        services: The services whose code it holds.
        landscape: The contracts of these, and of the documents beside them.
    """

    services: tuple[Service, ...]
    landscape: Landscape


@cache
def stage_of(case: Path, name: str) -> Stage:
    """Return a case `before` or `after` the change; it is read once, as many tests ask for it and none changes it."""
    return read_stage(case, name)


def read_stage(case: Path, name: str) -> Stage:
    """Return a case as its files are now."""
    files = list(_files(case, name))
    modules = [_import(file, f"{case.parent.name}.{case.name}.{name}.{file.stem}") for file in files if _is_code(file)]
    services = [value for module in modules for value in vars(module).values() if isinstance(value, Service)]
    documents = discover([file for file in files if not _is_code(file)], Config())
    contracts = (*documents.services, *(contract_of(service, service.name, SourceFiles()) for service in services))
    published = {message.event for contract in contracts for message in contract.publishes}
    retained, problems = read_retained_versions(config_of(case).retained, published)
    landscape = Landscape(
        tuple(sorted(contracts, key=_name)), problems=(*documents.problems, *problems), retained=tuple(retained)
    )
    return Stage(tuple(services), landscape)


@cache
def report_of(case: Path) -> Report:
    """Return what is found after the change: for EK3xx, what it breaks of that before it."""
    before = stage_of(case, "before").landscape if case.name.startswith("ek3") else None
    past = Past(before, evolution=config_of(case).evolution) if before else None
    return verify(stage_of(case, "after").landscape, past=past)


def config_of(case: Path) -> Config:
    """Return what a case configures."""
    return load_config(case) if (case / OWN_FILE).exists() else Config()


def marked_lines(case: Path, code: str) -> set[tuple[str, int]]:
    """Return the files and lines that carry a code: after the change, and where it breaks the baseline also before."""
    stages = ("before", "after") if code.startswith("EK3") else ("after",)
    return {
        (file.relative_to(Path.cwd()).as_posix(), number)
        for stage in stages
        for file in (*_files(case, stage), *case.glob("schemas/events/*"))
        for number, line in enumerate(file.read_text("utf-8").split("\n"), start=1)
        if code in MARK.findall(line)
    }


def _files(case: Path, stage: str) -> Iterator[Path]:
    for folder in (case, case / stage):
        yield from sorted(file for file in folder.iterdir() if file.is_file() and file.name != OWN_FILE)


def _is_code(file: Path) -> bool:
    return file.suffix == ".py"


def _name(contract: Contract) -> str:
    return contract.service


def _import(file: Path, name: str) -> ModuleType:
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
