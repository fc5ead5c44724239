"""The camera's view for the device's own page: the last frame and what was seen in it. No picture leaves the device."""

from typing import Any, Final

import cv2
import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from edge_agent.roles.reading import Reader
from vision.codes import gtin_of

_QUALITY: Final = 75
_WIDEST_PX: Final = 960
"""What a page shows is no wider."""


def view_routes(reader: Reader) -> list[BaseRoute]:
    """Return the routes of a camera's view: what is seen, and the picture that it is seen in."""

    async def seen(request: Request) -> Response:
        return JSONResponse(as_json(reader))

    async def picture(request: Request) -> Response:
        view = reader.view
        if view is None:
            message = "no frame has come yet: is the camera there?"
            return JSONResponse({"error": {"code": "no-frame", "message": message}}, 404)
        pixels = view.frame.pixels
        if pixels.shape[1] > _WIDEST_PX:
            size = (_WIDEST_PX, round(pixels.shape[0] * _WIDEST_PX / pixels.shape[1]))
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
        headers = {"cache-control": "no-store", "x-frame": str(view.number)}
        return Response(packed.tobytes(), media_type="image/jpeg", headers=headers)

    return [Route("/api/camera", seen), Route("/api/camera.jpg", picture)]


def as_json(reader: Reader) -> dict[str, Any]:
    """Return what is seen, and how the camera does; `frame` is 0 before the first."""
    view, camera = reader.view, reader.camera
    told: dict[str, Any] = {
        "frame": 0,
        "codes": [],
        "doubts": [],
        "repeated": reader.repeated,
        "dropped": reader.dropped + (0 if camera is None else camera.dropped),
        "frame_ms": None if camera is None else round(camera.frame_ms, 1),
    }
    if view is None:
        return told
    height, width = view.frame.pixels.shape[:2]
    codes = [
        {
            "text": code.text,
            "format": code.symbology,
            "gtin": gtin_of(code),
            "corners": code.corners,
            "votes": code.votes,
        }
        for code in view.sight.codes
    ]
    doubts = [{"reason": doubt.reason, "corners": doubt.corners} for doubt in view.sight.doubts]
    return told | {
        "frame": view.number,
        "width_px": width,
        "height_px": height,
        "look_ms": round(view.look_ms, 1),
        "codes": codes,
        "doubts": doubts,
    }
