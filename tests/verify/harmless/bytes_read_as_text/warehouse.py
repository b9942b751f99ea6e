"""The publisher, which stays as it is."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class LabelPrinted(Event, type="label.printed"):
    label: bytes


@warehouse.publisher
async def publish_label_printed() -> LabelPrinted: ...
