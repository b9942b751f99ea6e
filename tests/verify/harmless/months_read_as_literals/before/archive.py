"""The subscriber, before."""

from eventkit import Event, Service

archive = Service("archive")


class ReportClosed(Event, type="report.closed"):
    quarter: int


@archive.handler
async def handle_report_closed(event: ReportClosed) -> None: ...
