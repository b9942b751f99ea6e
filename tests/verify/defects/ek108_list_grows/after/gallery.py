"""The publisher, after: an album may hold more photos."""

from pydantic import Field

from eventkit import Event, Service

gallery = Service("gallery")


class PhotoUploaded(Event, type="photo.uploaded"):
    photos: list[str] = Field(max_length=50)  # EK108


@gallery.publisher
async def publish_photo_uploaded() -> PhotoUploaded: ...
