"""Sound files: every accepted WAV decodes to the samples that went in, everything else says why not."""

import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_specs.sound import SoundError, decode_audio

TONE = (np.sin(np.arange(4000) * 0.1) * 20_000).astype(np.int16)


def wav(raw: bytes, *, channels: int = 1, width: int = 2, rate_hz: int = 16_000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((channels, width, rate_hz, 0, "NONE", "not compressed"))
        file.writeframes(raw)
    return out.getvalue()


def as_width(samples: NDArray[np.int16], width: int) -> bytes:
    match width:
        case 1:
            return ((samples >> 8) + 128).astype(np.uint8).tobytes()
        case 2:
            return samples.astype("<i2").tobytes()
        case 3:
            wide = (samples.astype("<i4") << 8).view(np.uint8).reshape(-1, 4)
            return wide[:, :3].tobytes()
        case _:
            return (samples.astype("<i4") << 16).tobytes()


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 96_000])
def test_a_wav_of_any_accepted_width_decodes_to_its_samples(width: int, channels: int, rate_hz: int) -> None:
    sound = decode_audio(wav(as_width(TONE, width), channels=channels, width=width, rate_hz=rate_hz))
    assert sound.rate_hz == rate_hz
    assert sound.samples.dtype == np.int16
    assert sound.samples.shape == (len(TONE) // channels, channels)
    expected = TONE if width > 1 else (TONE >> 8) << 8
    assert np.array_equal(sound.samples.reshape(-1), expected)
    assert sound.duration_s == len(TONE) / channels / rate_hz


def test_an_extensible_header_with_plain_pcm_is_accepted() -> None:
    raw = as_width(TONE, 3)
    subformat = bytes.fromhex("0100000000001000800000aa00389b71")
    fmt = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 48_000, 144_000, 3, 24, 22, 24, 4) + subformat
    body = b"WAVE" + b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"fmt " + struct.pack("<I", len(fmt)) + fmt
    body += b"data" + struct.pack("<I", len(raw)) + raw
    sound = decode_audio(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert np.array_equal(sound.samples[:, 0], TONE)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"ID3\x04" + bytes(200), "MP3"),
        (b"OggS" + bytes(200), "Ogg"),
        (b"fLaC" + bytes(200), "FLAC"),
        (b"\0\0\0\x20ftypM4A " + bytes(200), "MP4"),
        (b"", "this file"),
        (b"hello", "this file"),
    ],
)
def test_another_format_is_named_together_with_what_is_accepted_and_the_remedy(data: bytes, name: str) -> None:
    with pytest.raises(SoundError, match=rf"{name}.*WAV PCM.*convert it to WAV"):
        decode_audio(data)


def test_what_lies_outside_of_the_limits_is_refused_with_the_limit() -> None:
    with pytest.raises(SoundError, match="3 channels"):
        decode_audio(wav(bytes(600), channels=3))
    with pytest.raises(SoundError, match="4000 Hz"):
        decode_audio(wav(bytes(600), rate_hz=4_000))
    with pytest.raises(SoundError, match="192000 Hz"):
        decode_audio(wav(bytes(600), rate_hz=192_000))
    with pytest.raises(SoundError, match="601 s long: at most 600"):
        decode_audio(wav(bytes(601 * 8_000), width=1, rate_hz=8_000))
    with pytest.raises(SoundError, match="no sound"):
        decode_audio(wav(b""))


def test_floating_point_samples_and_files_cut_short_are_refused() -> None:
    whole = wav(as_width(TONE, 2))
    with pytest.raises(SoundError, match="cut short"):
        decode_audio(whole[:-100])
    floats = bytearray(whole)
    floats[20:22] = b"\x03\x00"
    with pytest.raises(SoundError, match="WAV PCM"):
        decode_audio(bytes(floats))


@given(st.binary(max_size=300))
def test_noise_raises_nothing_but_the_declared_error(noise: bytes) -> None:
    whole = wav(as_width(TONE[:50], 2))
    for data in (noise, whole[:12] + noise, noise + whole[len(noise) :], whole[: len(whole) // 2] + noise):
        try:
            sound = decode_audio(data)
        except SoundError:
            continue
        assert sound.samples.ndim == 2


@given(st.integers(0, 60), st.integers(0, 255))
def test_one_wrong_byte_in_a_header_raises_nothing_but_the_declared_error(place: int, value: int) -> None:
    data = bytearray(wav(as_width(TONE[:50], 2)))
    data[place] = value
    try:
        sound = decode_audio(bytes(data))
    except SoundError:
        return
    assert len(sound.samples) > 0
