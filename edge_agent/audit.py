"""`edge-agent audit`: a photo of a shelf against its planogram, as facings, gaps, and what stands in a wrong place."""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
from numpy.typing import NDArray

from edge_agent.pictures import PictureError, read_picture
from firmware_specs.planogram import Planogram, PlanogramError, decode_planogram, picture_files
from vision.shelf import NotThisShelfError, audit

_LARGEST_PLAN: Final = 16 * 2**20


def run(photo: Path, planogram: Path, out: TextIO, *, products: Path | None, unit: str, as_json: bool) -> int:
    """Say what stands where; return 1 when the photo does not show the shelf, 2 for what cannot be read.

    Args:
        products: a folder of pictures named by GTIN, for a planogram that names none.
        unit: what a PSA file measures in.
    """
    try:
        pixels = read_picture(photo, colour=True)
    except PictureError as exc:
        return _failed(f"{photo}: {exc}", out, as_json=as_json)
    try:
        plan = _planned(planogram, unit)
        pictures = _pictures(plan, planogram.parent, products)
    except PlanogramError as exc:
        return _failed(f"{planogram}: {exc}", out, as_json=as_json)
    began_s = time.perf_counter()
    try:
        found = audit(pixels, plan, pictures)
    except NotThisShelfError as exc:
        return _failed(f"{photo}: {exc}", out, as_json=as_json, status=1)
    line = {"photo": str(photo), **found.as_json(), "ms": round((time.perf_counter() - began_s) * 1000)}
    print(json.dumps(line, ensure_ascii=False) if as_json else _told(line), file=out)
    return 0


def _planned(path: Path, unit: str) -> Planogram:
    try:
        if path.stat().st_size > _LARGEST_PLAN:
            raise PlanogramError("is too large; give one bay at a time")
        data = path.read_bytes()
    except OSError as exc:
        raise PlanogramError(f"cannot be opened: {exc.strerror}") from exc
    return decode_planogram(data, unit=unit)


def _pictures(plan: Planogram, beside: Path, products: Path | None) -> Mapping[str, NDArray[np.uint8]]:
    pictures = {}
    for product in plan.known:
        path = beside / product.picture if product.picture else _of(product.gtin, products)
        if path is None:
            raise PlanogramError(
                f"no picture of {product.gtin} {product.name}: name one in the column `picture`, or put "
                f"{product.gtin}.png into the folder of --products"
            )
        try:
            pictures[product.gtin] = read_picture(path, colour=True)
        except PictureError as exc:
            raise PlanogramError(f"the picture of {product.gtin} {product.name}, {path}, {exc}") from exc
    return pictures


def _of(gtin: str, products: Path | None) -> Path | None:
    if products is None:
        return None
    return next((products / name for name in picture_files(gtin) if (products / name).is_file()), None)


def _failed(text: str, out: TextIO, *, as_json: bool, status: int = 2) -> int:
    if as_json:
        print(json.dumps({"error": text}, ensure_ascii=False), file=out)
    print(f"edge-agent: {text}", file=sys.stderr)
    return status


def _told(line: dict[str, Any]) -> str:
    told = [f"{line['right']} of {line['facings']} facings as planned, {line['gaps']} gaps, {line['wrong']} wrong"]
    for slot in line["slots"]:
        at = f"shelf {slot['shelf']} position {slot['position']}: {slot['name'] or slot['gtin']}"
        if slot["state"] == "gap":
            told.append(f"{at} is missing")
        elif slot["state"] == "wrong":
            told.append(f"{at}: in its place stands {slot['seen'] or 'something that the plan does not know'}")
    told += [f"shelf {one['shelf']}: {one['gtin']} stands where nothing is planned" for one in line["extra"]]
    return "\n".join(told)
