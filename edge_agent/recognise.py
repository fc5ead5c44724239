"""`edge-agent recognise` and `detect`: what pictures show that has no code, on this machine's own CPU."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from edge_agent.pictures import tell
from firmware_specs.models import ModelError
from vision.detect import Detector
from vision.items import Looker, answer
from vision.runtime import find


def recognise(files: Sequence[str], out: TextIO, *, models: Path, as_json: bool) -> int:
    """Name the item in each picture, or say that a person must be asked; return 1 when no picture could be read."""
    try:
        looker = Looker(find("items", models))
    except ModelError as exc:
        return _no_model(exc)

    def look(pixels: NDArray[np.uint8]) -> dict[str, Any]:
        began_s = time.perf_counter()
        given = answer(looker.look(pixels), looker.manifest)
        top = [{"label": one.label, "coarse": one.coarse, "p": round(one.p, 4)} for one in given.top]
        return {"abstain": given.abstain, "top": top, "ms": _ms(began_s)}

    def told(line: dict[str, Any]) -> str:
        guesses = ", ".join(f"{one['label']} {one['p']:.0%}" for one in line["top"][:3])
        return f"unsure, ask: {guesses}" if line["abstain"] else guesses

    return tell(files, out, look, told, as_json=as_json)


def detect(files: Sequence[str], out: TextIO, *, models: Path, least: float | None, as_json: bool) -> int:
    """Box people and goods in each picture; return 1 when no picture could be read."""
    try:
        model = find("detector", models)
        detector = Detector(model)
    except ModelError as exc:
        return _no_model(exc)
    sure = model.manifest.sure_above if least is None else least

    def look(pixels: NDArray[np.uint8]) -> dict[str, Any]:
        began_s = time.perf_counter()
        found = [box for box in detector.find(pixels, least=sure) if box.kind != "other"]
        boxes = [
            {
                "label": box.label,
                "kind": box.kind,
                "p": round(box.p, 4),
                "box": [round(side, 1) for side in (box.left, box.top, box.right, box.bottom)],
            }
            for box in found
        ]
        return {"people": sum(box.kind == "person" for box in found), "boxes": boxes, "ms": _ms(began_s)}

    def told(line: dict[str, Any]) -> str:
        return ", ".join(f"{one['label']} {one['p']:.0%} {one['box']}" for one in line["boxes"]) or "nobody, nothing"

    return tell(files, out, look, told, as_json=as_json)


def _ms(began_s: float) -> float:
    return round((time.perf_counter() - began_s) * 1000, 1)


def _no_model(exc: ModelError) -> int:
    print(f"edge-agent: {exc}", file=sys.stderr)
    return 2
