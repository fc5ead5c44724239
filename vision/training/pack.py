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
OUTPUTS: Final = ("features", "logits")
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
        network.eval(), (example,), into, input_names=[INPUT], output_names=list(OUTPUTS), opset_version=_OPSET,
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


def fingerprint(model: bytes) -> tuple[str, int]:
    """Return SHA-256 and size."""
    return hashlib.sha256(model).hexdigest(), len(model)
