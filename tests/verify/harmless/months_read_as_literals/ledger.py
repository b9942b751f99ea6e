"""The publisher, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

ledger = Service("ledger")


class ReportClosed(Event, type="report.closed"):
    quarter: int = Field(ge=1, le=4)


@ledger.publisher
async def publish_report_closed() -> ReportClosed: ...
