"""The publisher, before."""

from datetime import datetime

from eventkit import Event, Service

devices = Service("devices")


class SensorMeasured(Event, type="sensor.measured"):
    measured_at: datetime


@devices.publisher
async def publish_sensor_measured() -> SensorMeasured: ...
