"""The subscriber, after: months are the literals that there are."""

from typing import Literal

from eventkit import Event, Service

archive = Service("archive")


class ReportClosed(Event, type="report.closed"):
    quarter: Literal[1, 2, 3, 4]


@archive.handler
async def handle_report_closed(event: ReportClosed) -> None: ...
