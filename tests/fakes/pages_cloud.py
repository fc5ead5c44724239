"""The HTTP API of the cloud, faked in memory."""

import io
import math
from typing import Any

import anyio
import segno
from PIL import Image, ImageDraw
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.pages_answers import listed, products, refuse, shop
from tests.fakes.pages_life import appear
from tests.fakes.pages_plan import ACCOUNTS, KINDS, name, now_ms
from tests.fakes.pages_store import add_sound


async def hello(request: Request) -> JSONResponse:
    return JSONResponse(
        {
            "product": "Aisle",
            "version": "0.1.0",
            "demo": True,
            "languages": ["zh", "en"],
            "accounts": [{"name": one, "password": secret, "role": role} for one, secret, role in ACCOUNTS],
        }
    )


async def session(request: Request) -> Response:
    store = shop(request)
    token = request.cookies.get("aisle_session", "")
    if request.method == "POST":
        body = await request.json()
        role = next((role for one, secret, role in ACCOUNTS if (one, secret) == (body["name"], body["password"])), None)
        if role is None:
            return refuse(401, "wrong-password", "Name or password is wrong; check both and try again.")
        token = store.id("session")
        store.sessions[token] = {"name": body["name"], "role": role, "stores": ["demo"]}
        answer = JSONResponse(store.sessions[token])
        answer.set_cookie("aisle_session", token, httponly=True, samesite="strict")
        return answer
    if request.method == "DELETE":
        store.sessions.pop(token, None)
        return Response(status_code=204)
    if token not in store.sessions:
        return refuse(401, "signed-out", "Sign in first.")
    return JSONResponse(store.sessions[token])


async def stores(request: Request) -> JSONResponse:
    return JSONResponse([{"id": "demo", "name": name("示范门店", "Demo store")}])


async def plan(request: Request) -> JSONResponse:
    return JSONResponse(shop(request).site)


async def snapshot(request: Request) -> JSONResponse:
    store = shop(request)
    return JSONResponse(
        {
            "devices": list(store.devices.values()),
            "positions": list(store.positions.values()),
            "labels": list(store.labels.values()),
            "changes": store.changes,
            "now_ms": now_ms(),
        }
    )


async def picture(request: Request) -> Response:
    label = shop(request).labels[request.path_params["id"]]
    image = Image.new("1", (296, 128), 1)
    draw = ImageDraw.Draw(image)
    draw.text((10, 10), label["name"]["en"], fill=0, font_size=20)
    draw.text((10, 50), f"{(label['price_minor'] or 0) / 100:.2f}", fill=0, font_size=60)
    out = io.BytesIO()
    image.save(out, "PNG")
    return Response(out.getvalue(), media_type="image/png")


async def pair_label(request: Request) -> JSONResponse:
    store, body = shop(request), await request.json()
    product = store.products.get(body["product"].zfill(14))
    if product is None:
        return refuse(422, "pairing", "This store does not sell that.", "product")
    wanted = body["label"].lower()
    label = next((one for one in store.labels.values() if wanted in (one["id"], one["address"].lower())), None)
    if label is None:
        return refuse(422, "pairing", "No such label hangs here: scan the code on the label itself.", "label")
    before = label["gtin"]
    label |= {"gtin": product["gtin"], "name": product["name"], "state": "pending", "since_ms": now_ms()}
    store.tell("label", label)
    return JSONResponse({"label": label, "before": before})


async def flash_label(request: Request) -> JSONResponse:
    return JSONResponse({"id": "cmd-1", "name": "flash", "state": "sent"}, status_code=201)


async def assets(request: Request) -> JSONResponse:
    store = shop(request)
    if request.method == "GET":
        return JSONResponse(store.assets)
    form = await request.form()
    upload = form["file"]
    if isinstance(upload, str):
        return refuse(422, "no-file", "Choose a file first.")
    content = await upload.read()
    if not content.startswith((b"RIFF", b"fLaC", b"OggS", b"ID3")):
        return refuse(422, "not-audio", "This is not a WAV, FLAC, MP3 or OGG file; choose another.")
    return JSONResponse(add_sound(store, str(form["title"]), content, "manager"), status_code=201)


async def audio(request: Request) -> Response:
    return Response(shop(request).audio[request.path_params["sha"]], media_type="audio/wav")


async def schedule(request: Request) -> JSONResponse:
    store = shop(request)
    if request.method == "GET":
        return JSONResponse(store.slots)
    body = await request.json()
    title = next(one["title"] for one in store.assets if one["sha256"] == body["asset_sha256"])
    slot = {"id": store.id("slot"), "title": title, "plays": 0, **body}
    store.slots.insert(0, slot)
    return JSONResponse(slot, status_code=201)


async def unschedule(request: Request) -> Response:
    store = shop(request)
    store.slots = [one for one in store.slots if one["id"] != request.path_params["id"]]
    return Response(status_code=204)


async def offers(request: Request) -> Response:
    store = shop(request)
    id_ = request.path_params.get("id")
    if request.method == "PUT":
        store.offers[str(id_)] = await request.json()
        return JSONResponse(store.offers[str(id_)])
    if request.method == "DELETE":
        store.offers.pop(str(id_), None)
        return Response(status_code=204)
    return JSONResponse(list(store.offers.values()))


async def zones(request: Request) -> JSONResponse:
    worth = {"at_least": 0.6, "recall": 0.91, "precision": 0.94, "is_enough": True, "enough_m": None}
    small = {**worth, "recall": 0.42, "is_enough": False, "enough_m": [4.1, 4.1]}
    names = [zone["id"] for zone in shop(request).site["zones"]]
    return JSONResponse([{"zone": name, **(small if number % 2 else worth)} for number, name in enumerate(names)])


def promise_of(store: Any) -> Any:
    """A promise as the cloud and a cart say it: errors grow to the right."""
    site = store.site
    wide, high = int(site["width_m"]), int(site["height_m"])
    spots = [
        [x + 0.5, y + 0.5, round(0.7 + 3 * x / wide, 2), 12, x < wide - 4] for x in range(wide) for y in range(high)
    ]
    level = {
        "level": "1", "p75_m": 1.2, "worst_tenth_m": 2.4, "surveyed_share": 0.93, "area_m2": 312.0, "apart_m": 1.0,
        "worst": {"x_m": wide - 1, "y_m": 2, "p75_m": 3.4, "heard": 5},
        "add": {"x_m": wide - 3, "y_m": 4, "p75_m": 1.05}, "move": None, "spots": spots,
    }  # fmt: skip
    zones = [
        {"zone": zone["id"], "recall": 0.91, "precision": 0.88, "is_enough": number % 3 > 0, "would_do": None}
        for number, zone in enumerate(site["zones"])
    ]
    return {"has_wheels": True, "levels": [level], "zones": zones}


async def promise(request: Request) -> JSONResponse:
    return JSONResponse(promise_of(shop(request)))


async def surveys(request: Request) -> Response:
    store = shop(request)
    id_ = request.path_params.get("id")
    if request.method == "GET":
        return JSONResponse(store.surveys)
    if request.method == "DELETE":
        store.surveys = [survey for survey in store.surveys if survey["id"] != id_]
    else:
        store.surveys = [{**survey, "is_used": survey["id"] == id_} for survey in store.surveys]
    return Response(status_code=204)


async def beacon_health(request: Request) -> JSONResponse:
    states = ["well", "ill", "low", "unheard"]
    return JSONResponse(
        [
            {
                "id": beacon["id"], "x_m": beacon["x_m"], "y_m": beacon["y_m"],
                "state": states[number] if number < 4 else "well", "ill": "dead" if number == 1 else "",
                "devices": 0 if number == 3 else 3, "rate": None if number == 3 else 0.82, "rssi_dbm": -63.0,
                "heard_s": 2, "battery_mv": 2310 if number == 2 else None,
            }
            for number, beacon in enumerate(shop(request).site["beacons"])
        ]
    )  # fmt: skip


async def claims(request: Request) -> JSONResponse:
    store = shop(request)
    if request.method == "GET":
        return JSONResponse(
            [
                {key: one[key] for key in ("id", "kind", "name", "state", "expires_ms", "device", "by")}
                for one in store.claims
            ]
        )
    body = await request.json()
    code = "7F3K-9QWP-M2XA-6TBD"
    claim = {
        "id": store.id("claim"),
        "code": code,
        **body,
        "expires_ms": now_ms() + 600_000,
        "state": "open",
        "device": None,
        "by": "tech",
        "qr_svg": segno.make(f"aisle:claim:{code}", error="m").svg_inline(scale=8, border=2, light="#fff"),
        "command": f"edge-agent enrol --cloud http://127.0.0.1:8800 --claim {code}",
    }
    store.claims.insert(0, claim)
    request.app.state.tasks.start_soon(appear, store, claim)
    return JSONResponse(claim, status_code=201)


async def unclaim(request: Request) -> Response:
    for claim in shop(request).claims:
        if claim["id"] == request.path_params["id"]:
            claim["state"] = "expired"
    return Response(status_code=204)


async def kinds(request: Request) -> JSONResponse:
    return JSONResponse([{"id": key, "name": name(zh, en), "commands": commands} for key, zh, en, commands in KINDS])


async def one_device(request: Request) -> JSONResponse:
    store, id_ = shop(request), request.path_params["id"]
    if id_ not in store.devices:
        return refuse(404, "unknown-device", "No such device.")
    if request.method == "PATCH":
        store.devices[id_] |= await request.json()
        store.tell("device", store.devices[id_])
    reported = {
        matter: {"version": store.book_version - 2, "applied": True, "detail": "", "at_ms": now_ms() - 60_000}
        for matter in ("pricebook", "site", "offers")
    }
    return JSONResponse({**store.devices[id_], "reported": reported, "commands": store.commands.get(id_, [])})


async def command(request: Request) -> JSONResponse:
    store, id_ = shop(request), request.path_params["id"]
    body = await request.json()
    made = {
        "id": store.id("command"),
        "device": id_,
        "name": body["name"],
        "state": "sent",
        "detail": "",
        "made_ms": now_ms(),
        "expires_ms": now_ms() + 30_000,
        "done_ms": None,
    }
    store.commands.setdefault(id_, []).insert(0, made)

    async def done() -> None:
        await anyio.sleep(0.8)
        made.update(state="done", done_ms=now_ms())
        store.tell("device", store.devices[id_])

    request.app.state.tasks.start_soon(done)
    return JSONResponse(made, status_code=201)


async def readings(request: Request) -> JSONResponse:
    series = request.query_params["series"]
    to_ms = int(request.query_params["to_ms"])
    base = {"rss_bytes": 80e6, "outbox_depth": 3, "clock_offset_s": 0.01, "people": 14}[series]
    t_ms = list(range(to_ms - 900_000, to_ms, 10_000))
    return JSONResponse(
        {
            "series": series,
            "t_ms": t_ms,
            "v": [base * (1 + 0.2 * math.sin(t / 90_000) + 0.05 * math.sin(t / 7000)) for t in t_ms],
        }
    )


async def fleet(request: Request) -> JSONResponse:
    store = shop(request)
    by_kind: dict[str, dict[str, int]] = {}
    for one in store.devices.values():
        count = by_kind.setdefault(one["kind"], {"total": 0, "online": 0})
        count["total"] += 1
        count["online"] += one["online"]
    online = sum(one["online"] for one in store.devices.values())
    return JSONResponse(
        {
            "devices": len(store.devices),
            "online": online,
            "events_per_s": round(store.chance.uniform(18, 34), 1),
            "journal_lag": store.chance.randrange(0, 12),
            "dead_letters": len(store.letters),
            "security_events": len(store.security),
            "by_kind": by_kind,
        }
    )


CLOUD_ROUTES = [
    Route("/api/hello", hello),
    Route("/api/session", session, methods=["GET", "POST", "DELETE"]),
    Route("/api/stores", stores),
    Route("/api/stores/{store}/site", plan),
    Route("/api/stores/{store}/snapshot", snapshot),
    Route("/api/stores/{store}/products", products),
    Route("/api/labels/pair", pair_label, methods=["POST"]),
    Route("/api/labels/{id}/image.png", picture),
    Route("/api/labels/{id}/flash", flash_label, methods=["POST"]),
    Route("/api/stores/{store}/assets", assets, methods=["GET", "POST"]),
    Route("/api/assets/{sha}/audio", audio),
    Route("/api/stores/{store}/schedule", schedule, methods=["GET", "POST"]),
    Route("/api/schedule/{id}", unschedule, methods=["DELETE"]),
    Route("/api/stores/{store}/plays", listed("plays")),
    Route("/api/stores/{store}/offers", offers),
    Route("/api/stores/{store}/zones", zones),
    Route("/api/stores/{store}/promise", promise),
    Route("/api/stores/{store}/surveys", surveys),
    Route("/api/stores/{store}/surveys/{id}", surveys, methods=["DELETE"]),
    Route("/api/stores/{store}/surveys/{id}/use", surveys, methods=["POST"]),
    Route("/api/stores/{store}/beacons", beacon_health),
    Route("/api/stores/{store}/offers/{id}", offers, methods=["PUT", "DELETE"]),
    Route("/api/stores/{store}/decisions", listed("decisions")),
    Route("/api/stores/{store}/claims", claims, methods=["GET", "POST"]),
    Route("/api/claims/{id}", unclaim, methods=["DELETE"]),
    Route("/api/kinds", kinds),
    Route("/api/devices/{id}", one_device, methods=["GET", "PATCH"]),
    Route("/api/devices/{id}/commands", command, methods=["POST"]),
    Route("/api/devices/{id}/readings", readings),
    Route("/api/security", listed("security")),
    Route("/api/deadletters", listed("letters")),
    Route("/api/fleet", fleet),
]
