"""The publisher, after: devices do not know the zone in which they are."""

from pydantic import NaiveDatetime

from eventkit import Event, Service

devices = Service("devices")


class SensorMeasured(Event, type="sensor.measured"):
    measured_at: NaiveDatetime  # EK107


@devices.publisher
async def publish_sensor_measured() -> SensorMeasured: ...
