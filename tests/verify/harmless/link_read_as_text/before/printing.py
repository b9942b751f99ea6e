"""The subscriber, before."""

from pydantic import HttpUrl

from eventkit import Event, Service

printing = Service("printing")


class PhotoUploaded(Event, type="photo.uploaded"):
    link: HttpUrl


@printing.handler
async def handle_photo_uploaded(event: PhotoUploaded) -> None: ...
