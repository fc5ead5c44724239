"""The local API of a cart's agent, faked in memory."""

import cv2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from device_drivers.camera.props import Pack
from device_drivers.camera.scene import pack_picture
from tests.fakes.pages_answers import products, shop
from tests.fakes.pages_cloud import promise_of
from tests.fakes.pages_life import scan
from tests.fakes.pages_plan import now_ms
from tests.fakes.pages_store import state
from vision.codes import read_codes

PACK = Pack("06901234567892", "纯牛奶", "Milk", 3)


async def local(request: Request) -> Response:
    """What a shopper does at the cart, and what steers a virtual one."""
    store, deed = shop(request), request.url.path.removeprefix("/api/")
    body = await request.json()
    if deed == "basket/remove":
        store.basket.pop(body["gtin"], None)
        store.packs = [line for line in store.packs if line["price_minor"] != body["price_minor"]]
    elif deed == "trip/start":
        store.trip, store.basket, store.packs = store.id("trip"), {}, []
    elif deed == "trip/close":
        store.trip, store.basket, store.packs, store.last_code = None, {}, [], None
    elif deed == "offer/dismiss":
        store.offer = None
    elif deed == "recognise":
        guesses = list(store.products.values())[4:6]
        told = [{"gtin": one["gtin"], "label": one["gtin"], "name": one["name"], "p": 0.5} for one in guesses]
        return JSONResponse({"abstain": True, "top": told})
    elif deed == "basket/add" and body["gtin"] == list(store.products)[5]:
        # The second of what is recognised is sold by weight.
        store.awaited = {"gtin": body["gtin"], "name": store.products[body["gtin"]]["name"]}
    elif deed == "basket/unwait":
        store.awaited = None
    elif deed == "basket/add":
        store.basket[body["gtin"]] = store.basket.get(body["gtin"], 0) + 1
    elif deed == "basket/answer":
        store.questions = [one for one in store.questions if one["id"] != body["question"]]
    elif deed == "virtual/put":
        swapped = {"verdict": "please-check", "gtin": PACK.gtin, "name": {"zh": PACK.name_zh, "en": PACK.name_en}}
        asked = {"verdict": "please-scan", "gtin": "", "name": {}} if body["grams"] < 500 else swapped
        base = {"id": store.id("q"), "trip": "trip-1", "change_g": body["grams"], "at_ms": now_ms(), "insisted": False}
        store.questions = [*store.questions, {**base, **asked}]
    elif deed == "virtual/show":
        scan(store, "cart-1", body["gtin"])
    elif deed == "virtual/walk":
        store.auto = False
        store.positions["cart-1"] = {"device": "cart-1", **body, "level": "1", "sigma_m": 0.6, "at_ms": now_ms()}
    elif deed == "survey/start":
        store.survey = {
            "id": "survey-9",
            "at": None,
            "legs": [],
            "packets": 0,
            "beacons": 0,
            "promised": 0,
            "check": None,
        }
    elif deed == "survey/at" and store.survey is not None:
        before = store.survey["at"]
        if before is not None:
            number = len(store.survey["legs"]) + 1
            ends = {"from": [before["x_m"], before["y_m"]], "to": [body["x_m"], body["y_m"]]}
            store.survey["legs"].append({"leg": number, "packets": 321, **ends})
            store.survey["promised"] = number
            store.survey["check"] = {"answers": 25 * number, "p50_m": 0.71, "p75_m": 1.08}
        store.survey["at"] = body
        store.tell("state", state(store))
        return JSONResponse({"leg": len(store.survey["legs"]) or None, "packets": 321})
    elif deed == "survey/undo" and store.survey is not None:
        store.survey = {**store.survey, "at": None, "legs": store.survey["legs"][:-1]}
    elif deed == "survey/finish":
        store.survey = None
    elif deed == "virtual/auto":
        store.auto = body["on"]
    store.tell("state", state(store))
    return JSONResponse({"takes_s": 0.1} if deed == "virtual/walk" else {})


async def local_state(request: Request) -> JSONResponse:
    return JSONResponse(state(shop(request)))


async def local_promise(request: Request) -> JSONResponse:
    store = shop(request)
    return JSONResponse(promise_of(store) if store.survey and store.survey["promised"] else {})


async def local_camera(request: Request) -> JSONResponse:
    """A pack held to the camera, and another that is blurred."""
    frames = shop(request).cameras
    shop(request).cameras = frames + 1
    codes = [
        {"text": code.text, "format": code.symbology, "gtin": PACK.gtin, "votes": code.votes, "corners": code.corners}
        for code in read_codes(pack_picture(PACK, 1, 0))
    ]
    return JSONResponse(
        {
            "frame": frames + 1,
            "width_px": 640,
            "height_px": 480,
            "look_ms": 18.2,
            "frame_ms": 66.7,
            "dropped": 3,
            "repeated": 0,
            "codes": codes,
            "doubts": [{"reason": "blurred", "corners": [[470, 90], [600, 80], [604, 130], [474, 140]]}],
        }
    )


async def local_picture(request: Request) -> Response:
    return Response(cv2.imencode(".jpg", pack_picture(PACK, 1, 0))[1].tobytes(), media_type="image/jpeg")


AGENT_ROUTES = [
    Route("/api/camera", local_camera),
    Route("/api/camera.jpg", local_picture),
    Route("/api/survey", local_promise),
    Route("/api/state", local_state),
    Route("/api/products", products),
    *(
        Route(f"/api/{deed}", local, methods=["POST"])
        for deed in (
            "basket/remove",
            "basket/answer",
            "basket/add",
            "basket/unwait",
            "recognise",
            "virtual/put",
            "trip/start",
            "trip/close",
            "offer/dismiss",
            "virtual/walk",
            "virtual/show",
            "virtual/auto",
            "survey/start",
            "survey/at",
            "survey/undo",
            "survey/finish",
        )
    ),
]
