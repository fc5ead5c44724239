"""`edge-agent site`: maps of other makers into SITE.json, and SITE.json into IMDF.

edge-agent site mall.zip --to site.json                          an IMDF archive, or a folder of its files
edge-agent site shops.geojson --level F1 --to site.json          plain GeoJSON, degrees or --metres
edge-agent site site.json --grid floor.yaml --to site.json       an occupancy grid, as ROS map_server writes it
edge-agent site site.json --origin 121.4737,31.2304,12 --venue "Shop;1 Street;Shanghai;CN" --to shop.zip
"""

import json
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import cv2
import msgspec
import numpy as np
from msgspec.structs import replace

from edge_agent.locate import LocateError, read
from firmware_specs.maps.geojson import MapError, site_from_geojson
from firmware_specs.maps.imdf import Venue, from_imdf, to_imdf
from firmware_specs.surveyed import BlockedCells, Georeference, SitePlan
from positioning.checks import check

MOST_BYTES = 200_000_000
"""Of all files of an archive together, unpacked."""


def run(
    source: Path, target: Path, out: TextIO, *,
    level: str, origin: str | None, venue: str | None, grid: Path | None, in_metres: bool,
) -> int:  # fmt: skip
    """Convert; return the exit status. The target is written whole or not at all."""
    try:
        frame = None if origin is None else _frame(origin)
        site = _site(source, level, frame, in_degrees=not in_metres)
        if grid is not None:
            site = _with_grid(site, level if any(one.id == level for one in site.levels) else site.levels[0].id, grid)
        _check(site)
        if target.suffix == ".zip":
            _write_archive(target, to_imdf(site, _venue(venue), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")))
        else:
            _whole(target, msgspec.json.format(msgspec.json.encode(site), indent=1))
    except (LocateError, MapError, OSError, zipfile.BadZipFile) as exc:
        print(f"edge-agent: {exc}", file=sys.stderr)
        return 2
    walls = sum(len(one.walls) for one in site.levels)
    out.write(
        f"{target}: {len(site.levels)} levels, {walls} walls, {len(site.zones)} zones, {len(site.beacons)} beacons\n"
    )
    return 0


def _site(source: Path, level: str, frame: Georeference | None, *, in_degrees: bool) -> SitePlan:
    if source.is_dir() or source.suffix == ".zip":
        return from_imdf(_archive(source), frame)
    if source.suffix == ".geojson":
        return site_from_geojson(
            _json(source.read_bytes(), str(source)), level=level, in_degrees=in_degrees, frame=frame
        )
    site = read(source, SitePlan)
    return site if frame is None else replace(site, georeference=frame)


def _check(site: SitePlan) -> None:
    try:
        check(site)
    except ValueError as exc:
        raise MapError(str(exc)) from exc


def _archive(source: Path) -> dict[str, Any]:
    if source.is_dir():
        paths = [path for path in sorted(source.iterdir()) if path.suffix in (".json", ".geojson")]
        if sum(path.stat().st_size for path in paths) > MOST_BYTES:
            raise MapError(f"{source}: more than {MOST_BYTES} bytes")
        return {path.name: _json(path.read_bytes(), str(path)) for path in paths}
    with zipfile.ZipFile(source) as packed:
        wanted = [one for one in packed.infolist() if Path(one.filename).suffix in (".json", ".geojson")]
        # What an archive says of its own sizes is what it unpacks to, or reading it fails.
        if sum(one.file_size for one in wanted) > MOST_BYTES:
            raise MapError(f"{source}: more than {MOST_BYTES} bytes unpacked")
        return {Path(one.filename).name: _json(packed.read(one), f"{source}/{one.filename}") for one in wanted}


def _json(data: bytes, name: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise MapError(f"{name}: not JSON: {exc}") from exc


def _frame(text: str) -> Georeference:
    try:
        longitude, latitude, *turn = (float(part) for part in text.split(","))
        said = {"longitude_deg": longitude, "latitude_deg": latitude, "bearing_deg": turn[0] if turn else 0.0}
        return msgspec.convert(said, Georeference)
    except (ValueError, msgspec.ValidationError) as exc:
        raise MapError(f"--origin {text[:60]!r}: expected longitude,latitude,bearing in degrees: {exc}") from exc


def _venue(text: str | None) -> Venue:
    parts = [part.strip() for part in (text or "").split(";")]
    if len(parts) != 4 or not all(parts):
        raise MapError(
            'an archive names its venue: --venue "Shop;1 Street;Shanghai;CN" (name; address; place; country)'
        )
    return Venue(*parts)


def _with_grid(site: SitePlan, level: str, path: Path) -> SitePlan:
    """Return the site with what an occupancy grid calls occupied as blocked cells of a level."""
    said = _yaml(path)
    try:
        size_m, (left_m, low_m) = float(said["resolution"]), _origin(said["origin"])
        occupied, is_negated = float(said.get("occupied_thresh", "0.65")), int(said.get("negate", "0"))
    except (KeyError, ValueError) as exc:
        raise MapError(f"{path}: expected image, resolution and origin as map_server writes them: {exc}") from exc
    if not 0 < size_m <= 100:
        raise MapError(f"{path}: resolution {size_m:g}; expected metres of a cell, above 0")
    picture_path = path.parent / said.get("image", "").strip("'\"")
    picture = cv2.imread(str(picture_path), cv2.IMREAD_GRAYSCALE) if picture_path.is_file() else None
    if picture is None:
        raise MapError(f"{path}: its image {picture_path.name!r} cannot be read")
    shade = picture.astype(np.float64) / 255
    share = shade if is_negated else 1 - shade
    # The first row of a picture is the top of the map.
    rows, columns = np.nonzero(share[::-1] > occupied)
    cells = [
        (round(left_m + (float(column) + 0.5) * size_m, 4), round(low_m + (float(row) + 0.5) * size_m, 4))
        for row, column in zip(rows, columns, strict=True)
    ]
    levels = [
        replace(one, blocked_cells=BlockedCells(size_m=size_m, cells=cells)) if one.id == level else one
        for one in site.levels
    ]
    return replace(site, levels=levels)


def _yaml(path: Path) -> dict[str, str]:
    # map_server's file is flat: a key and a value on each line.
    said = {}
    for line in path.read_text("utf-8", "replace").splitlines():
        key, colon, value = line.partition(":")
        if colon and not line.lstrip().startswith("#"):
            said[key.strip()] = value.strip()
    return said


def _origin(text: str) -> tuple[float, float]:
    x_m, y_m, *turn = (float(part) for part in text.strip("[] ").split(","))
    if any(abs(angle) > 1e-6 for angle in turn):
        raise ValueError("origin: a map turned against its frame cannot be read; turn the picture instead")
    return x_m, y_m


def _write_archive(target: Path, files: dict[str, dict[str, Any]]) -> None:
    part = target.with_name(f".{target.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, json.dumps(content, ensure_ascii=False))
    part.replace(target)


def _whole(target: Path, data: bytes) -> None:
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(data)
    part.replace(target)
