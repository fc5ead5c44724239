"""IMDF 1.0.0 (OGC 20-094): a site as the files of an archive, and back.

Shelves and other closed walls are fixtures, open walls details, zones sections. The standard has no beacons: they stand
in an extension of ours, `beacon.geojson`, with their level, height and power. Identifiers are made from names, so that
the same site gives the same archive.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5

from firmware_specs.maps.geojson import Feature, MapError, closed, features_of, lines, points, rings
from firmware_specs.maps.georeference import corner_of, to_degrees, to_metres
from firmware_specs.surveyed import BeaconPlace, Coordinates, Georeference, LevelPlan, SitePlan, ZonePlan

VERSION = "1.0.0"
EXTENSION = "imdf:extension:aisle:beacon#1.0.0"
NOT_WALKED = frozenset({"structure", "opentobelow", "nonpublic", "column", "brick", "concrete", "drywall", "glass"})
"""Categories of units that nobody stands in."""
CIRCLE_CORNERS = 24
_NAMESPACE = UUID("6b1d1c36-9c0e-5f0a-8a55-0f6a3f1f0c11")
Files = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Venue:
    """What an archive says of the shop itself; `country` is ISO 3166, as `CN`."""

    name: str
    address: str
    locality: str
    country: str


def to_imdf(site: SitePlan, venue: Venue, created: str) -> Files:
    """Return the archive's files by name; `created` is an RFC 3339 time.

    Raises MapError for a site without a georeference or a level without an outline.
    """
    frame = site.georeference
    if frame is None:
        raise MapError("the site has no georeference: say where its origin lies and which way its y axis points")
    for level in site.levels:
        if not level.outline or len(level.outline) < 3:
            raise MapError(f"level {level.id}: no outline, which every level of an archive has")
    writer = _Writer(frame, venue.name)
    address, building = writer.id("address"), writer.id("building")
    ground = site.levels[0].outline or []
    names = {"en": venue.name}
    shown = writer.point(_middle(ground))
    files: dict[str, list[Feature]] = {
        "address": [
            writer.feature(
                "address", "", None, address=venue.address, unit=None, locality=venue.locality, province=None,
                country=venue.country, postal_code=None, postal_code_ext=None,
            )
        ],
        "venue": [
            writer.feature(
                "venue", "", writer.polygon(ground), category="retailstore", restriction=None, name=names,
                alt_name=None, hours=None, website=None, phone=None, display_point=shown, address_id=address,
            )
        ],
        "building": [
            writer.feature(
                "building", "", None, category="unspecified", restriction=None, name=names, alt_name=None,
                display_point=shown, address_id=address,
            )
        ],
        "footprint": [
            writer.feature(
                "footprint", "", writer.polygon(ground), category="ground", name=None, building_ids=[building]
            )
        ],
        "level": [], "fixture": [], "detail": [], "section": [], "beacon": [],
    }  # fmt: skip
    for ordinal, level in enumerate(site.levels):
        outline = level.outline or []
        on = writer.id("level", level.id)
        files["level"].append(
            writer.feature(
                "level", level.id, writer.polygon(outline), category="unspecified", restriction=None, outdoor=False,
                ordinal=ordinal, name={"en": level.id}, short_name={"en": level.id},
                display_point=writer.point(_middle(outline)), address_id=None, building_ids=[building],
            )
        )  # fmt: skip
        for number, wall in enumerate(level.walls):
            name = f"{level.id}/{number}"
            if len(wall) > 3 and wall[0] == wall[-1]:
                files["fixture"].append(
                    writer.feature(
                        "fixture", name, writer.polygon(wall), category="furniture", name=None, alt_name=None,
                        anchor_id=None, level_id=on, display_point=None,
                    )
                )  # fmt: skip
            else:
                files["detail"].append(writer.feature("detail", name, writer.line(wall), level_id=on))
    for zone in site.zones:
        corners = _corners(zone)
        files["section"].append(
            writer.feature(
                "section", zone.id, writer.polygon(corners), category="unspecified", restriction=None,
                accessibility=None, name={"en": zone.id}, alt_name=None, display_point=writer.point(_middle(corners)),
                level_id=writer.id("level", zone.level), address_id=None, correlation_id=None, parents=None,
            )
        )  # fmt: skip
    for beacon in site.beacons:
        place = None if beacon.x_m is None or beacon.y_m is None else writer.point((beacon.x_m, beacon.y_m))
        hangs_on = None if beacon.level is None else writer.id("level", beacon.level)
        files["beacon"].append(
            writer.feature(
                "beacon", beacon.id, place, name={"en": beacon.id}, level_id=hangs_on, z_m=beacon.z_m,
                power_1m_dbm=beacon.power_1m_dbm,
            )
        )  # fmt: skip
    manifest = {
        "version": VERSION, "created": created, "generated_by": "aisle", "language": "en", "extensions": [EXTENSION],
    }  # fmt: skip
    written: Files = {"manifest.json": manifest}
    for kind, features in files.items():
        if features:
            written[f"{kind}.geojson"] = {"type": "FeatureCollection", "features": features}
    return written


def from_imdf(files: Mapping[str, Any], frame: Georeference | None = None) -> SitePlan:
    """Return the site in an archive; without a frame its origin is the south-western corner of its levels.

    Raises MapError, which names the file and the feature.
    """
    manifest = files.get("manifest.json")
    if not isinstance(manifest, dict) or manifest.get("version") != VERSION:
        said = manifest.get("version") if isinstance(manifest, dict) else None
        raise MapError(f"manifest.json: version {str(said)[:40]!r}; only {VERSION} can be read")
    features = {
        name.removesuffix(".geojson"): features_of(raw, name)
        for name, raw in files.items()
        if name.endswith(".geojson")
    }
    levels = sorted(features.get("level", []), key=lambda one: _number(_said(one).get("ordinal")))
    if not levels:
        raise MapError("level.geojson: no level")
    outlines = {str(level.get("id")): next(iter(rings(level, "level.geojson")), None) for level in levels}
    used = frame
    if used is None:
        used = corner_of(at for ring in outlines.values() if ring is not None for at in ring)
    reader = _Reader(used, _named(levels))
    walls: dict[str, list[list[Coordinates]]] = {name: [] for name in reader.levels.values()}
    for kind in ("fixture", "unit"):
        for feature in features.get(kind, []):
            if kind == "unit" and _said(feature).get("category") not in NOT_WALKED:
                continue
            on = reader.level(feature, f"{kind}.geojson")
            walls[on] += [closed(reader.metres(ring)) for ring in rings(feature, f"{kind}.geojson")]
    for feature in features.get("detail", []):
        on = reader.level(feature, "detail.geojson")
        walls[on] += [reader.metres(line) for line in lines(feature, "detail.geojson")]
    plans = []
    for level in levels:
        name, outline = reader.levels[str(level.get("id"))], outlines[str(level.get("id"))]
        plans.append(
            LevelPlan(id=name, outline=None if outline is None else reader.metres(_open(outline)), walls=walls[name])
        )
    return SitePlan(
        levels=plans,
        zones=_zones(features.get("section", []), reader),
        beacons=_beacons(features.get("beacon", []), reader),
        georeference=used,
    )


class _Writer:
    def __init__(self, frame: Georeference, venue: str) -> None:
        self._frame = frame
        self._venue = venue

    def id(self, kind: str, name: str = "") -> str:
        return str(uuid5(_NAMESPACE, f"{self._venue}/{kind}/{name}"))

    def feature(self, feature_type: str, key: str, geometry: Any, /, **properties: Any) -> Feature:
        return {
            "id": self.id(feature_type, key), "type": "Feature", "feature_type": feature_type, "geometry": geometry,
            "properties": properties,
        }  # fmt: skip

    def point(self, at: Coordinates) -> dict[str, Any]:
        return {"type": "Point", "coordinates": self._position(at)}

    def line(self, way: list[Coordinates]) -> dict[str, Any]:
        return {"type": "LineString", "coordinates": [self._position(at) for at in way]}

    def polygon(self, ring: list[Coordinates]) -> dict[str, Any]:
        outer = closed(ring)
        area = sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairwise(outer))
        # The standard's outer rings run counter-clockwise.
        outer = outer if area >= 0 else outer[::-1]
        return {"type": "Polygon", "coordinates": [[self._position(at) for at in outer]]}

    def _position(self, at: Coordinates) -> list[float]:
        longitude, latitude = to_degrees(self._frame, at)
        # Eight digits are a millimetre.
        return [round(longitude, 8), round(latitude, 8)]


class _Reader:
    def __init__(self, frame: Georeference, levels: dict[str, str]) -> None:
        self._frame = frame
        self.levels = levels

    def metres(self, shape: list[tuple[float, float]]) -> list[Coordinates]:
        return [self.place(at) for at in shape]

    def place(self, at: tuple[float, float]) -> Coordinates:
        x_m, y_m = to_metres(self._frame, *at)
        return round(x_m, 3), round(y_m, 3)

    def level(self, feature: Feature, name: str) -> str:
        on = self.levels.get(str(_said(feature).get("level_id")))
        if on is None:
            raise MapError(f"{name}, {str(feature.get('id'))[:60]}: level_id names no level of this archive")
        return on


def _zones(sections: list[Feature], reader: _Reader) -> list[ZonePlan]:
    names = _named(sections)
    found = []
    for section in sections:
        for number, ring in enumerate(rings(section, "section.geojson")):
            name = names[str(section.get("id"))]
            found.append(
                ZonePlan(
                    id=name if number == 0 else f"{name}-{number + 1}",
                    level=reader.level(section, "section.geojson"),
                    polygon=reader.metres(_open(ring)),
                )
            )
    return found


def _beacons(features: list[Feature], reader: _Reader) -> list[BeaconPlace]:
    names = _named(features)
    found = []
    for feature in features:
        said = _said(feature)
        at = next(iter(points(feature, "beacon.geojson")), None)
        x_m, y_m = (None, None) if at is None else reader.place(at)
        found.append(
            BeaconPlace(
                id=names[str(feature.get("id"))],
                level=None if said.get("level_id") is None else reader.level(feature, "beacon.geojson"),
                x_m=x_m,
                y_m=y_m,
                z_m=_maybe(said.get("z_m")),
                power_1m_dbm=_maybe(said.get("power_1m_dbm")),
            )
        )
    return found


def _named(features: list[Feature]) -> dict[str, str]:
    """Return a name for each feature's id: its short name, its name, or the id; each only once."""
    names: dict[str, str] = {}
    for feature in features:
        key = str(feature.get("id"))
        name = _label(feature, "short_name") or _label(feature, "name") or key
        name = name[:200] or "level"
        names[key] = name if name not in names.values() else f"{name[:150]} {key[:8]}"
    return names


def _label(feature: Feature, key: str) -> str:
    labels = _said(feature).get(key)
    if not isinstance(labels, dict):
        return ""
    return next((text for text in (labels.get("en"), *labels.values()) if isinstance(text, str) and text), "")


def _said(feature: Feature) -> dict[str, Any]:
    return feature.get("properties") or {}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _maybe(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None


def _open(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else ring


def _middle(corners: list[Coordinates]) -> Coordinates:
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def _corners(zone: ZonePlan) -> list[Coordinates]:
    if zone.polygon is not None and len(zone.polygon) >= 3:
        return list(zone.polygon)
    if zone.x_m is None or zone.y_m is None or zone.radius_m is None:
        raise MapError(f"zone {zone.id}: give a polygon of three corners or more, or x_m, y_m and radius_m")
    turns = [math.tau * number / CIRCLE_CORNERS for number in range(CIRCLE_CORNERS)]
    return [(zone.x_m + zone.radius_m * math.cos(turn), zone.y_m + zone.radius_m * math.sin(turn)) for turn in turns]
