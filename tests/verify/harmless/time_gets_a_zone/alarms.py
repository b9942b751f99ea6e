"""The subscriber, which stays as it is."""

from datetime import datetime

from eventkit import Event, Service

alarms = Service("alarms")


class SensorMeasured(Event, type="sensor.measured"):
    measured_at: datetime


@alarms.handler
async def handle_sensor_measured(event: SensorMeasured) -> None: ...
