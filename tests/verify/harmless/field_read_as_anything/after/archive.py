"""The subscriber, after: details are kept as they are."""

from typing import Any

from eventkit import Event, Service

archive = Service("archive")


class AuditWritten(Event, type="audit.written"):
    user_id: str
    details: Any


@archive.handler
async def handle_audit_written(event: AuditWritten) -> None: ...
