"""The subscriber, after: the label is not decoded."""

from eventkit import Event, Service

tracking = Service("tracking")


class LabelPrinted(Event, type="label.printed"):
    label: str


@tracking.handler
async def handle_label_printed(event: LabelPrinted) -> None: ...
