"""The publisher, before."""

from pydantic import BaseModel

from eventkit import Event, Service

catalog = Service("catalog")


class Category(BaseModel):
    position: int
    below: "list[Category]"


class CategoryMoved(Event, type="category.moved"):
    root: Category


@catalog.publisher
async def publish_category_moved() -> CategoryMoved: ...
