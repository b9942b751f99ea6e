"""The publisher, before."""

from eventkit import Event, Service

gallery = Service("gallery")


class PhotoUploaded(Event, type="photo.uploaded"):
    photos: list[str]


@gallery.publisher
async def publish_photo_uploaded() -> PhotoUploaded: ...
