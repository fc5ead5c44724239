"""GeoJSON (RFC 7946), as far as a floor needs it: polygons, lines and points, in degrees or already in metres."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from firmware_specs.maps.georeference import corner_of, to_metres
from firmware_specs.surveyed import Coordinates, Georeference, LevelPlan, SitePlan

Feature = dict[str, Any]
MOST_FEATURES = 100_000
_PARTS = {"Polygon": "MultiPolygon", "LineString": "MultiLineString", "Point": "MultiPoint"}


class MapError(ValueError):
    """A map that cannot be read; the text names the feature and what would do."""


def features_of(raw: Any, name: str) -> list[Feature]:
    """Return the features of a FeatureCollection or of one Feature. Raises MapError."""
    if not isinstance(raw, dict):
        raise MapError(f"{name}: expected a GeoJSON object, not {type(raw).__name__}")
    found = raw.get("features") if raw.get("type") == "FeatureCollection" else [raw]
    if raw.get("type") not in ("FeatureCollection", "Feature") or not isinstance(found, list):
        raise MapError(f"{name}: expected a FeatureCollection, not {str(raw.get('type'))[:60]!r}")
    if len(found) > MOST_FEATURES:
        raise MapError(f"{name}: {len(found)} features; at most {MOST_FEATURES} are read")
    for place, feature in enumerate(found):
        if not isinstance(feature, dict) or not isinstance(feature.get("properties") or {}, dict):
            raise MapError(f"{name}, feature {place}: expected an object with properties")
    return found


def rings(feature: Feature, name: str) -> Iterator[list[tuple[float, float]]]:
    """Yield the outer ring of each polygon of a feature; nothing where it has none. Raises MapError."""
    for polygon in _parts(feature, "Polygon", name):
        if not isinstance(polygon, list) or not polygon:
            raise MapError(f"{name}: a polygon without a ring")
        yield _positions(polygon[0], name)


def lines(feature: Feature, name: str) -> Iterator[list[tuple[float, float]]]:
    """Yield the lines of a feature. Raises MapError."""
    for line in _parts(feature, "LineString", name):
        yield _positions(line, name)


def points(feature: Feature, name: str) -> Iterator[tuple[float, float]]:
    """Yield the points of a feature. Raises MapError."""
    for point in _parts(feature, "Point", name):
        yield _positions([point], name)[0]


def site_from_geojson(raw: Any, *, level: str, in_degrees: bool, frame: Georeference | None = None) -> SitePlan:
    """Return a site of one level: what encloses all else is its outline, other polygons and lines are its walls.

    Args:
        raw: the decoded JSON.
        level: what to call the level.
        in_degrees: longitude and latitude, as the standard asks; else metres of the site's own frame.
        frame: the frame to use; without one its origin is the south-western corner.

    Raises MapError.
    """
    features = features_of(raw, "map")
    polygons = [ring for number, one in enumerate(features) for ring in rings(one, f"map, feature {number}")]
    open_lines = [line for number, one in enumerate(features) for line in lines(one, f"map, feature {number}")]
    if not polygons and not open_lines:
        raise MapError("map: no polygon and no line; nothing says where the floor is")
    move, used = _mover([*polygons, *open_lines], frame, in_degrees=in_degrees)
    shapes = [[move(at) for at in ring] for ring in polygons]
    outline = max(shapes, key=_area_m2, default=None)
    if outline is not None and not all(_encloses(outline, ring) for ring in shapes):
        # Shops side by side: none of them is the floor.
        outline = None
    walls = [closed(ring) for ring in shapes if ring is not outline] + [
        [move(at) for at in line] for line in open_lines
    ]
    return SitePlan(levels=[LevelPlan(id=level, outline=outline, walls=walls)], georeference=used)


def closed(ring: list[Coordinates]) -> list[Coordinates]:
    """Return a ring whose last corner is its first."""
    return ring if ring and ring[0] == ring[-1] else [*ring, *ring[:1]]


def _mover(
    shapes: Iterable[list[tuple[float, float]]], frame: Georeference | None, *, in_degrees: bool
) -> tuple[Callable[[tuple[float, float]], Coordinates], Georeference | None]:
    if not in_degrees:
        return lambda at: at, frame
    used = frame if frame is not None else corner_of(at for shape in shapes for at in shape)
    return lambda at: to_metres(used, *at), used


def _parts(feature: Feature, kind: str, name: str) -> list[Any]:
    geometry = feature.get("geometry")
    if geometry is None:
        return []
    if not isinstance(geometry, dict):
        raise MapError(f"{name}: its geometry is no object")
    coordinates = geometry.get("coordinates")
    if geometry.get("type") == kind:
        return [coordinates]
    if geometry.get("type") == _PARTS[kind]:
        if not isinstance(coordinates, list):
            raise MapError(f"{name}: its coordinates are no list")
        return coordinates
    return []


def _positions(raw: Any, name: str) -> list[tuple[float, float]]:
    if not isinstance(raw, list):
        raise MapError(f"{name}: its coordinates are no list")
    found = []
    for position in raw:
        is_number = isinstance(position, list) and len(position) >= 2
        if not is_number or not all(isinstance(one, int | float) and abs(one) < 1e9 for one in position[:2]):
            raise MapError(f"{name}: {str(position)[:60]} is no position; expected [x, y]")
        found.append((float(position[0]), float(position[1])))
    return found


def _area_m2(ring: list[Coordinates]) -> float:
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True))) / 2


def _encloses(outline: list[Coordinates], ring: list[Coordinates]) -> bool:
    """Return whether the box of one holds the box of the other, give or take a hand."""
    spans = []
    for corners in (outline, ring):
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        spans.append((min(xs), max(xs), min(ys), max(ys)))
    (left, right, low, high), (a, b, c, d) = spans
    return left - 0.1 <= a and b <= right + 0.1 and low - 0.1 <= c and d <= high + 0.1
