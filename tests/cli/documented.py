"""Services as AsyncAPI documents, for tests of commands that only ask contracts: reading code takes a process each."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from eventkit.discovery.config import Config
from eventkit.discovery.discover import discover
from eventkit.docs.asyncapi import document
from eventkit.docs.yaml_text import to_yaml
from tests.files import write_files


@cache
def document_of(module: str) -> str:
    """Return the document of the service in a module, given by its text."""
    with TemporaryDirectory() as folder:
        [contract] = discover([write_files(Path(folder), {"service.py": module})], Config()).services
    return to_yaml(document(contract))
