"""The subscriber, before."""

from eventkit import Event, Service

tracking = Service("tracking")


class LabelPrinted(Event, type="label.printed"):
    label: bytes


@tracking.handler
async def handle_label_printed(event: LabelPrinted) -> None: ...
