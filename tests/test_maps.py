"""Maps in and out: the ellipsoid, IMDF archives, plain GeoJSON, occupancy grids; what is wrong is named."""

import json
import math
import os
import zipfile
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from device_drivers.virtual.demo_site import demo_site
from edge_agent.cli import main
from firmware_specs.maps.geojson import MapError, site_from_geojson
from firmware_specs.maps.georeference import to_degrees, to_metres
from firmware_specs.maps.imdf import EXTENSION, Venue, from_imdf, to_imdf
from firmware_specs.surveyed import Georeference, SitePlan, ZonePlan
from positioning import build
from positioning.store import plan_of

FRAME = Georeference(longitude_deg=121.4737, latitude_deg=31.2304, bearing_deg=30.0)
SHOP = Venue("Demo", "1 Street", "Shanghai", "CN")
SITE = replace(plan_of(demo_site()), georeference=FRAME)


@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(-180, 180), st.floats(-900, 900), st.floats(-900, 900))
def test_a_place_comes_back_from_degrees(
    longitude: float, latitude: float, bearing: float, x_m: float, y_m: float
) -> None:
    frame = Georeference(longitude_deg=longitude, latitude_deg=latitude, bearing_deg=bearing)
    back = to_metres(frame, *to_degrees(frame, (x_m, y_m)))
    assert math.dist(back, (x_m, y_m)) < 1e-6


def test_a_degree_is_as_long_as_the_ellipsoid_says_and_the_bearing_turns_clockwise() -> None:
    # Metres in a degree at 45 degrees north, by the tables of WGS 84: 78,846.8 across, 111,131.7 along.
    frame = Georeference(longitude_deg=0, latitude_deg=45)
    assert to_metres(frame, 1.0, 45.0)[0] == pytest.approx(78_846.8, abs=1)
    assert to_metres(frame, 0.0, 46.0)[1] == pytest.approx(111_131.7, abs=1)
    eastward = Georeference(longitude_deg=0, latitude_deg=0, bearing_deg=90)
    longitude, latitude = to_degrees(eastward, (0.0, 1000.0))
    assert longitude > 0.008
    assert abs(latitude) < 1e-9


def test_a_site_comes_back_from_an_archive() -> None:
    files = to_imdf(SITE, SHOP, "2026-11-27T00:00:00Z")
    assert files == to_imdf(SITE, SHOP, "2026-11-27T00:00:00Z")
    again = from_imdf(json.loads(json.dumps(files)), FRAME)
    assert [level.id for level in again.levels] == ["g"]
    assert len(again.levels[0].walls) == len(SITE.levels[0].walls)
    assert {zone.id for zone in again.zones} == {zone.id for zone in SITE.zones}
    assert len(again.beacons) == len(SITE.beacons)
    for before, after in zip(SITE.beacons, again.beacons, strict=True):
        assert (after.id, after.level, after.z_m, after.power_1m_dbm) == (
            before.id, before.level, before.z_m, before.power_1m_dbm,
        )  # fmt: skip
        assert math.dist((after.x_m or 0, after.y_m or 0), (before.x_m or 0, before.y_m or 0)) < 0.005
    build(again)


def test_an_archive_has_what_the_standard_asks_of_each_feature() -> None:
    circle = ZonePlan(id="ring", level="g", x_m=5.0, y_m=5.0, radius_m=1.5)
    files = to_imdf(replace(SITE, zones=[circle]), SHOP, "2026-11-27T00:00:00Z")
    assert files["manifest.json"]["version"] == "1.0.0"
    assert files["manifest.json"]["extensions"] == [EXTENSION]
    ids = [feature["id"] for name, file in files.items() if name != "manifest.json" for feature in file["features"]]
    assert len(ids) == len(set(ids))
    levels = {feature["id"] for feature in files["level.geojson"]["features"]}
    for name in ("address", "venue", "building", "footprint", "level", "fixture", "section", "beacon"):
        for feature in files[f"{name}.geojson"]["features"]:
            assert (feature["type"], feature["feature_type"]) == ("Feature", name)
            assert "level_id" not in feature["properties"] or feature["properties"]["level_id"] in levels
            geometry = feature["geometry"]
            if geometry is not None and geometry["type"] == "Polygon":
                ring = geometry["coordinates"][0]
                assert ring[0] == ring[-1]
                area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
                assert area > 0, "an outer ring runs counter-clockwise"
    (venue,) = files["venue.geojson"]["features"]
    assert venue["properties"]["address_id"] == files["address.geojson"]["features"][0]["id"]


def test_without_a_frame_the_corner_of_the_levels_is_the_origin() -> None:
    again = from_imdf(
        to_imdf(replace(SITE, georeference=replace(FRAME, bearing_deg=0.0)), SHOP, "2026-11-27T00:00:00Z")
    )
    outline = np.array(again.levels[0].outline)
    assert np.abs(outline.min(axis=0)).max() < 0.01
    assert np.abs(outline.max(axis=0) - (24.0, 16.0)).max() < 0.02


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"manifest.json": None}, "version 'None'"),
        ({"manifest.json": {"version": "2.0.0"}}, "version '2.0.0'"),
        ({"level.geojson": None}, "level.geojson"),
        ({"level.geojson": {"type": "FeatureCollection", "features": []}}, "no level"),
        ({"section.geojson": {"type": "FeatureCollection", "features": [7]}}, "section.geojson, feature 0"),
        ({"fixture.geojson": {"type": "Point"}}, "fixture.geojson: expected a FeatureCollection"),
    ],
)
def test_what_is_wrong_with_an_archive_is_named(wrong: dict[str, Any], named: str) -> None:
    files = to_imdf(SITE, SHOP, "2026-11-27T00:00:00Z")
    with pytest.raises(MapError, match=named):
        from_imdf({**files, **wrong})


def test_a_fixture_of_no_level_and_a_site_without_place_or_outline_are_refused() -> None:
    files = to_imdf(SITE, SHOP, "2026-11-27T00:00:00Z")
    files["fixture.geojson"]["features"][0]["properties"]["level_id"] = "nowhere"
    with pytest.raises(MapError, match="level_id names no level"):
        from_imdf(files)
    with pytest.raises(MapError, match="no georeference"):
        to_imdf(replace(SITE, georeference=None), SHOP, "now")
    with pytest.raises(MapError, match="level g: no outline"):
        to_imdf(replace(SITE, levels=[replace(SITE.levels[0], outline=None)]), SHOP, "now")


KEYS = ["type", "features", "geometry", "coordinates", "properties", "id", "level_id"]
json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(KEYS), inner, max_size=4
    ),
    max_leaves=20,
)  # fmt: skip


@given(json_values, json_values)
def test_any_json_is_a_map_or_a_clear_error(one: Any, other: Any) -> None:
    archive = {"manifest.json": {"version": "1.0.0"}, "level.geojson": one, "fixture.geojson": other}
    with suppress(MapError):
        assert isinstance(site_from_geojson(one, level="f", in_degrees=True), SitePlan)
    with suppress(MapError):
        assert isinstance(from_imdf(archive), SitePlan)


def square(left: float, low: float, side: float) -> dict[str, Any]:
    ring = [[left, low], [left + side, low], [left + side, low + side], [left, low + side], [left, low]]
    return {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def test_plain_geojson_gives_outline_and_walls() -> None:
    raw = {"type": "FeatureCollection", "features": [square(0, 0, 20), square(2, 2, 3), square(9, 9, 2)]}
    site = site_from_geojson(raw, level="F1", in_degrees=False)
    assert len(site.levels[0].walls) == 2
    assert site.levels[0].outline is not None
    assert max(site.levels[0].outline) == (20.0, 20.0)
    apart = {"type": "FeatureCollection", "features": [square(0, 0, 5), square(7, 0, 4)]}
    assert site_from_geojson(apart, level="F1", in_degrees=False).levels[0].outline is None
    degrees = site_from_geojson({**raw, "features": [square(121.47, 31.23, 0.001)]}, level="F1", in_degrees=True)
    outline = np.array(degrees.levels[0].outline)
    assert outline.max(axis=0) == pytest.approx((95.3, 110.9), abs=0.5)
    assert degrees.georeference is not None
    with pytest.raises(MapError, match="no polygon and no line"):
        site_from_geojson({"type": "FeatureCollection", "features": []}, level="F1", in_degrees=True)


def test_the_shared_mall_maps_are_read() -> None:
    data = Path(os.environ.get("AISLE_DATA", Path(__file__).parents[1] / "../shared/data"))
    maps = sorted((data / "positioning" / "mall").rglob("*.geojson")) + sorted(
        (data / "positioning" / "mall").rglob("geojson*.json")
    )
    if not maps:
        pytest.skip(f"missing: the mall's maps in {data}")
    for path in maps:
        site = site_from_geojson(json.loads(path.read_text("utf-8")), level="F1", in_degrees=True)
        assert site.levels[0].walls or site.levels[0].outline


def test_the_command_converts_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site.json"
    site.write_bytes(msgspec.json.encode(replace(SITE, georeference=None)))
    archive, again = tmp_path / "shop.zip", tmp_path / "again.json"
    place = ["--origin", "121.4737,31.2304,30", "--venue", "Demo;1 Street;Shanghai;CN"]
    assert main(["site", str(site), "--to", str(archive), *place]) == 0
    assert "1 levels, 10 walls, 7 zones, 20 beacons" in capsys.readouterr().out
    assert "beacon.geojson" in zipfile.ZipFile(archive).namelist()
    assert main(["site", str(archive), "--to", str(again), "--origin", "121.4737,31.2304,30"]) == 0
    build(msgspec.json.decode(again.read_bytes(), type=SitePlan))
    folder = tmp_path / "unpacked"
    zipfile.ZipFile(archive).extractall(folder)
    assert main(["site", str(folder), "--to", str(again)]) == 0
    capsys.readouterr()
    for options, named in (
        ([str(site), "--to", str(archive)], "names its venue"),
        ([str(site), "--to", str(archive), "--origin", "x"], "expected longitude,latitude,bearing"),
        ([str(tmp_path / "none.json"), "--to", str(again)], "none.json"),
        ([str(site), "--grid", str(tmp_path / "no.yaml"), "--to", str(again)], "no.yaml"),
    ):
        assert main(["site", *options]) == 2
        assert named in capsys.readouterr().err
    archive.write_bytes(b"no zip")
    assert main(["site", str(archive), "--to", str(again)]) == 2


def test_an_occupancy_grid_blocks_what_it_calls_occupied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = np.full((80, 120), 254, np.uint8)
    # Twenty rows from the top: the upper quarter of the map.
    picture[:20, :] = 0
    cv2.imwrite(str(tmp_path / "floor.pgm"), picture)
    grid = tmp_path / "floor.yaml"
    grid.write_text("image: floor.pgm\nresolution: 0.2\norigin: [0.0, 0.0, 0.0]\nnegate: 0\noccupied_thresh: 0.65\n")
    site, again = tmp_path / "site.json", tmp_path / "again.json"
    site.write_bytes(msgspec.json.encode(SITE))
    assert main(["site", str(site), "--grid", str(grid), "--to", str(again)]) == 0
    blocked = msgspec.json.decode(again.read_bytes(), type=SitePlan).levels[0].blocked_cells
    assert blocked is not None
    assert (len(blocked.cells), blocked.size_m) == (20 * 120, 0.2)
    assert min(y_m for _, y_m in blocked.cells) == pytest.approx(12.1)
    for text, named in (
        ("image: floor.pgm\nresolution: 0.2\n", "expected image, resolution and origin"),
        ("image: gone.pgm\nresolution: 0.2\norigin: [0, 0, 0]\n", "'gone.pgm' cannot be read"),
        ("image: floor.pgm\nresolution: 0.2\norigin: [0, 0, 1.5]\n", "turn the picture instead"),
        ("image: floor.pgm\nresolution: -1\norigin: [0, 0, 0]\n", "above 0"),
    ):
        grid.write_text(text)
        assert main(["site", str(site), "--grid", str(grid), "--to", str(again)]) == 2
        assert named in capsys.readouterr().err
