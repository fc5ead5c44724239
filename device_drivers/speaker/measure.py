"""What went out of a speaker, in figures: gain applied, hash, level."""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

SILENCE_DBFS = -120.0
"""The level said of silence; 16 bits end at -90.3 dBFS."""


def after_gain(samples: NDArray[np.int16], gain_db: float) -> NDArray[np.int16]:
    """Return int16 samples with a gain of at most 0 dB applied, rounded to the nearest step."""
    if gain_db == 0.0:
        return samples
    factor = np.float32(10.0 ** (gain_db / 20.0))
    scaled: NDArray[np.int16] = np.rint(samples.astype(np.float32) * factor).astype(np.int16)
    return scaled


def sounded_sha256(samples: NDArray[np.int16]) -> str:
    """Return the SHA-256 over the samples as 16-bit little-endian, channels interleaved, as lower-case hex."""
    return hashlib.sha256(np.ascontiguousarray(samples, dtype="<i2").tobytes()).hexdigest()


def level_dbfs(samples: NDArray[np.int16]) -> float:
    """Return the RMS over all channels in dB below a full-scale square wave (so a full-scale sine has -3.01)."""
    if samples.size == 0:
        return SILENCE_DBFS
    rms = math.sqrt(float(np.mean(np.square(samples.astype(np.float64)))))
    return max(SILENCE_DBFS, 20.0 * math.log10(rms / 32768.0)) if rms > 0 else SILENCE_DBFS
