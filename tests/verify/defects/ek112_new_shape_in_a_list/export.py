"""The subscriber, which stays as it is."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from eventkit import Event, Service

export = Service("export")


class Line(BaseModel):
    shape: Literal["line"]
    length: float


class Circle(BaseModel):
    shape: Literal["circle"]
    radius: float


class DrawingSaved(Event, type="drawing.saved"):
    shapes: list[Annotated[Line | Circle, Field(discriminator="shape")]]  # EK112


@export.handler
async def handle_drawing_saved(event: DrawingSaved) -> None: ...
