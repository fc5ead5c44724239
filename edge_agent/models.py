"""`edge-agent models`: which models are here, whose they are, and whether they are what their manifests say."""

import json
import sys
from pathlib import Path
from typing import Any, TextIO

import msgspec

from firmware_specs.models import ModelError
from vision.runtime import Found, found_in


def run(deed: str, folder: Path, out: TextIO, *, as_json: bool) -> int:
    """List or verify the models of a folder; return 1 when one of them cannot be used, 2 for no folder."""
    try:
        found = found_in(folder)
    except ModelError as exc:
        print(f"edge-agent: {exc}", file=sys.stderr)
        return 2
    if not found:
        print(f"edge-agent: no manifest in {folder}: a model is NAME.onnx with NAME.json beside it", file=sys.stderr)
        return 2
    sound = True
    for one in found:
        line = _listed(one) if deed == "list" else _verified(one)
        sound &= "error" not in line
        print(json.dumps(line, ensure_ascii=False) if as_json else _told(line), file=out)
    return 0 if sound else 1


def _listed(one: Found) -> dict[str, Any]:
    if one.manifest is None:
        return {"file": str(one.path), "error": one.error}
    about = msgspec.to_builtins(one.manifest)
    del about["labels"]
    return {"file": str(one.path), **about, "classes": len(one.manifest.labels)}


def _verified(one: Found) -> dict[str, Any]:
    try:
        manifest = one.open().manifest
    except ModelError as exc:
        return {"file": str(one.path), "error": str(exc)}
    return {"file": str(one.path), "name": manifest.name, "version": manifest.version, "sha256": manifest.sha256}


def _told(line: dict[str, Any]) -> str:
    if "error" in line:
        return f"{line['file']}: {line['error']}"
    told = f"{line['name']} {line['version']}"
    if "task" not in line:
        return f"{told}: hash, input and outputs are as its manifest says"
    figures = "".join(f"\n  {one['what']}: {one['value']} ({one['sample']})" for one in line["measured"])
    about = f"{line['task']}, {line['classes']} classes, {line['precision']}, {line['size'] / 1e6:.1f} MB"
    return f"{told}: {about}\n  weights {line['source']}; {line['licence']}\n  pictures {line['data']}{figures}"
