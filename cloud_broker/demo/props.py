"""What the journey brings along: a tune to upload, and the middle of a zone."""

import io
import math
import struct
import wave


def melody(seconds: float = 1.2, rate_hz: int = 16_000) -> bytes:
    """Return a short rising chime as a WAV, 16-bit mono."""
    notes_hz = (523.25, 659.25, 783.99)
    samples = bytearray()
    for frame in range(int(seconds * rate_hz)):
        note = notes_hz[min(len(notes_hz) - 1, int(frame / (seconds * rate_hz) * len(notes_hz)))]
        fade = min(1.0, (seconds * rate_hz - frame) / (0.2 * rate_hz))
        samples += struct.pack("<h", int(9000 * fade * math.sin(2 * math.pi * note * frame / rate_hz)))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(bytes(samples))
    return out.getvalue()


def centre(polygon: list[dict[str, float]]) -> tuple[float, float]:
    """Return the mean of a polygon's corners."""
    return (
        sum(corner["x_m"] for corner in polygon) / len(polygon),
        sum(corner["y_m"] for corner in polygon) / len(polygon),
    )
