"""Content-addressed bytes for devices.

Whoever knows a blob's 256-bit hash may fetch it; the heads that name it are signed.
"""

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from cloud_broker.api.context import Cloud
from cloud_broker.blobs.store import BlobMissingError
from cloud_broker.registry.devices import UnknownError

router = APIRouter(tags=["blobs"])


@router.get("/blobs/{sha256}", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}})
def blob(sha256: str, cloud: Cloud) -> Response:
    """Return a blob; its name is its hash, so it may be cached for ever and fetched in ranges."""
    headers = {"ETag": f'"{sha256}"', "Cache-Control": "public, max-age=31536000, immutable"}
    path = cloud.publisher.blobs.local_path(sha256)
    if path is not None:
        return FileResponse(path, media_type="application/octet-stream", headers=headers)
    try:
        data = cloud.publisher.blobs.get(sha256)
    except BlobMissingError as exc:
        raise UnknownError(str(exc)) from exc
    return Response(data, media_type="application/octet-stream", headers=headers)
