"""AsyncAPI documents as contracts: `read` is all that others need, and `Folder` where documents refer to files."""

from eventkit.discovery.asyncapi.errors import DocumentError, NoAsyncAPIError
from eventkit.discovery.asyncapi.folder import Folder
from eventkit.discovery.asyncapi.reader import is_asyncapi, read

__all__ = ["DocumentError", "Folder", "NoAsyncAPIError", "is_asyncapi", "read"]
