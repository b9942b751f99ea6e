"""The subscriber, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

printing = Service("printing")


class PhotoUploaded(Event, type="photo.uploaded"):
    photos: list[str] = Field(max_length=20)  # EK108


@printing.handler
async def handle_photo_uploaded(event: PhotoUploaded) -> None: ...
