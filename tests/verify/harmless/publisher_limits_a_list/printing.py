"""The subscriber, which stays as it is."""

from eventkit import Event, Service

printing = Service("printing")


class PhotoUploaded(Event, type="photo.uploaded"):
    photos: list[str]


@printing.handler
async def handle_photo_uploaded(event: PhotoUploaded) -> None: ...
