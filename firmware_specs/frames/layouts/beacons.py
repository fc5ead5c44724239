"""What beacons advertise."""

from typing import Final

from firmware_specs.frames.altbeacon import BEACON_CODE, AltBeacon
from firmware_specs.frames.eddystone import SERVICE_UUID, Eid, Tlm, Uid, Url
from firmware_specs.frames.ibeacon import COMPANY_ID, IBeacon
from firmware_specs.frames.layouts.layout import Field, Layout, fixed


def _power(name: str, meaning: str) -> Field:
    return Field(name, 1, meaning, "big", is_signed=True)


_AT_0M = _power("power_0m_dbm", "received strength at 0 m, dBm, -100 to 20; at 1 m it is 41 dB less")
_EDDYSTONE: Final = f"service data of UUID 0x{SERVICE_UUID:04X}"

FIELDS: Final = (
    Layout(
        IBeacon,
        "iBeacon",
        f"manufacturer data, behind the company identifier 0x{COMPANY_ID:04X} (itself little-endian)",
        (
            fixed("type", b"\x02\x15", "iBeacon, 21 bytes follow"),
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
            fixed("code", BEACON_CODE.to_bytes(2, "big"), "AltBeacon"),
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
            fixed("type", b"\x00", "UID"),
            _AT_0M,
            Field("namespace", 10, "whose beacons these are"),
            Field("instance", 6, "which beacon"),
            fixed("reserved", bytes(2), "zeros; early beacons leave them out, and are read all the same"),
        ),
    ),
    Layout(
        Url,
        "Eddystone-URL",
        _EDDYSTONE,
        (
            fixed("type", b"\x10", "URL"),
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
            fixed("type", b"\x20", "TLM"),
            fixed("version", b"\x00", "unencrypted"),
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
            fixed("type", b"\x30", "EID"),
            _AT_0M,
            Field("ephemeral_id", 8, "changes; only its resolver knows whose it is"),
        ),
    ),
)
