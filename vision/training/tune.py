"""Tuning all but the first blocks of a network: AdamW, one cosine, mixed pictures, the mean of its last steps."""

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from firmware_specs.models import Label, Pixels
from vision.runtime.picture import planes
from vision.training.network import Network
from vision.training.pictures import Labelled, families, view


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a run is made of; the defaults are those of the shipped model."""

    epochs: int = 15
    size_px: int = 224
    """Views are cut smaller than the pictures that are asked about: what is cut out looks nearer (Touvron 2019)."""

    frozen: int = 4
    batch: int = 32
    rate: float = 5e-4
    decay: float = 0.03
    smoothing: float = 0.1
    warm_up: int = 80
    family: float = 0.3
    """Weight of the family's loss beside the class's."""

    drop_path: float = 0.12
    dropout: float = 0.3
    seed: int = 1
    threads: int = 1


def tune(
    network: Network, pictures: Sequence[Labelled], classes: Sequence[Label], pixels: Pixels, recipe: Recipe
) -> Network:
    """Return the mean network of the last steps; prints a line for each epoch.

    The same seed on the same machine with one thread gives the same network.
    """
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    _prepare(network, recipe)
    optimizer = torch.optim.AdamW(_groups(network, recipe), betas=(0.9, 0.99))
    peaks = [group["lr"] for group in optimizer.param_groups]
    mean = copy.deepcopy(network)
    family = torch.eye(int(families(classes).max()) + 1)[torch.from_numpy(families(classes))]
    steps, step, began_s = recipe.epochs * (len(pictures) // recipe.batch), 0, time.monotonic()
    for epoch in range(recipe.epochs):
        network.train()
        order, losses = rng.permutation(len(pictures)), []
        for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
            chosen = [pictures[place] for place in order[start : start + recipe.batch]]
            values, wanted = _batch(chosen, len(classes), pixels, recipe.size_px, rng)
            if epoch < recipe.epochs - 2:
                values, wanted = _mixed(values, wanted, rng)
            share = max(0.01, min(1, step / recipe.warm_up) * 0.5 * (1 + math.cos(math.pi * step / steps)))
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * share
            loss = _loss(network(values)[1], wanted, family, recipe)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            losses.append(float(loss))
            step += 1
            _towards(mean, network, min(0.995, (1 + step) / (10 + step)))
        took_s = time.monotonic() - began_s
        print(f"epoch {epoch + 1} of {recipe.epochs}: loss {np.mean(losses):.3f}, {took_s:.0f} s", flush=True)
    return mean.eval()


def _prepare(network: Network, recipe: Recipe) -> None:
    network.to(memory_format=torch.channels_last)
    network.frozen, network.dropout = recipe.frozen, recipe.dropout
    for number, block in enumerate(network.blocks):
        block.drop = recipe.drop_path * number / len(network.blocks)
        block.requires_grad_(number >= recipe.frozen)
    network.stem.requires_grad_(recipe.frozen == 0)


def _groups(network: Network, recipe: Recipe) -> list[dict[str, object]]:
    # Early blocks see edges and colours, which are the same everywhere: they move least. The last layer is new.
    groups: list[dict[str, object]] = []
    for name, weights in network.named_parameters():
        if not weights.requires_grad:
            continue
        factor = 1.0
        if name.startswith("blocks"):
            factor = max(0.25, (int(name.split(".")[1]) + 1) / len(network.blocks))
        elif name.startswith("classify"):
            factor = 5.0
        decay = recipe.decay if weights.ndim > 1 else 0.0
        groups.append({"params": [weights], "lr": recipe.rate * factor, "weight_decay": decay})
    return groups


def _batch(
    chosen: Sequence[Labelled], classes: int, pixels: Pixels, size: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    views = np.concatenate([planes(view(one.pixels, size, rng), pixels) for one in chosen])
    return torch.from_numpy(views), torch.eye(classes)[[one.label for one in chosen]]


def _mixed(values: Tensor, wanted: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    # Mixup (Zhang 2017) and CutMix (Yun 2019), each for about a quarter of the steps.
    draw, other = rng.random(), torch.from_numpy(rng.permutation(len(values)))
    if draw < 0.3:
        share = float(rng.beta(0.3, 0.3))
        values = share * values + (1 - share) * values[other]
    elif draw < 0.55:
        size = values.shape[-1]
        half = int(size * math.sqrt(1 - float(rng.beta(1, 1)))) // 2
        x, y = (int(place) for place in rng.integers(0, size, 2))
        left, right, top, bottom = max(x - half, 0), min(x + half, size), max(y - half, 0), min(y + half, size)
        values = values.clone()
        values[:, :, top:bottom, left:right] = values[other][:, :, top:bottom, left:right]
        share = 1 - (right - left) * (bottom - top) / size**2
    else:
        return values, wanted
    return values, share * wanted + (1 - share) * wanted[other]


def _loss(logits: Tensor, wanted: Tensor, family: Tensor, recipe: Recipe) -> Tensor:
    soft = wanted * (1 - recipe.smoothing) + recipe.smoothing / wanted.shape[1]
    of_class = -(soft * logits.log_softmax(1)).sum(1).mean()
    chances = torch.log(logits.softmax(1) @ family + 1e-6)
    soft_family = (wanted @ family) * (1 - recipe.smoothing / 2) + recipe.smoothing / 2 / family.shape[1]
    of_family = -(soft_family * chances).sum(1).mean()
    return of_class + recipe.family * of_family


def _towards(mean: Network, network: Network, kept: float) -> None:
    with torch.no_grad():
        for ours, theirs in zip(mean.parameters(), network.parameters(), strict=True):
            ours.mul_(kept).add_(theirs, alpha=1 - kept)
