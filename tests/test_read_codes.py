"""`edge-agent read-codes` and `generate-frames`: a line for each picture, and errors that name what is wrong."""

import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp

from device_drivers.camera.scene import pack_picture
from edge_agent.cli import READER_LEFT, main
from tests.test_reading import PACK


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    main(["read-codes", "--json", *arguments])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def png(width: int, height: int) -> bytes:
    """Return a black picture of any size, small as a file."""
    packer = zlib.compressobj(9)
    row = b"\0" + bytes((width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_each_picture_gets_its_line_in_order_whatever_is_wrong_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = tmp_path / "a.jpg"
    packed = cv2.imencode(".jpg", pack_picture(PACK, 0, 0))[1].tobytes()
    good.write_bytes(packed)
    (tmp_path / "b.jpg").write_bytes(packed[: len(packed) // 3])
    (tmp_path / "c.png").write_bytes(b"")
    (tmp_path / "d.png").write_bytes(b"no picture at all")
    (tmp_path / "e.png").write_bytes(png(12_000, 9_000))
    (tmp_path / "f.png").write_bytes(png(40_000, 40_000))
    files = [str(tmp_path / name) for name in ("a.jpg", "b.jpg", "c.png", "d.png", "e.png", "f.png", "g.png")]
    lines = said(capsys, *files)
    assert [line["file"] for line in lines] == files
    codes = lines[0]["codes"]
    assert isinstance(codes, list)
    assert codes[0]["gtin"] == PACK.gtin
    assert set(codes[0]) >= {"text", "format", "gtin", "confidence", "corners"}
    # Of a picture that breaks off, what is there may be looked at; nothing is made up.
    assert lines[1].get("codes", []) in ([], codes)
    assert [("error" in line) for line in lines[2:]] == [True, True, False, True, True]
    assert lines[4]["codes"] == []


def test_codes_with_hostile_text_are_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["http://evil.example/\r\n; rm -rf /", "\x00\x1b[2J<script>", "'; DROP TABLE baskets; --"]
    files = []
    for number, text in enumerate(texts):
        picture = np.asarray(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_image(scale=6))
        file = tmp_path / f"{number}.png"
        cv2.imwrite(str(file), picture)
        files.append(str(file))
    lines = said(capsys, *files)
    for line in lines:
        codes = line["codes"]
        assert isinstance(codes, list)
        (code,) = codes
        assert code["gtin"] is None
        # Control characters but line ends are spelled out.
        assert {each for each in code["text"] if not each.isprintable()} <= {"\r", "\n"}
    main(["read-codes", *files])
    # What is printed for people keeps to its line and steers nobody's terminal.
    told = capsys.readouterr().out.splitlines()
    assert len(told) == len(files)
    assert all(line.isprintable() for line in told)


def test_videos_and_folders_are_read_frame_by_frame_and_file_by_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = cv2.VideoWriter(str(tmp_path / "b.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 20, (640, 480))
    for number in range(3):
        film.write(pack_picture(PACK, 0, number))
    film.release()
    cv2.imwrite(str(tmp_path / "a.png"), np.full((90, 120), 255, np.uint8))
    (tmp_path / "c.mp4").write_bytes(b"no film")
    lines = said(capsys, str(tmp_path))
    assert [(Path(str(line["file"])).name, line.get("frame")) for line in lines] == [
        ("a.png", None),
        ("b.avi", 0),
        ("b.avi", 1),
        ("b.avi", 2),
        ("c.mp4", None),
    ]
    assert "error" in lines[-1]


def test_generated_frames_come_with_their_truth_and_ranges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "frames"
    made = ["generate-frames", "--seed", "5", "--kind", "codes", "--count", "2", "--out", str(folder)]
    assert main([*made, "--size", "640x480"]) == 0
    truth = [json.loads(line) for line in (folder / "truth.jsonl").read_text("utf-8").splitlines()]
    assert [line["file"] for line in truth] == ["000000.png", "000001.png"]
    assert json.loads((folder / "ranges.json").read_text("utf-8"))["width_px"] == 640
    picture = cv2.imread(str(folder / "000001.png"))
    assert picture is not None
    assert picture.shape == (480, 640, 3)
    assert main([*made, "--size", "big"]) == 2
    assert "WIDTHxHEIGHT" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main([*made[:-1], str(tmp_path / "file")]) == 1


def test_a_door_whose_reader_leaves_ends_quietly(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}.png").write_bytes(png(64, 48))
    # A reader that is gone before the first line.
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        command = [sys.executable, "-m", "edge_agent.cli", "read-codes", str(tmp_path), "--json"]
        ended = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, timeout=50, check=False)
    finally:
        os.close(theirs)
    assert ended.returncode == READER_LEFT
    assert b"Traceback" not in ended.stderr
