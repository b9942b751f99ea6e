"""The subscriber, which stays as it is."""

from typing import Annotated

from pydantic import Field

from eventkit import Event, Service

alarms = Service("alarms")


class SensorMeasured(Event, type="sensor.measured"):
    values: list[Annotated[int, Field(ge=-10, le=60)]]  # EK104


@alarms.handler
async def handle_sensor_measured(event: SensorMeasured) -> None: ...
