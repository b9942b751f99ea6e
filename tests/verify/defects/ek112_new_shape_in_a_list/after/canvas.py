"""The publisher, after: a drawing may hold texts."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from eventkit import Event, Service

canvas = Service("canvas")


class Line(BaseModel):
    shape: Literal["line"]
    length: float


class Circle(BaseModel):
    shape: Literal["circle"]
    radius: float


class Text(BaseModel):
    shape: Literal["text"]
    text: str


class DrawingSaved(Event, type="drawing.saved"):
    shapes: list[Annotated[Line | Circle | Text, Field(discriminator="shape")]]  # EK112


@canvas.publisher
async def publish_drawing_saved() -> DrawingSaved: ...
