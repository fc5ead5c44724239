"""The one layer on ONNX Runtime: a checked model on one thread of the CPU."""

from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as native

from firmware_specs.models import ModelError, ModelManifest, Port, check_weights

_DTYPES: Final = {"tensor(float)": "float32", "tensor(uint8)": "uint8", "tensor(int64)": "int64"}

_BROKEN: Final = (
    native.Fail,
    native.InvalidArgument,
    native.InvalidGraph,
    native.InvalidProtobuf,
    native.NotImplemented,
    native.RuntimeException,
)
"""What the library raises of a file that is no model of its; it names no common class for them."""


class Model:
    """A model that takes what its manifest says; not for two threads at once."""

    def __init__(self, manifest: ModelManifest, session: onnxruntime.InferenceSession) -> None:
        self.manifest: Final = manifest
        self._session = session
        self._gives = [port.name for port in manifest.gives]

    def run(self, values: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return every output by its name.

        Args:
            values: float32 of the shape that `manifest.takes` says.

        Raises ModelError for a graph that cannot be carried out.
        """
        try:
            given = self._session.run(self._gives, {self.manifest.takes.name: values})
        except _BROKEN as exc:
            raise ModelError(f"{self.manifest.name}: it cannot be run: {str(exc)[:200]}") from exc
        return {name: np.asarray(value) for name, value in zip(self._gives, given, strict=True)}


def open_model(manifest: ModelManifest, weights: bytes, *, threads: int = 1) -> Model:
    """Return a model whose weights, input and outputs are those of its manifest.

    Raises ModelError when the hash, a name, a shape or a type is another, or the file is no model.
    """
    check_weights(manifest, weights)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # The arena never gives back what the largest picture once took.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    except _BROKEN as exc:
        raise ModelError(f"{manifest.name}: the weights are no model that can be run: {str(exc)[:200]}") from exc
    _check(manifest.name, "takes", [manifest.takes], session.get_inputs())
    given = {each.name: each for each in session.get_outputs()}
    absent = [port.name for port in manifest.gives if port.name not in given]
    if absent:
        raise ModelError(f"{manifest.name}: it gives {sorted(given)}, its manifest says also {absent}")
    _check(manifest.name, "gives", manifest.gives, [given[port.name] for port in manifest.gives])
    return Model(manifest, session)


def _check(name: str, side: str, ports: list[Port], real: list[onnxruntime.NodeArg]) -> None:
    if [port.name for port in ports] != [each.name for each in real]:
        raise ModelError(f"{name}: it {side} {[each.name for each in real]}, its manifest says {ports[0].name!r}")
    for port, each in zip(ports, real, strict=True):
        shape = [size if isinstance(size, int) else 0 for size in each.shape]
        fits = len(shape) == len(port.shape) and all(
            0 in (a, b) or a == b for a, b in zip(shape, port.shape, strict=True)
        )
        if not fits or _DTYPES.get(each.type) != port.dtype:
            said = f"{port.dtype} {port.shape}"
            raise ModelError(f"{name}: {port.name} is {each.type} {each.shape}, its manifest says {said}")
