"""The subscriber, before."""

from eventkit import Event, Service

archive = Service("archive")


class AuditWritten(Event, type="audit.written"):
    user_id: str
    details: dict[str, int]


@archive.handler
async def handle_audit_written(event: AuditWritten) -> None: ...
