"""Landscapes in folders, as in buf's tests: what `before/` and `after/` hold is put beside what stays as it is.

    ek102_decimal_read_as_int/
        orders.py             stays as it is
        before/payments.py    with it, everything fits
        after/payments.py     with it, the rule of the folder's name is broken

The lines that a finding has to show carry its code in a comment. Modules are imported here and not in processes of
their own, which would take a minute; discovering services is tested beside discovery.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from eventkit.contract.service import Service
from eventkit.discovery.landscape import Landscape
from eventkit.discovery.python.contracts import contract_of
from eventkit.discovery.python.source_files import SourceFiles

HERE = Path(__file__).parent
DEFECTS = sorted(folder for folder in (HERE / "defects").iterdir() if folder.is_dir())
HARMLESS = sorted(folder for folder in (HERE / "harmless").iterdir() if folder.is_dir())


def services_of(case: Path, stage: str) -> list[Service]:
    """Return the services of a case, `before` or `after` the change."""
    files = sorted([*case.glob("*.py"), *(case / stage).glob("*.py")])
    modules = [_import(file, f"{case.parent.name}.{case.name}.{stage}.{file.stem}") for file in files]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Service)]


def landscape_of(services: list[Service]) -> Landscape:
    """Return the landscape of services, as discovery would."""
    contracts = [contract_of(service, service.name, SourceFiles()) for service in services]
    return Landscape(tuple(sorted(contracts, key=lambda contract: contract.service)))


def marked_lines(case: Path, code: str) -> set[tuple[str, int]]:
    """Return the files and lines, after the change, that carry a code."""
    files = [*case.glob("*.py"), *(case / "after").glob("*.py")]
    return {
        (file.relative_to(Path.cwd()).as_posix(), number)
        for file in files
        for number, line in enumerate(file.read_text("utf-8").split("\n"), start=1)
        if line.endswith(f"# {code}")
    }


def _import(file: Path, name: str) -> ModuleType:
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
