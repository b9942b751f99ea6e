"""The publisher, after: an album holds between 1 and 20 photos."""

from pydantic import Field

from eventkit import Event, Service

gallery = Service("gallery")


class PhotoUploaded(Event, type="photo.uploaded"):
    photos: list[str] = Field(min_length=1, max_length=20)


@gallery.publisher
async def publish_photo_uploaded() -> PhotoUploaded: ...
