"""The publisher, before."""

from pydantic import Field

from eventkit import Event, Service

gallery = Service("gallery")


class PhotoUploaded(Event, type="photo.uploaded"):
    photos: list[str] = Field(max_length=20)


@gallery.publisher
async def publish_photo_uploaded() -> PhotoUploaded: ...
