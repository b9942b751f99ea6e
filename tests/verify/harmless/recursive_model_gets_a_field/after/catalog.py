"""The publisher, after: categories have a description."""

from pydantic import BaseModel

from eventkit import Event, Service

catalog = Service("catalog")


class Category(BaseModel):
    name: str
    description: str = ""
    below: "list[Category]"


class CategoryMoved(Event, type="category.moved"):
    root: Category


@catalog.publisher
async def publish_category_moved() -> CategoryMoved: ...
