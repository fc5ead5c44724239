"""Who an advertisement is from: iBeacon, Eddystone-UID, AltBeacon, or the address of a shelf label.

A beacon is known by what its frame says, never by its address, which rotates. A shelf label's address is static and is
all it says; an Eddystone-TLM says nothing of whom it is from, so it belongs to the frame heard from the same address.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from firmware_specs.frames import eddystone, ibeacon
from firmware_specs.frames.altbeacon import AltBeacon
from firmware_specs.frames.eddystone import Tlm

_ADDRESS = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}")
_BYTES = {"eddystone": 16, "altbeacon": 20}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sent a frame, as `key_of` writes it, and the strength that it says to have at one metre, dBm."""

    key: str
    power_1m_dbm: int


def identity_in(manufacturer: Mapping[int, bytes], service_data: Mapping[int, bytes]) -> Identity | None:
    """Return who says so in an advertisement's data; None where it is no beacon's. Never raises on any bytes."""
    try:
        payload = manufacturer.get(ibeacon.COMPANY_ID)
        if payload is not None:
            frame = ibeacon.IBeacon.from_bytes(payload)
            return Identity(ibeacon_key(frame.uuid, frame.major, frame.minor), frame.power_1m_dbm)
    except ValueError:
        # Apple's devices say many other things under the same company.
        pass
    try:
        data = service_data.get(eddystone.SERVICE_UUID)
        if data is not None:
            uid = eddystone.Uid.from_bytes(data)
            return Identity(f"eddystone:{(uid.namespace + uid.instance).hex()}", uid.power_1m_dbm)
    except ValueError:
        pass
    for payload in manufacturer.values():
        try:
            alt = AltBeacon.from_bytes(payload)
        except ValueError:
            continue
        return Identity(f"altbeacon:{alt.beacon_id.hex()}", alt.power_1m_dbm)
    return None


def telemetry_in(service_data: Mapping[int, bytes]) -> Tlm | None:
    """Return a beacon's account of its own health; None where there is none."""
    data = service_data.get(eddystone.SERVICE_UUID)
    if data is None:
        return None
    try:
        return Tlm.from_bytes(data)
    except ValueError:
        return None


def ibeacon_key(uuid: UUID, major: int, minor: int) -> str:
    """Return how an iBeacon is known."""
    return f"ibeacon:{uuid}:{major}:{minor}"


def key_of(frame: str, identity: str) -> str:
    """Return how an `eddystone` (16 bytes, hex), an `altbeacon` (20) or a `label` (its address) is known.

    Raises ValueError, which names what is wrong with an identity.
    """
    if frame == "label":
        address = identity.upper()
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"{identity[:60]!r} is no Bluetooth address; write it as E6:5A:00:00:00:01")
        return label_key(address)
    size = _BYTES.get(frame)
    if size is None:
        raise ValueError(f"{frame[:60]!r} is no kind of beacon: ibeacon, {', '.join(_BYTES)} or label")
    try:
        data = bytes.fromhex(identity)
    except ValueError:
        data = b""
    if len(data) != size:
        raise ValueError(f"{identity[:60]!r} is no identity of an {frame}: {2 * size} hexadecimal digits are needed")
    return f"{frame}:{data.hex()}"


def label_key(address: str) -> str:
    """Return how a shelf label is known that advertises from this address."""
    return f"label:{address.upper()}"
