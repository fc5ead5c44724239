"""`edge-agent label`: what a technician types, and what comes of it."""

import json
from pathlib import Path

import pytest
from PIL import Image

from edge_agent.cli import main
from vision.labels.template import built_in
from vision.panel import Panel
from vision.wire import Layout, Wire, unpack

MILK = {"gtin": "06901234567892", "name_zh": "纯牛奶", "name_en": "Milk", "price_minor": 590, "currency": "CNY"}


@pytest.fixture
def data(tmp_path: Path) -> str:
    file = tmp_path / "milk.json"
    file.write_text(json.dumps(MILK), "utf-8")
    return str(file)


def test_a_label_is_drawn_for_people_and_for_its_panel(
    tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, raw, packed = tmp_path / "milk.png", tmp_path / "milk.bin", tmp_path / "milk.z"
    assert main(["label", "render", "standard", data, "--out", str(picture), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["panel"] == "296x128 bw"
    with Image.open(picture) as opened:
        assert opened.size == (296, 128)
    assert main(["label", "render", "large-bwry", data, "--out", str(raw), "--layout", "2bpp", "--rotate", "90"]) == 0
    panel = built_in("large-bwry").panel
    image = unpack(raw.read_bytes(), panel, Wire(Layout.TWO_BITS, rotated_deg=90))
    assert main(["label", "render", "standard", data, "--out", str(packed), "--zlib", "12", "--white-is-one"]) == 0
    assert image.panel == panel
    assert "its code reads back as 06901234567892" in capsys.readouterr().out
    assert unpack(packed.read_bytes(), Panel(), Wire(black_is_zero=True, zlib_window=12)).panel == Panel()


@pytest.mark.parametrize(
    ("template", "changed", "said"),
    [
        ("none-such", {}, "no such file, and no template of that name: there are large-bwry"),
        ("standard", {"price_minor": "5"}, "price_minor: Input should be a valid integer"),
        ("standard", {"prize": 5}, "prize: Unexpected keyword argument; known keys are gtin"),
        ("standard", {"name_zh": "茅" * 200}, "does not fit 284x52 px"),
        ("standard", {"gtin": "06901234567893"}, "check digit"),
    ],
)
def test_what_cannot_be_drawn_is_said_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], template: str, changed: dict[str, object], said: str
) -> None:
    file, out = tmp_path / "data.json", tmp_path / "out.png"
    file.write_text(json.dumps(MILK | changed), "utf-8")
    assert main(["label", "render", template, str(file), "--out", str(out)]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_a_wrong_template_is_named_with_its_file_and_place(
    tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps({"name": "x", "title": {"en": "X"}, "elements": [{"kind": "oval"}]}), "utf-8")
    assert main(["label", "render", str(file), data, "--out", str(tmp_path / "x.png")]) == 2
    assert f"{file}: elements.0: " in capsys.readouterr().err
    assert main(["label", "render", "standard", data, "--out", str(tmp_path / "x.z"), "--zlib", "3"]) == 2
    assert "9 to 15" in capsys.readouterr().err


def test_the_templates_that_come_along_are_listed_with_their_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", "templates"]) == 0
    assert "offer-bwr      296x128 bwr" in capsys.readouterr().out
    assert main(["label", "templates", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Template"


def test_a_virtual_label_is_provisioned_loaded_shown_and_asked(
    tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, address = tmp_path / "milk.label", "E6:5A:01:00:00:01"
    assert main(["label", "render", "offer-bwr", data, "--out", str(picture), "--layout", "object"]) == 0
    capsys.readouterr()

    def done(deed: str, *more: str) -> dict[str, object]:
        where = ["--transport", "sim", "--folder", str(tmp_path / "labels"), "--json"]
        assert main(["label", deed, address, *more, *where]) == 0
        said: dict[str, object] = json.loads(capsys.readouterr().out)
        return said

    assert done("provision") | {"took_s": 0} == {
        "label": address,
        "deed": "provision",
        "width_px": 296,
        "height_px": 128,
        "display_type": 6,
        "images": 4,
        "esl_id": 0,
        "took_s": 0,
    }
    assert done("load", str(picture), "--slot", "1")["checked"] is True
    assert done("show", "--slot", "1")["slot"] == 1
    assert "pending_display_update" in str(done("ping")["state"])


def test_a_picture_for_another_panel_or_a_wrong_slot_is_refused_by_name(
    tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "milk.label"
    assert main(["label", "render", "standard", data, "--out", str(picture), "--layout", "object"]) == 0
    where = ["--transport", "sim", "--folder", str(tmp_path / "labels")]
    for address, more, said in (
        ("E6:5A:01:00:00:01", [str(picture)], "296x128 pixels of display type 1 is not for label E6:5A:01:00:00:01"),
        ("E6:5A:00:00:00:01", [str(picture), "--slot", "9"], "has no slot 9: it stores 4 images"),
        ("E6:5A:00:00:00:01", [str(tmp_path / "none")], "No such file"),
    ):
        assert main(["label", "load", address, *more, *where]) == 1
        assert said in capsys.readouterr().err
    assert main(["label", "show", "E6:5A:00:00:00:01", "--slot", "2", *where]) == 1
    assert "error image not available" in capsys.readouterr().err
