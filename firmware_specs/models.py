"""What stands beside a model's weights: what it is for, what it takes and gives, how good it is, whose it is.

A model is data: two files of one name, `items.onnx` and `items.json`. The manifest pins the weights by their hash, so
whoever trusts the manifest (it came with the package, or was signed) trusts them.
"""

import hashlib
from typing import Annotated, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta, Struct, convert

from firmware_specs.events import Id, Sha256, Text, Version
from firmware_specs.signing import SignatureError, verify
from firmware_specs.wire import WireError, decode

MOST_BYTES = 64 * 1024 * 1024
"""A larger file of weights is none of ours."""

Task = Literal["items", "detector"]
"""What a model does: `items` names the one thing in a picture, `detector` puts boxes round people and goods."""


class Port(Struct, frozen=True, forbid_unknown_fields=True):
    """One tensor that a model takes or gives; a size of 0 may vary."""

    name: str
    shape: list[Annotated[int, Meta(ge=0, le=100_000)]]
    dtype: Literal["float32", "uint8", "int64"] = "float32"


class Pixels(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a picture becomes the model's input: (value - mean) / scale of each channel, planes of rows."""

    width_px: Annotated[int, Meta(ge=8, le=4096)]
    height_px: Annotated[int, Meta(ge=8, le=4096)]
    order: Literal["RGB", "BGR"] = "RGB"
    mean: Annotated[list[float], Meta(min_length=3, max_length=3)]
    scale: Annotated[list[float], Meta(min_length=3, max_length=3)]


class Measured(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One figure of a model, on what, and the command that prints it."""

    what: Text
    value: float
    sample: Text
    command: Text


class Label(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that a model can name; `coarse` is the family that it belongs to."""

    name: Text
    coarse: Text


class ModelManifest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The manifest of one model."""

    name: Id
    version: Annotated[int, Meta(ge=1)]
    task: Task
    sha256: Sha256
    size: Annotated[int, Meta(ge=1, le=MOST_BYTES)]
    precision: Literal["float32", "int8"]
    licence: Text
    source: Text
    data: Text
    training: Text = ""
    takes: Port
    pixels: Pixels
    gives: Annotated[list[Port], Meta(min_length=1, max_length=16)]
    labels: Annotated[list[Label], Meta(min_length=1, max_length=10_000)]
    temperature: Annotated[float, Meta(gt=0, le=100)] = 1.0
    """By which logits are divided, so that probabilities come true."""

    sure_above: Annotated[float, Meta(ge=0, le=1)] = 0.0
    """A best answer less likely than this is a question for a person."""

    alike_above: Annotated[float, Meta(ge=-1, le=1)] = -1.0
    """A picture less like the usual ones of its best answer than this (cosine) is perhaps of nothing that is known."""

    measured: list[Measured] = []


class Models(Struct, frozen=True, kw_only=True):
    """The models that a store's devices are to look with (matter `models`), one at most for each task.

    The weights are a blob by their hash. For a task without a model a device uses the one that it came with.
    """

    store: Id
    version: Version
    models: Annotated[list[ModelManifest], Meta(max_length=16)]


class ModelError(ValueError):
    """A model that is not what its manifest says; the text names the model, the difference and the remedy."""


def read_manifest(data: bytes) -> ModelManifest:
    """Return a manifest that a person or a training run wrote. Raises ModelError that names the key."""
    try:
        manifest = convert(decode(data, dict), ModelManifest)
    except (WireError, ValueError) as exc:
        raise ModelError(f"the manifest does not read: {exc}") from exc
    shape = manifest.takes.shape
    wanted = [1, 3, manifest.pixels.height_px, manifest.pixels.width_px]
    if len(shape) != 4 or any(size not in (0, want) for size, want in zip(shape, wanted, strict=True)):
        raise ModelError(f"{manifest.name}: `takes.shape` is {shape}, but `pixels` makes {wanted}")
    return manifest


def check_signature(manifest: ModelManifest, envelope: bytes, key: Ed25519PublicKey) -> None:
    """Raise ModelError unless this very manifest was signed by `key`."""
    try:
        signed = verify(envelope, ModelManifest, key)
    except (SignatureError, WireError) as exc:
        raise ModelError(f"{manifest.name}: its signature does not hold: {exc}") from exc
    if signed != manifest:
        raise ModelError(f"{manifest.name}: the signature is for another manifest; take both files from one place")


def check_weights(manifest: ModelManifest, weights: bytes) -> None:
    """Raise ModelError unless these are the very weights of the manifest."""
    if len(weights) != manifest.size:
        raise ModelError(
            f"{manifest.name}: the weights have {len(weights)} bytes, its manifest says {manifest.size}; "
            "copy them again, both files from one place"
        )
    found = hashlib.sha256(weights).hexdigest()
    if found != manifest.sha256:
        raise ModelError(
            f"{manifest.name}: the weights hash to {found[:12]}…, its manifest says {manifest.sha256[:12]}…; "
            "they were changed or belong to another version: copy both files again from one place"
        )
