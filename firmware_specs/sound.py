"""Sound files that the platform accepts: WAV PCM, told from bytes alone.

The cloud refuses anything else at upload, and a speaker decodes with the same function, so that what was
accepted can be played.
"""

import io
import struct
import wave
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

ACCEPTED: Final = "WAV PCM of 8, 16, 24 or 32 bits, 1 or 2 channels, 8 to 96 kHz, at most 10 minutes"
RATE_MIN_HZ: Final = 8_000
RATE_MAX_HZ: Final = 96_000
LONGEST_S: Final = 600

_REMEDY: Final = "convert it to WAV, for instance with: ffmpeg -i IN -c:a pcm_s16le OUT.wav"
_PCM: Final = 0x0001
_EXTENSIBLE: Final = 0xFFFE
_PCM_SUBFORMAT: Final = bytes.fromhex("0100000000001000800000aa00389b71")
"""KSDATAFORMAT_SUBTYPE_PCM, by which an extensible header says plain PCM."""

_OTHERS: Final = (
    (b"ID3", "MP3"),
    (b"\xff\xfb", "MP3"),
    (b"\xff\xf3", "MP3"),
    (b"\xff\xf2", "MP3"),
    (b"\xff\xf1", "AAC"),
    (b"\xff\xf9", "AAC"),
    (b"OggS", "Ogg"),
    (b"fLaC", "FLAC"),
    (b"FORM", "AIFF"),
    (b"#!AMR", "AMR"),
    (b"\x1aE\xdf\xa3", "Matroska"),
)


class SoundError(ValueError):
    """A sound file that is not accepted; the text names what is, and the remedy."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Decoded sound: `samples` are int16 of shape (frames, channels)."""

    samples: NDArray[np.int16]
    rate_hz: int

    @property
    def duration_s(self) -> float:
        """How long it sounds."""
        return len(self.samples) / self.rate_hz


def decode_audio(data: bytes) -> Sound:
    """Return the sound in a WAV file.

    Raises SoundError on another format, on a broken or empty file, and outside of `ACCEPTED`.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise SoundError(f"{_format_of(data)} is not accepted: send {ACCEPTED}; {_REMEDY}")
    try:
        with wave.open(io.BytesIO(_plain(data))) as file:
            channels, width, rate_hz, frames = file.getparams()[:4]
            _check(channels, rate_hz, frames)
            raw = file.readframes(frames)
    except (wave.Error, EOFError, struct.error, RuntimeError) as exc:
        raise SoundError(f"not a WAV file that can be read ({exc or 'cut short'}): send {ACCEPTED}; {_REMEDY}") from exc
    if len(raw) != frames * channels * width:
        raise SoundError(f"the file is cut short: it says {frames} frames and holds {len(raw) // (channels * width)}")
    return Sound(_samples(raw, width).reshape(frames, channels), rate_hz)


def _check(channels: int, rate_hz: int, frames: int) -> None:
    if channels not in (1, 2):
        raise SoundError(f"{channels} channels: 1 or 2 are accepted; mix it down, or {_REMEDY}")
    if not RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ:
        raise SoundError(f"{rate_hz} Hz: {RATE_MIN_HZ} to {RATE_MAX_HZ} are accepted; resample it")
    if frames == 0:
        raise SoundError("the file holds no sound")
    if frames > LONGEST_S * rate_hz:
        raise SoundError(f"{frames / rate_hz:.0f} s long: at most {LONGEST_S} s are accepted; cut it into parts")


def _samples(raw: bytes, width: int) -> NDArray[np.int16]:
    # Wider samples keep their upper 16 bits; 8-bit WAV is unsigned.
    match width:
        case 1:
            wide = (np.frombuffer(raw, np.uint8).astype(np.int16) - 128) << 8
            return wide.astype(np.int16)
        case 2:
            return np.frombuffer(raw, "<i2").astype(np.int16)
        case 3:
            triples = np.frombuffer(raw, np.uint8).reshape(-1, 3)
            return np.ascontiguousarray(triples[:, 1:]).view("<i2")[:, 0].astype(np.int16)
        case 4:
            return (np.frombuffer(raw, "<i4") >> 16).astype(np.int16)
        case _:
            raise SoundError(f"{8 * width} bits a sample: 8, 16, 24 or 32 are accepted; {_REMEDY}")


def _plain(data: bytes) -> bytes:
    # The wave module of Python 3.11 refuses extensible headers, which 24-bit files usually have.
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"fmt ":
            body = data[at + 8 : at + 8 + size]
            if len(body) >= 40 and int.from_bytes(body[:2], "little") == _EXTENSIBLE and body[24:40] == _PCM_SUBFORMAT:
                return data[: at + 8] + _PCM.to_bytes(2, "little") + data[at + 10 :]
            return data
        at += 8 + size + size % 2
    return data


def _format_of(data: bytes) -> str:
    for magic, name in _OTHERS:
        if data.startswith(magic):
            return name
    return "MP4/M4A" if data[4:8] == b"ftyp" else "this file"
