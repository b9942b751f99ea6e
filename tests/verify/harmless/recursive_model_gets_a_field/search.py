"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

search = Service("search")


class Category(BaseModel):
    name: str
    below: "list[Category]"


class CategoryMoved(Event, type="category.moved"):
    root: Category


@search.handler
async def handle_category_moved(event: CategoryMoved) -> None: ...
