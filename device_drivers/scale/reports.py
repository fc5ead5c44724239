"""Reports of a USB scale (USB HID Point of Sale Usage Tables 1.02, chapter 4: usage page 0x8D, scale data report)."""

import struct
from typing import Final

from device_drivers.scale.reading import Reading, ScaleBytesError

REPORT_ID: Final = 3
REPORT_BYTES: Final = 6
_REPORT: Final = struct.Struct("<BBBbH")
"""Id, status, unit, exponent of ten, weight."""

GRAMS: Final = {1: 0.001, 2: 1.0, 3: 1_000.0, 11: 28.349_523_125, 12: 453.592_37}
"""Of one unit of weight: milligram, gram, kilogram, ounce, pound."""

_STABLE_ZERO, _MOVING, _STABLE, _BELOW_ZERO = 2, 3, 4, 5
_FAULTS: Final = {
    1: "the scale reports a fault",
    6: "too heavy for the scale",
    7: "the scale has to be calibrated",
    8: "the scale has to be set to zero",
}


def read_report(report: bytes) -> Reading:
    """Return the reading in a scale data report. Raises ScaleBytesError."""
    if len(report) != REPORT_BYTES or report[0] != REPORT_ID:
        raise ScaleBytesError(f"no scale data report: {report[:16].hex()}")
    _, status, unit, exponent, weight = _REPORT.unpack(report)
    if status in _FAULTS:
        return Reading(None, fault=_FAULTS[status])
    if status == _STABLE_ZERO:
        return Reading(0.0, is_stable=True)
    if status not in (_MOVING, _STABLE, _BELOW_ZERO):
        raise ScaleBytesError(f"status {status} is none of the eight that a scale has")
    if unit not in GRAMS or not -9 <= exponent <= 3:
        raise ScaleBytesError(f"unit {unit}, exponent {exponent}: no weight that could be told")
    grams = weight * 10.0**exponent * GRAMS[unit]
    # Below zero it says how far.
    return Reading(-grams if status == _BELOW_ZERO else grams, is_stable=status != _MOVING)


def pack_report(reading: Reading) -> bytes:
    """Return the report of a scale that weighs in grams, or a tenth of them where that fits; whole grams beyond."""
    if reading.grams is None:
        status = next((code for code, fault in _FAULTS.items() if fault == reading.fault), 1)
        return _REPORT.pack(REPORT_ID, status, 2, 0, 0)
    grams = abs(reading.grams)
    exponent, weight = (-1, round(grams * 10)) if grams < 6_500 else (0, min(65_535, round(grams)))
    if reading.grams < 0 and weight:
        status = _BELOW_ZERO
    elif not reading.is_stable:
        status = _MOVING
    else:
        status = _STABLE if weight else _STABLE_ZERO
    return _REPORT.pack(REPORT_ID, status, 2, exponent, weight)
