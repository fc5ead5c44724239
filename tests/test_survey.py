"""`edge-agent survey`: what is promised, what would help, and how a check walk went."""

import json
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from device_drivers.virtual.demo_site import demo_site
from device_drivers.virtual.surveyor import surveyed
from edge_agent.cli import main
from firmware_specs.surveyed import SitePlan, Survey
from positioning import build
from positioning.advice import advised
from positioning.predicted import predicted
from positioning.promise import checked
from positioning.store import plan_of

SITE = plan_of(demo_site())


def files(folder: Path, site: SitePlan = SITE) -> tuple[str, str]:
    """Write a site and its survey; return their paths."""
    (folder / "site.json").write_bytes(msgspec.json.encode(site))
    (folder / "survey.json").write_bytes(msgspec.json.encode(surveyed(demo_site(), 1)))
    return str(folder / "site.json"), str(folder / "survey.json")


def test_a_report_says_how_well_where_not_what_zones_do_and_how_the_check_went(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site, survey = files(tmp_path)
    drawn = tmp_path / "map.svg"
    options = ["--site", site, "--survey", survey, "--wheels", "--check", survey, "--map", str(drawn)]
    assert main(["survey", *options, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    (level,) = report["levels"]
    assert level["level"] == "g"
    assert 0.3 < level["p75_m"] <= level["worst_tenth_m"] <= level["worst"]["p75_m"]
    assert level["surveyed_share"] > 0.9
    assert 200 < level["area_m2"] < 384
    assert {zone["zone"] for zone in report["zones"]} == {zone.id for zone in SITE.zones}
    assert report["check"]["answers"] > 300
    assert report["check"]["p75_m"] < 2.5
    picture = drawn.read_text("utf-8")
    assert picture.count("<rect") > len(level["spots"])
    assert picture.count("<circle") >= len(SITE.beacons)
    assert main(["survey", *options]) == 0
    said = capsys.readouterr().out
    assert "three of four answers within" in said
    assert "check walk: " in said
    assert "zone bakery: recall 0." in said


def test_what_is_wrong_with_a_file_is_named_and_nothing_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site, _ = files(tmp_path)
    for options, named in (
        (["--site", str(tmp_path / "none.json")], "none.json"),
        (["--site", site, "--check", str(tmp_path)], str(tmp_path)),
        (["--site", site, "--map", str(tmp_path / "no" / "map.svg")], "map.svg"),
    ):
        assert main(["survey", *options]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert named in said.err


def test_a_beacon_is_wanted_where_none_hangs() -> None:
    # The right-hand third of the store has none.
    half = structs.replace(SITE, beacons=[beacon for beacon in SITE.beacons if (beacon.x_m or 0) < 15])
    model = build(half)
    advice = advised(model, predicted(model))
    assert advice.add is not None
    assert advice.add.x_m > 16
    assert advice.add.p75_m < predicted(model).site_p75_m
    whole = build(SITE)
    assert advised(whole, predicted(whole)).add is None


def test_a_check_walk_without_a_way_has_no_answers() -> None:
    model = build(SITE)
    assert checked(model, Survey()) == {"answers": 0}
    walk = surveyed(demo_site(), 1).walks[0]
    assert checked(model, Survey(walks=[structs.replace(walk, track=walk.track[:1])])) == {"answers": 0}


def test_a_site_without_beacons_or_floor_gets_an_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site, _ = files(tmp_path, structs.replace(SITE, beacons=[], zones=[]))
    assert main(["survey", "--site", site]) == 0
    assert "0 beacons heard" in capsys.readouterr().out
