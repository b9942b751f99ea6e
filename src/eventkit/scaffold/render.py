"""The files of a service, from the templates in `templates/service`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Final

from eventkit.contract.errors import MissingExtraError
from eventkit.scaffold.imports import LINE_LENGTH, import_from
from eventkit.scaffold.plan import Plan, Reader

try:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
except ImportError:
    raise MissingExtraError.of("scaffolds", "cli") from None

_TEMPLATES: Final = Path(__file__).parent / "templates" / "service"
_CLIENT_TEMPLATE: Final = "clients/client.py.j2"
_SERVICE_TEMPLATE: Final = "service.py.j2"


def render(plan: Plan) -> dict[str, str]:
    """Return the content of each file of a service by its path in the service's folder, with slashes.

    The code is formatted, its imports are sorted, and it has annotations everywhere.
    """
    names = _names(plan)
    files = {}
    for template in _environment().list_templates():
        if template == _CLIENT_TEMPLATE:
            for client in plan.clients:
                files[f"clients/{client.name}_client.py"] = _fill(template, client=client, **names)
        elif plan.clients or "client" not in template:
            path = template.removesuffix(".j2")
            files[f"{plan.service.module}.py" if template == _SERVICE_TEMPLATE else path] = _fill(template, **names)
    return dict(sorted(files.items()))


def _names(plan: Plan) -> dict[str, object]:
    entities, package = plan.entities, plan.service.name
    return {
        "imports": partial(_imports, package),
        "client_imports": _imports(
            f"{package}.clients", {f".{each.name}_client": [each.client] for each in plan.clients}
        ),
        "service": plan.service,
        "publishes": plan.publishes,
        "readers": plan.readers,
        "clients": plan.clients,
        "entities": entities,
        "client_classes": [client.client for client in plan.clients],
        "published_models": [event.model for event in plan.publishes],
        "reader_models": [reader.event.model for reader in plan.readers],
        "publishers": [f"publish_{event.snake}" for event in plan.publishes],
        "entity_names": [entity.model for entity in entities],
        "entity_and_status_names": [name for entity in entities for name in (entity.model, f"{entity.model}Status")],
        "pydantic_names": _pydantic_names(plan),
        "has_decimals": any("Decimal" in field.annotation for reader in plan.readers for field in reader.fields),
    }


def _pydantic_names(plan: Plan) -> list[str]:
    fields = [field for reader in plan.readers for field in reader.fields]
    names = []
    if any("AwareDatetime" in field.annotation for field in fields):
        names.append("AwareDatetime")
    if plan.publishes or any(field.description for field in fields):
        names.append("Field")
    return names


def _fill(template: str, **names: object) -> str:
    return _environment().get_template(template).render(names)


@cache
def _environment() -> Environment:
    environment = Environment(  # noqa: S701 - the templates are code, not HTML
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(
        fold=_fold, mapping=_mapping, comment=_comment, literal=_literal, quoted=_quoted, example=_example
    )
    return environment


def _imports(package: str, names: Mapping[str, Sequence[str]]) -> str:
    """Return the imports from modules of a package, by their names in it, as ruff would write them."""
    return "\n".join(import_from(f"{package}{module}", names[module]) for module in sorted(names) if names[module])


def _fold(before: str, parts: Sequence[str], after: str, indent: int = 0) -> str:
    """Return a call or definition as ruff would write it: in one line, with its parts in one, or one for each."""
    line = f"{before}{', '.join(parts)}{after}"
    if indent + len(line) <= LINE_LENGTH:
        return line
    inner = " " * (indent + 4)
    body = inner + ", ".join(parts)
    lone_parameter = len(parts) == 1 and "def " in before  # which ruff gives a comma, other than a lone argument
    if len(body) > LINE_LENGTH or lone_parameter:
        body = "\n".join(f"{inner}{part}," for part in parts)
    return f"{before}\n{body}\n{' ' * indent}{after}"


def _mapping(name: str, items: Sequence[str], indent: int) -> str:
    """Return the definition of a dictionary as ruff would write it."""
    line = f"{name} = {{{', '.join(items)}}}"
    if indent + len(line) <= LINE_LENGTH:
        return line
    inner = " " * (indent + 4)
    return "\n".join([f"{name} = {{", *(f"{inner}{item}," for item in items), " " * indent + "}"])


def _comment(text: str, indent: int) -> str:
    start = " " * indent + "# "
    return textwrap.fill(text, LINE_LENGTH, initial_indent=start, subsequent_indent=start)


def _literal(value: object) -> str:
    """Return a value as Python code, with double quotes where that needs no escapes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) and '"' not in value else repr(value)


def _quoted(names: Sequence[str]) -> list[str]:
    return [_literal(name) for name in sorted(names)]


def _example(reader: Reader) -> list[str]:
    return [f"{_literal(field.name)}: {_literal(field.example)}" for field in reader.fields]
