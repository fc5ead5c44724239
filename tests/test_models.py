"""Models are data with a manifest: what is not what it says is never run, and pictures of nothing get no name."""

import hashlib
import io
import json
import shutil
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from edge_agent.models import run as models
from edge_agent.recognise import detect, recognise
from firmware_specs.models import ModelError, read_manifest
from vision.items import Look, Looker, NotAnItemError, answer, teach
from vision.items.look import directed
from vision.runtime import SHIPPED, find, open_model


def _lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """A folder of the shipped models, to be spoilt."""
    folder = tmp_path / "models"
    shutil.copytree(SHIPPED, folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


def test_what_is_shipped_is_what_its_manifests_say() -> None:
    out = io.StringIO()
    assert models("verify", SHIPPED, out, as_json=True) == 0
    assert {line["name"] for line in _lines(out.getvalue())} == {"detector", "items"}
    assert all(path.stat().st_size < 8_000_000 for path in SHIPPED.glob("*.onnx"))


def test_weights_that_were_changed_are_not_run(copies: Path) -> None:
    path = copies / "items.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    out = io.StringIO()
    assert models("verify", copies, out, as_json=True) == 1
    told = {str(line.get("error", "")) for line in _lines(out.getvalue())}
    assert any("items" in text and "hash" in text and "copy" in text for text in told)


@pytest.mark.parametrize(
    ("key", "value", "names"),
    [
        ("takes", {"name": "picture", "shape": [1, 3, 128, 128]}, "takes.shape"),
        ("gives", [{"name": "features", "shape": [1, 64]}, {"name": "logits", "shape": [1, 81]}], "features"),
        ("gives", [{"name": "nothing", "shape": [1, 64]}], "nothing"),
        ("sha256", "no hash", "sha256"),
        ("colour", "blue", "colour"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_by_name(copies: Path, key: str, value: object, names: str) -> None:
    path = copies / "items.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {key: value}), "utf-8")
    out = io.StringIO()
    assert models("verify", copies, out, as_json=True) == 1
    assert any(names in str(line.get("error", "")) for line in _lines(out.getvalue()))


def test_a_file_that_is_no_model_is_an_error_and_no_crash() -> None:
    manifest = read_manifest((SHIPPED / "items.json").read_bytes())
    for data in (b"\x08\x01", b"PK\x03\x04" * 100, bytes(5000)):
        fitting = msgspec.structs.replace(manifest, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
        with pytest.raises(ModelError, match="items"):
            open_model(fitting, data)


def test_pictures_of_nothing_are_a_question_for_a_person(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for name, pixels in {
        "grey": np.full((300, 400, 3), 128, np.uint8),
        "noise": rng.integers(0, 255, (240, 320, 3)).astype(np.uint8),
        "thin": np.full((1, 900, 3), 60, np.uint8),
    }.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), pixels)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    out = io.StringIO()
    assert recognise([str(tmp_path)], out, models=SHIPPED, as_json=True) == 0
    lines = {Path(str(line["file"])).stem: line for line in _lines(out.getvalue())}
    assert "error" in lines["broken"]
    assert all(lines[name]["abstain"] for name in ("grey", "noise", "thin"))
    out = io.StringIO()
    assert detect([str(tmp_path), "/nowhere.jpg"], out, models=SHIPPED, least=None, as_json=True) == 0
    assert all(line.get("people", 0) == 0 for line in _lines(out.getvalue()))


def test_a_taught_item_is_known_beside_those_of_the_model() -> None:
    looker = Looker(find("items"))
    rng = np.random.default_rng(5)
    features = directed((rng.random(1280) * (rng.random(1280) < 0.2)).astype(np.float32))
    flat = np.full(81, 1 / 81, np.float32)
    like = np.zeros(81, np.float32)

    def near(direction: np.ndarray, scatter: float) -> Look:
        return Look(
            directed((direction + scatter * rng.normal(0, 0.03, 1280)).astype(np.float32)), flat, like, "0" * 64
        )

    item = teach("own-bread", "Bread", [near(features, 0.3) for _ in range(5)])
    assert answer(near(features, 0.3), looker.manifest, [item]).top[0].label == "own-bread"
    other = Look(directed(rng.random(1280).astype(np.float32) * (rng.random(1280) < 0.2)), flat, like, "0" * 64)
    assert answer(other, looker.manifest, [item]).top[0].label != "own-bread"
    with pytest.raises(NotAnItemError, match="too few"):
        teach("x", "x", [near(features, 0.3)])
    with pytest.raises(NotAnItemError, match="picture 3"):
        teach("x", "x", [near(features, 0.3), near(features, 0.3), other])
    with pytest.raises(NotAnItemError, match="empty"):
        teach("floor", "x", [near(features, 0.9) for _ in range(5)], empty=[Look(features, flat, like, "0" * 64)])


def test_only_who_is_vouched_for_passes_where_a_key_is_asked_for(copies: Path, tmp_path: Path) -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    private, public, stranger = (tmp_path / name for name in ("private.pem", "public.pem", "stranger.pem"))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for path, one in ((public, key), (stranger, other)):
        path.write_bytes(one.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    def verified(by: Path) -> tuple[int, str]:
        out = io.StringIO()
        return models("verify", copies, out, as_json=True, key=by), out.getvalue()

    assert verified(public) == (1, verified(public)[1])
    assert "nobody vouches" in verified(public)[1]
    assert models("sign", copies, io.StringIO(), as_json=True, key=private) == 0
    assert verified(public)[0] == 0
    assert "not signed by key" in verified(stranger)[1]
    path = copies / "items.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"sure_above": 0.0}), "utf-8")
    assert "another manifest" in verified(public)[1]
    (copies / "items.sig").write_bytes(b"{}")
    assert "signature does not hold" in verified(public)[1]
    assert models("verify", copies, io.StringIO(), as_json=True, key=tmp_path / "none.pem") == 2
    assert models("verify", copies, io.StringIO(), as_json=True, key=copies / "items.json") == 2
    assert models("sign", copies, io.StringIO(), as_json=True) == 2
