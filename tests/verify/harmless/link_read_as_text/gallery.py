"""The publisher, which stays as it is."""

from pydantic import HttpUrl

from eventkit import Event, Service

gallery = Service("gallery")


class PhotoUploaded(Event, type="photo.uploaded"):
    link: HttpUrl


@gallery.publisher
async def publish_photo_uploaded() -> PhotoUploaded: ...
