"""The publisher, after: positions are fractions, so that there is always one between two."""

from pydantic import BaseModel

from eventkit import Event, Service

catalog = Service("catalog")


class Category(BaseModel):
    position: float  # EK102
    below: "list[Category]"


class CategoryMoved(Event, type="category.moved"):
    root: Category


@catalog.publisher
async def publish_category_moved() -> CategoryMoved: ...
