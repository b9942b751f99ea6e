"""The subscriber, after: the link is only handed on."""

from eventkit import Event, Service

printing = Service("printing")


class PhotoUploaded(Event, type="photo.uploaded"):
    link: str


@printing.handler
async def handle_photo_uploaded(event: PhotoUploaded) -> None: ...
