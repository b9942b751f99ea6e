"""The publisher, after: time is no longer in seconds since 1970."""

from datetime import datetime

from eventkit import Event, Service

devices = Service("devices")


class SensorMeasured(Event, type="sensor.measured"):
    measured_at: datetime  # EK102
    value: float


@devices.publisher
async def publish_sensor_measured() -> SensorMeasured: ...
