"""The publisher, which stays as it is."""

from eventkit import Event, Service

accounts = Service("accounts")


class AuditWritten(Event, type="audit.written"):
    user_id: str
    details: dict[str, int]


@accounts.publisher
async def publish_audit_written() -> AuditWritten: ...
