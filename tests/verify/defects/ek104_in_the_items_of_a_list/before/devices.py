"""The publisher, before."""

from typing import Annotated

from pydantic import Field

from eventkit import Event, Service

devices = Service("devices")


class SensorMeasured(Event, type="sensor.measured"):
    values: list[Annotated[int, Field(ge=0, le=50)]]


@devices.publisher
async def publish_sensor_measured() -> SensorMeasured: ...
