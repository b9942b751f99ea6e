"""The subscriber, which stays as it is."""

from eventkit import Event, Service

alarms = Service("alarms")


class SensorMeasured(Event, type="sensor.measured"):
    measured_at: float  # EK102


@alarms.handler
async def handle_sensor_measured(event: SensorMeasured) -> None: ...
