"""The publisher, before."""

from pydantic import AwareDatetime

from eventkit import Event, Service

devices = Service("devices")


class SensorMeasured(Event, type="sensor.measured"):
    measured_at: AwareDatetime


@devices.publisher
async def publish_sensor_measured() -> SensorMeasured: ...
