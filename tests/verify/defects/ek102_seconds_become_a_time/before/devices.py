"""The publisher, before."""

from eventkit import Event, Service

devices = Service("devices")


class SensorMeasured(Event, type="sensor.measured"):
    measured_at: float
    value: float


@devices.publisher
async def publish_sensor_measured() -> SensorMeasured: ...
