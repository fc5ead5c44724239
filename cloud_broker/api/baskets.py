"""What carts asked their shoppers about what went in."""

from typing import Any

from fastapi import APIRouter, Query

from cloud_broker.api.auth import Staff, need_store
from cloud_broker.api.bodies.baskets import BasketQuestion
from cloud_broker.api.context import Cloud
from cloud_broker.baskets.questions import views
from cloud_broker.registry.devices import find_store
from cloud_broker.state.engine import reading

router = APIRouter(tags=["baskets"])


@router.get("/api/stores/{store}/basket-questions", response_model=list[BasketQuestion])
def questions(
    store: str, cloud: Cloud, person: Staff, limit: int = Query(default=100, ge=1, le=1000)
) -> list[dict[str, Any]]:
    """Return the questions of a store's carts, the newest first."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        find_store(connection, store)
        return views(connection, store, limit)
