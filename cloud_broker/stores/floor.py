"""A floor plan that a person drew: checked against the contract's `Site`, unknown keys and impossible places named."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from firmware_specs.desired import Site


def check_site(store: str, name: dict[str, str], raw: Any) -> tuple[Site | None, list[str]]:
    """Return the plan, and a line for each wrong key. Store, name and version may be left out: the cloud knows them."""
    if not isinstance(raw, dict):
        return None, ["expected an object"]
    given = raw.get("store", store)
    if given != store:
        return None, [f"store: {given!r}, but the store's id is {store!r}"]
    try:
        site = msgspec.convert({**raw, "store": store, "name": name, "version": 0}, Site, strict=True)
    except msgspec.ValidationError as exc:
        return None, [_sentence(str(exc))]
    known = msgspec.to_builtins(site)
    wrong = [f"{path}: unknown key; remove it or correct its name" for path in _unknown({**raw, "name": name}, known)]
    return site, wrong + list(_impossible(site))


def _sentence(message: str) -> str:
    # msgspec says "Expected `float`, got `str` - at `$.shelves[0].x_m`".
    what, _, place = message.partition(" - at ")
    path = re.sub(r"\[(\d+|\.\.\.)\]", r".\1", place.strip("`").removeprefix("$").removeprefix("."))
    what = f"{what[:1].lower()}{what[1:]}".replace("`", "")
    return f"{path}: {what}" if path else what


def _unknown(raw: Any, known: Any, path: str = "") -> Iterable[str]:
    if isinstance(raw, dict) and isinstance(known, dict):
        for key, value in raw.items():
            below = f"{path}.{key}" if path else str(key)
            if key not in known:
                yield below
            else:
                yield from _unknown(value, known[key], below)
    elif isinstance(raw, list) and isinstance(known, list):
        for place, (one, other) in enumerate(zip(raw, known, strict=True)):
            yield from _unknown(one, other, f"{path}.{place}")


def _impossible(site: Site) -> Iterable[str]:
    for key, size_m in (("width_m", site.width_m), ("height_m", site.height_m)):
        if not 0 < size_m <= 10_000:
            yield f"{key}: {size_m:g}, expected metres above 0"
    ids = {
        "shelves": [shelf.id for shelf in site.shelves],
        "zones": [zone.id for zone in site.zones],
        "beacons": [beacon.id for beacon in site.beacons],
    }
    for key, names in ids.items():
        for place, name in enumerate(names):
            if name in names[:place]:
                yield f"{key}.{place}.id: {name!r} stands there already"
    for place, shelf in enumerate(site.shelves):
        if shelf.width_m <= 0 or shelf.depth_m <= 0:
            yield f"shelves.{place}: width_m and depth_m must be above 0"
    for place, zone in enumerate(site.zones):
        if len(zone.polygon) < 3:
            yield f"zones.{place}.polygon: {len(zone.polygon)} corners, expected 3 or more"
    heard: set[str] = set()
    for place, beacon in enumerate(site.beacons):
        is_ibeacon = beacon.frame == "ibeacon"
        try:
            key = beacon.key
        except ValueError as exc:
            yield f"beacons.{place}.{'uuid' if is_ibeacon else 'identity'}: {exc}"
            continue
        if key in heard:
            what = "uuid, major and minor are those" if is_ibeacon else "its identity is that"
            yield f"beacons.{place}: {what} of another beacon"
        heard.add(key)
