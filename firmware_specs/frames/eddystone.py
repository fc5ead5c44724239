"""Eddystone advertisements: the service data under 0xFEAA (Eddystone Protocol Specification, google/eddystone).

`parse` reads any of the four frames. Powers are at zero metres here, 41 dB above those that iBeacon
and AltBeacon state at one metre.
"""

import struct
from dataclasses import dataclass
from typing import Self

SERVICE_UUID = 0xFEAA
LOSS_1M_DB = 41
"""What the standard takes as lost over the first metre."""

_UID = struct.Struct(">Bb10s6s")
_TLM = struct.Struct(">BBHhII")
_EID = struct.Struct(">Bb8s")
_UID_TYPE, _URL_TYPE, _TLM_TYPE, _EID_TYPE = 0x00, 0x10, 0x20, 0x30
_NO_TEMPERATURE = -0x8000
# Longest first among those that share a beginning, so that the first match is the shortest encoding.
_SCHEMES = (("http://www.", 0), ("https://www.", 1), ("http://", 2), ("https://", 3))
_DOMAINS = ("com", "org", "edu", "net", "info", "biz", "gov")
_EXPANSIONS = tuple(f".{name}/" for name in _DOMAINS) + tuple(f".{name}" for name in _DOMAINS)
_URL_BYTES = 17


def _check_power(power_dbm: int) -> None:
    if not -100 <= power_dbm <= 20:
        raise ValueError(f"Eddystone power {power_dbm} dBm: -100 to 20 are allowed")


def _expect(data: bytes, size: int, kind: int, name: str) -> None:
    if len(data) != size:
        raise ValueError(f"Eddystone-{name} of {len(data)} bytes: {size} are needed")
    if data[0] != kind:
        raise ValueError(f"Eddystone-{name} of type {data[0]:02x}: {kind:02x} is needed")


@dataclass(frozen=True, slots=True)
class Uid:
    """Eddystone-UID: a 10-byte namespace and a 6-byte instance."""

    power_0m_dbm: int
    namespace: bytes
    instance: bytes

    def __post_init__(self) -> None:
        _check_power(self.power_0m_dbm)
        if (len(self.namespace), len(self.instance)) != (10, 6):
            raise ValueError("Eddystone-UID: a namespace of 10 bytes and an instance of 6 are needed")

    @property
    def power_1m_dbm(self) -> int:
        """The received strength at one metre."""
        return self.power_0m_dbm - LOSS_1M_DB

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the frame; raises ValueError on anything else. Early beacons leave out the two reserved bytes."""
        body = data[:-2] if len(data) == _UID.size + 2 else data
        _expect(body, _UID.size, _UID_TYPE, "UID")
        _, power, namespace, instance = _UID.unpack(body)
        return cls(power, namespace, instance)

    def __bytes__(self) -> bytes:
        return _UID.pack(_UID_TYPE, self.power_0m_dbm, self.namespace, self.instance) + bytes(2)


@dataclass(frozen=True, slots=True)
class Url:
    """Eddystone-URL: an http or https address of graphic ASCII, at most 17 bytes behind its scheme once encoded."""

    power_0m_dbm: int
    url: str

    def __post_init__(self) -> None:
        _check_power(self.power_0m_dbm)
        _encode_url(self.url)

    @property
    def power_1m_dbm(self) -> int:
        """The received strength at one metre."""
        return self.power_0m_dbm - LOSS_1M_DB

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the frame; raises ValueError on anything else, codes reserved for the future included."""
        if not 3 <= len(data) <= 3 + _URL_BYTES:
            raise ValueError(f"Eddystone-URL of {len(data)} bytes: 3 to {3 + _URL_BYTES} are allowed")
        if data[0] != _URL_TYPE:
            raise ValueError(f"Eddystone-URL of type {data[0]:02x}: {_URL_TYPE:02x} is needed")
        power = int.from_bytes(data[1:2], signed=True)
        return cls(power, _decode_url(data[2:]))

    def __bytes__(self) -> bytes:
        return bytes([_URL_TYPE]) + self.power_0m_dbm.to_bytes(1, signed=True) + _encode_url(self.url)


@dataclass(frozen=True, slots=True)
class Tlm:
    """Eddystone-TLM, unencrypted: a beacon's own health.

    `battery_mv` is 0 and `temperature_c` None where the beacon cannot tell; `uptime_s` counts tenths.
    """

    battery_mv: int
    temperature_c: float | None
    adverts: int
    uptime_s: float

    def __post_init__(self) -> None:
        if not 0 <= self.battery_mv <= 0xFFFF:
            raise ValueError(f"Eddystone-TLM battery {self.battery_mv} mV: 0 to 65535 are allowed")
        if self.temperature_c is not None and not -128 < self.temperature_c < 128:
            raise ValueError(f"Eddystone-TLM temperature {self.temperature_c} C: between -128 and 128 is allowed")
        if not 0 <= self.adverts <= 0xFFFFFFFF or not 0 <= self.uptime_s <= 0xFFFFFFFF / 10:
            raise ValueError("Eddystone-TLM counters: 32 bits are allowed")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the frame; raises ValueError on anything else, the encrypted version included."""
        _expect(data, _TLM.size, _TLM_TYPE, "TLM")
        _, version, battery, temperature, adverts, tenths = _TLM.unpack(data)
        if version != 0:
            raise ValueError(f"Eddystone-TLM of version {version}: only the unencrypted version 0 can be read")
        return cls(battery, None if temperature == _NO_TEMPERATURE else temperature / 256, adverts, tenths / 10)

    def __bytes__(self) -> bytes:
        warmth = _NO_TEMPERATURE if self.temperature_c is None else min(0x7FFF, round(self.temperature_c * 256))
        return _TLM.pack(_TLM_TYPE, 0, self.battery_mv, warmth, self.adverts, round(self.uptime_s * 10))


@dataclass(frozen=True, slots=True)
class Eid:
    """Eddystone-EID: an 8-byte identifier that changes; only its resolver knows whose it is."""

    power_0m_dbm: int
    ephemeral_id: bytes

    def __post_init__(self) -> None:
        _check_power(self.power_0m_dbm)
        if len(self.ephemeral_id) != 8:
            raise ValueError(f"Eddystone-EID identifier of {len(self.ephemeral_id)} bytes: 8 are needed")

    @property
    def power_1m_dbm(self) -> int:
        """The received strength at one metre."""
        return self.power_0m_dbm - LOSS_1M_DB

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the frame; raises ValueError on anything else."""
        _expect(data, _EID.size, _EID_TYPE, "EID")
        _, power, ephemeral_id = _EID.unpack(data)
        return cls(power, ephemeral_id)

    def __bytes__(self) -> bytes:
        return _EID.pack(_EID_TYPE, self.power_0m_dbm, self.ephemeral_id)


Frame = Uid | Url | Tlm | Eid


def parse(data: bytes) -> Frame:
    """Return the frame in service data of 0xFEAA; raises ValueError on anything else."""
    match data[:1]:
        case b"\x00":
            return Uid.from_bytes(data)
        case b"\x10":
            return Url.from_bytes(data)
        case b"\x20":
            return Tlm.from_bytes(data)
        case b"\x30":
            return Eid.from_bytes(data)
        case _:
            raise ValueError(f"Eddystone frame starts with {data[:1].hex() or 'nothing'}: 00, 10, 20 or 30 is needed")


def _encode_url(url: str) -> bytes:
    scheme = next((scheme for scheme in _SCHEMES if url.startswith(scheme[0])), None)
    if scheme is None:
        raise ValueError(f"Eddystone-URL {url[:40]!r}: http:// or https:// is needed")
    prefix, code = scheme
    rest = url[len(prefix) :]
    out = bytearray([code])
    at = 0
    while at < len(rest):
        for expansion_code, expansion in enumerate(_EXPANSIONS):
            if rest.startswith(expansion, at):
                out.append(expansion_code)
                at += len(expansion)
                break
        else:
            if not "!" <= rest[at] <= "~":
                raise ValueError(f"Eddystone-URL {url[:40]!r}: only graphic ASCII is allowed")
            out.append(ord(rest[at]))
            at += 1
    if len(out) > 1 + _URL_BYTES:
        raise ValueError(f"Eddystone-URL {url[:60]!r} takes {len(out) - 1} bytes: {_URL_BYTES} are allowed")
    return bytes(out)


def _decode_url(encoded: bytes) -> str:
    schemes = {code: prefix for prefix, code in _SCHEMES}
    if encoded[0] not in schemes:
        raise ValueError(f"Eddystone-URL scheme {encoded[0]:02x}: 00 to 03 are allowed")
    parts = [schemes[encoded[0]]]
    for code in encoded[1:]:
        if code < len(_EXPANSIONS):
            parts.append(_EXPANSIONS[code])
        elif 0x21 <= code <= 0x7E:
            parts.append(chr(code))
        else:
            raise ValueError(f"Eddystone-URL byte {code:02x} is reserved")
    return "".join(parts)
