"""AsyncAPI documents of version 3 as contracts: `read` is all that others need."""

from eventkit.discovery.asyncapi.errors import DocumentError
from eventkit.discovery.asyncapi.reader import is_asyncapi, read
from eventkit.discovery.asyncapi.text import MAX_BYTES

__all__ = ["MAX_BYTES", "DocumentError", "is_asyncapi", "read"]
