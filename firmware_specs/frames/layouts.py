"""Every frame byte by byte, as data: `publish` makes byte tables of it, tests hold it against encoded frames."""

from dataclasses import dataclass
from typing import Final, Literal

from firmware_specs.frames.altbeacon import BEACON_CODE, AltBeacon
from firmware_specs.frames.eddystone import SERVICE_UUID, Eid, Tlm, Uid, Url
from firmware_specs.frames.esl import (
    BasicState,
    DisplayImage,
    DisplayState,
    DisplayTimedImage,
    ErrorResponse,
    Ping,
    ReadSensor,
    RefreshDisplay,
    SensorValue,
)
from firmware_specs.frames.ibeacon import COMPANY_ID, IBeacon

Order = Literal["big", "little"]


@dataclass(frozen=True, slots=True)
class Field:
    """Consecutive bytes of a frame.

    Args:
        name: the attribute of the frame's class that they carry.
        size: bytes; None takes the rest of the frame.
        meaning: unit and range, for people.
        order: of the bytes of a number; None where they are no number.
        is_signed: two's complement.
        per_unit: the number counts this many for one of the attribute's unit.
        fixed: what always stands here.
    """

    name: str
    size: int | None
    meaning: str
    order: Order | None = None
    is_signed: bool = False
    per_unit: int = 1
    fixed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """One frame: its class, where on the air it stands, and its fields from the first byte on."""

    frame: type
    title: str
    where: str
    fields: tuple[Field, ...]


def _fixed(name: str, value: bytes, meaning: str) -> Field:
    return Field(name, len(value), meaning, fixed=value)


def _power(name: str, meaning: str) -> Field:
    return Field(name, 1, meaning, "big", is_signed=True)


_AT_0M = _power("power_0m_dbm", "received strength at 0 m, dBm, -100 to 20; at 1 m it is 41 dB less")
_EDDYSTONE: Final = f"service data of UUID 0x{SERVICE_UUID:04X}"
_ESL_ID = Field("esl_id", 1, "which label of the group; 0xFF is every label, and none answers", "little")
_DISPLAY = Field("display", 1, "which display of the label, 0 is the first", "little")
_IMAGE = Field("image", 1, "which of the label's stored images, 0 is the first", "little")
_COMMAND: Final = "written to the ESL Control Point, 0x2BFE"
_RESPONSE: Final = "notified by the ESL Control Point, 0x2BFE"


def _opcode(frame: type[Ping | ReadSensor | RefreshDisplay | DisplayImage | DisplayTimedImage], name: str) -> Field:
    return _fixed("opcode", bytes((frame.OPCODE,)), f"{name}; upper four bits: parameter bytes less one")


def _answer(frame: type[ErrorResponse | BasicState | DisplayState], name: str) -> Field:
    return _fixed("opcode", bytes((frame.OPCODE,)), f"{name}; upper four bits: parameter bytes less one")


FIELDS: Final = (
    Layout(
        IBeacon,
        "iBeacon",
        f"manufacturer data, behind the company identifier 0x{COMPANY_ID:04X} (itself little-endian)",
        (
            _fixed("type", b"\x02\x15", "iBeacon, 21 bytes follow"),
            Field("uuid", 16, "in the order in which a UUID is written"),
            Field("major", 2, "0 to 65535", "big"),
            Field("minor", 2, "0 to 65535; uuid, major and minor together name a beacon", "big"),
            _power("power_1m_dbm", "received strength at 1 m, dBm, -128 to 127"),
        ),
    ),
    Layout(
        AltBeacon,
        "AltBeacon",
        "manufacturer data, behind the company identifier of its maker (itself little-endian)",
        (
            _fixed("code", BEACON_CODE.to_bytes(2, "big"), "AltBeacon"),
            Field("beacon_id", 20, "16 bytes that name an organisation, then 4 of its own"),
            _power("power_1m_dbm", "received strength at 1 m, dBm, -127 to 0"),
            Field("reserved", 1, "for the maker's use", "big"),
        ),
    ),
    Layout(
        Uid,
        "Eddystone-UID",
        _EDDYSTONE,
        (
            _fixed("type", b"\x00", "UID"),
            _AT_0M,
            Field("namespace", 10, "whose beacons these are"),
            Field("instance", 6, "which beacon"),
            _fixed("reserved", bytes(2), "zeros; early beacons leave them out, and are read all the same"),
        ),
    ),
    Layout(
        Url,
        "Eddystone-URL",
        _EDDYSTONE,
        (
            _fixed("type", b"\x10", "URL"),
            _AT_0M,
            Field(
                "url",
                None,
                "one byte of scheme (0 http://www., 1 https://www., 2 http://, 3 https://), then at most 17 of "
                "graphic ASCII or of the codes 0 to 6 (.com/ .org/ .edu/ .net/ .info/ .biz/ .gov/) and 7 to 13 "
                "(the same without the slash)",
            ),
        ),
    ),
    Layout(
        Tlm,
        "Eddystone-TLM",
        _EDDYSTONE,
        (
            _fixed("type", b"\x20", "TLM"),
            _fixed("version", b"\x00", "unencrypted"),
            Field("battery_mv", 2, "millivolts, 0 where it cannot tell", "big"),
            Field("temperature_c", 2, "1/256 degrees Celsius, 0x8000 where it cannot tell", "big", True, 256),
            Field("adverts", 4, "advertisements sent since it was started", "big"),
            Field("uptime_s", 4, "tenths of a second since it was started", "big", per_unit=10),
        ),
    ),
    Layout(
        Eid,
        "Eddystone-EID",
        _EDDYSTONE,
        (
            _fixed("type", b"\x30", "EID"),
            _AT_0M,
            Field("ephemeral_id", 8, "changes; only its resolver knows whose it is"),
        ),
    ),
    Layout(Ping, "ESL Ping", _COMMAND, (_opcode(Ping, "answered by Basic State"), _ESL_ID)),
    Layout(
        ReadSensor,
        "ESL Read Sensor Data",
        _COMMAND,
        (
            _opcode(ReadSensor, "answered by Sensor Value"),
            _ESL_ID,
            Field("sensor", 1, "which sensor; 0 tells what is on the glass", "little"),
        ),
    ),
    Layout(
        RefreshDisplay,
        "ESL Refresh Display",
        _COMMAND,
        (_opcode(RefreshDisplay, "answered by Display State"), _ESL_ID, _DISPLAY),
    ),
    Layout(
        DisplayImage,
        "ESL Display Image",
        _COMMAND,
        (_opcode(DisplayImage, "answered by Display State"), _ESL_ID, _DISPLAY, _IMAGE),
    ),
    Layout(
        DisplayTimedImage,
        "ESL Display Timed Image",
        _COMMAND,
        (
            _opcode(DisplayTimedImage, "answered by Display State"),
            _ESL_ID,
            _DISPLAY,
            _IMAGE,
            Field(
                "at_ms",
                4,
                "absolute time: UTC milliseconds modulo 2^32, 1 where that is 0; 0 cancels what is pending",
                "little",
            ),
        ),
    ),
    Layout(
        ErrorResponse,
        "ESL Error",
        _RESPONSE,
        (_answer(ErrorResponse, "refused"), Field("code", 1, "why, see the codes below", "little")),
    ),
    Layout(
        BasicState,
        "ESL Basic State",
        _RESPONSE,
        (_answer(BasicState, "how the label is"), Field("bits", 2, "see the bits below", "little")),
    ),
    Layout(
        DisplayState,
        "ESL Display State",
        _RESPONSE,
        (_answer(DisplayState, "what a display was last told to show"), _DISPLAY, _IMAGE),
    ),
    Layout(
        SensorValue,
        "ESL Sensor Value",
        _RESPONSE,
        (
            Field("opcode", 1, "0x0E, with the number of value bytes in the upper four bits", "little"),
            Field("sensor", 1, "which sensor", "little"),
            Field(
                "value",
                None,
                "1 to 15 bytes; of sensor 0 the first 8 bytes of the SHA-256 of the image on the glass, zeros where "
                "none was ever shown",
            ),
        ),
    ),
)
"""All frames, beacons first."""
