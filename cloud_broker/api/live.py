"""The live stream to pages: server-sent events (WHATWG HTML, 9.2)."""

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from cloud_broker.api.auth import Floor, need_store
from cloud_broker.api.context import Cloud

router = APIRouter(tags=["live"])


@router.get("/api/live", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def live(cloud: Cloud, person: Floor, store: str = "") -> StreamingResponse:
    """Follow what changes in a store, or in all that the person works with; a quiet stream pings."""
    if store:
        need_store(person, store)
        stores: frozenset[str] | None = frozenset({store})
    else:
        stores = None if "*" in person.stores else person.stores

    async def events() -> AsyncIterator[str]:
        async for notice in cloud.hub.listen(stores, person.role):
            yield f"event: {notice.type}\ndata: {json.dumps(notice.data, ensure_ascii=False)}\n\n"

    return StreamingResponse(
        events(), media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
