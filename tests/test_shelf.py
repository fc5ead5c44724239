"""A shelf's photo against its planogram: facings, gaps, wrong places; and bad input that is told by name."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from device_drivers.camera.generated.ranges import Ranges
from device_drivers.camera.generated.shelf import as_csv, goods, shelf
from edge_agent.audit import run as audit_door
from edge_agent.generate import run as generate
from firmware_specs.planogram import PlanogramError, read_planogram
from vision.shelf import NotThisShelfError, audit

HEAD = "shelf,position,gtin,name,facings,x_mm,shelf_mm,width_mm,height_mm,picture\n"

PSA = """PROSPACE SCHEMATIC FILE
; Version 2018.1.0
; Codepage=1252
Project,Tiny
Product,4006381333931,4006381333931,Pens\\, blue,,10,20,5
Product,96385074,96385074,Small,,8,12,5
Planogram,Bay 1,,100,150
Segment,,1,,100
Fixture,1,1,Lower,0,100,0,2
Fixture,1,2,Upper,0,100,50,2
Position,4006381333931,4006381333931,,5,20,2,20,,5,,,,,2
Position,96385074,96385074,,30,8,52,12,,5,,,,,1
"""


def test_a_plan_as_people_write_it_comes_back_as_it_was() -> None:
    plan = shelf(2, 0, goods(2), Ranges(width_px=640, height_px=480)).plan
    assert read_planogram(as_csv(plan)) == plan


def test_products_without_a_place_stand_side_by_side() -> None:
    plan = read_planogram(HEAD + "1,1,4006381333931,Pens,2,,900,100,200,\n1,2,96385074,Small,1,,900,50,90,\n")
    assert [facing.left_mm for facing in plan.facings] == [0, 100, 200]
    assert [facing.position for facing in plan.facings] == [1, 2, 3]
    assert (plan.width_mm, plan.height_mm) == (250, 1100)


def test_a_space_planner_s_file_is_a_plan_in_millimetres() -> None:
    plan = read_planogram(PSA, unit="cm")
    told = [(one.shelf, one.position, one.product.name, one.left_mm, one.board_mm) for one in plan.facings]
    assert told == [(1, 1, "Small", 300, 520), (2, 1, "Pens, blue", 50, 20), (2, 2, "Pens, blue", 150, 20)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "columns"),
        ("a,b\n1,2\n", "shelf_mm"),
        (HEAD, "no facings"),
        (HEAD + "1,1,4006381333932,Pens,1,0,0,50,90,\n", "line 2"),
        (HEAD + "1,1,4006381333931,Pens,1,0,0,nan,90,\n", "width_mm"),
        (HEAD + "1,1,4006381333931,Pens,9999,0,0,50,90,\n", "facings"),
        (HEAD + "1,1,4006381333931,Pens,1,0,0,50,90,\n1,2,4006381333931,Pens,1,0,0,60,90,\n", "line 3"),
        (PSA.replace("Position,96385074,96385074", "Position,1,2"), "no Product line"),
        (PSA.replace(",,,,,2\n", "\n"), "columns"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_its_line(text: str, names: str) -> None:
    with pytest.raises(PlanogramError, match=names):
        read_planogram(text)


def test_facings_gaps_and_wrong_places_are_found() -> None:
    sold, right, told, flagged, true = goods(11), 0, 0, 0, 0
    for number in range(2):
        made = shelf(11, number, sold, Ranges(width_px=2000, height_px=1500))
        found = audit(made.pixels, made.plan, sold.pictures)
        for slot, truth in zip(found.slots, made.as_json(), strict=True):
            told += truth["seen"] is not None
            right += truth["seen"] is not None and slot.seen == truth["seen"]
            flagged += slot.state == "wrong"
            true += slot.state == "wrong" and truth["state"] == "wrong"
    assert told > 60
    assert right >= 0.95 * told
    assert flagged > 0
    assert true >= 0.9 * flagged


@pytest.mark.parametrize("kind", ["ceiling", "noise", "tiny", "another"])
def test_a_photo_of_something_else_is_no_shelf(kind: str) -> None:
    sold, ranges = goods(11), Ranges(width_px=1200, height_px=900)
    made, rng = shelf(11, 0, sold, ranges), np.random.default_rng(1)
    other = goods(12)
    photo = {
        "ceiling": np.full((900, 1200, 3), 200, np.uint8),
        "noise": rng.integers(0, 255, (900, 1200, 3)).astype(np.uint8),
        "tiny": np.zeros((3, 5, 3), np.uint8),
        "another": shelf(12, 0, other, ranges).pixels,
    }[kind]
    with pytest.raises(NotThisShelfError, match="take the whole bay"):
        audit(photo, made.plan, sold.pictures)


def test_the_door_tells_what_stands_where_and_names_what_it_cannot_read(tmp_path: Path) -> None:
    assert generate("shelf", 11, 1, tmp_path, "2000x1500", io.StringIO()) == 0
    photo, plan = tmp_path / "000000.png", tmp_path / "000000.csv"
    truth = json.loads((tmp_path / "truth.jsonl").read_text("utf-8"))
    out = io.StringIO()
    assert audit_door(photo, plan, out, products=None, unit="in", as_json=True) == 0
    line = json.loads(out.getvalue())
    assert line["facings"] == len(truth["slots"]) == line["right"] + line["gaps"] + line["wrong"]
    assert abs(line["gaps"] - sum(slot["state"] == "gap" for slot in truth["slots"])) <= 1
    assert audit_door(photo, plan, io.StringIO(), products=None, unit="in", as_json=False) == 0
    grey = tmp_path / "grey.png"
    cv2.imwrite(str(grey), np.full((600, 800, 3), 90, np.uint8))
    assert audit_door(grey, plan, io.StringIO(), products=None, unit="in", as_json=True) == 1
    assert audit_door(tmp_path / "none.png", plan, io.StringIO(), products=None, unit="in", as_json=True) == 2
    next((tmp_path / "products").glob("*.png")).unlink()
    out = io.StringIO()
    assert audit_door(photo, plan, out, products=None, unit="in", as_json=True) == 2
    assert "picture of" in json.loads(out.getvalue())["error"]
