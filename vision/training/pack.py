"""A tuned network into what is shipped: ONNX, int8 where nothing is lost by it, and a manifest with its figures."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from vision.training.network import Network

INPUT: Final = "picture"
OUTPUTS: Final = ("features", "logits", "likeness")
_OPSET: Final = 17


class _Calibration(CalibrationDataReader):  # type: ignore[misc] # the library carries no types
    def __init__(self, pictures: Sequence[NDArray[np.float32]]) -> None:
        self._pictures: Iterator[NDArray[np.float32]] = iter(pictures)

    def get_next(self) -> dict[str, Any] | None:
        """Return the next picture, or None."""
        picture = next(self._pictures, None)
        return None if picture is None else {INPUT: picture}


def exported(network: Network, size: int) -> bytes:
    """Return the network as ONNX for one square picture of `size` pixels."""
    into = io.BytesIO()
    example = torch.zeros(1, 3, size, size)
    torch.onnx.export(
        network.eval(), (example,), into, input_names=[INPUT], output_names=list(OUTPUTS[:2]), opset_version=_OPSET,
        dynamo=False,
    )  # fmt: skip
    return into.getvalue()


def quantized(model: bytes, calibration: Sequence[NDArray[np.float32]]) -> bytes:
    """Return the model in int8, each weight's channel by a scale of its own, activations by what pictures show."""
    with TemporaryDirectory() as folder:
        plain, ready, packed = (Path(folder) / name for name in ("plain.onnx", "ready.onnx", "int8.onnx"))
        plain.write_bytes(model)
        quant_pre_process(str(plain), str(ready))
        quantize_static(
            str(ready), str(packed), _Calibration(calibration), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        )  # fmt: skip
        graph = onnx.load(str(packed))
        # What tools write about themselves says nothing of the model.
        graph.producer_name, graph.producer_version, graph.doc_string = "", "", ""
        return bytes(graph.SerializeToString())


def with_likeness(model: bytes, prototypes: NDArray[np.float32]) -> bytes:
    """Return the model with one more output: how much the features are like each class's usual ones (cosine).

    Logits say which class; they are as sure of a picture of none. Likeness says whether it is any.

    Args:
        prototypes: shape (classes, features), each of length 1.
    """
    graph = onnx.load_from_string(model)
    features, _, likeness = OUTPUTS
    graph.graph.initializer.append(onnx.numpy_helper.from_array(np.ascontiguousarray(prototypes.T), "prototypes"))
    # The form of opset 17, which `exported` writes.
    # A picture that shows none of the classes may have no features at all: it is like nothing.
    graph.graph.initializer.append(onnx.numpy_helper.from_array(np.array([[1e-6]], np.float32), "least"))
    norm = onnx.helper.make_node("ReduceL2", [features], ["measured"], axes=[1], keepdims=1)
    graph.graph.node.append(norm)
    graph.graph.node.append(onnx.helper.make_node("Max", ["measured", "least"], ["length"]))
    graph.graph.node.append(onnx.helper.make_node("Div", [features, "length"], ["direction"]))
    graph.graph.node.append(onnx.helper.make_node("MatMul", ["direction", "prototypes"], [likeness]))
    shape = [1, len(prototypes)]
    graph.graph.output.append(onnx.helper.make_tensor_value_info(likeness, onnx.TensorProto.FLOAT, shape))
    onnx.checker.check_model(graph)
    return bytes(graph.SerializeToString())


def prototypes(features: NDArray[np.float32], labels: Sequence[int], classes: int) -> NDArray[np.float32]:
    """Return each class's mean direction, shape (classes, features), length 1; of a class without pictures, zeros."""
    directions = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)
    means = np.zeros((classes, features.shape[1]), np.float32)
    np.add.at(means, np.asarray(labels), directions)
    return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9), np.float32)


def fingerprint(model: bytes) -> tuple[str, int]:
    """Return SHA-256 and size."""
    return hashlib.sha256(model).hexdigest(), len(model)
