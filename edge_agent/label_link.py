"""`edge-agent label provision|load|show|ping`: one label over a connection, by hand.

Its place and keys are kept in a register, as a gateway keeps them, so that a label tried here is known here again.
"""

import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio

from device_drivers.api import DeviceRefusedError, DeviceUnreachableError
from device_drivers.labels.gatt.client import EslClient
from device_drivers.labels.gatt.link import Link
from device_drivers.labels.register import Register, RegisterFullError
from firmware_specs.frames.esl import (
    CANCEL,
    BasicState,
    DisplayState,
    DisplayTimedImage,
    ErrorCode,
    ErrorResponse,
    Ping,
    Response,
    StateBits,
    absolute_time_ms,
    parse_response,
)

TRANSPORTS: Final = ("gatt", "sim")
"""The machine's own Bluetooth, or virtual labels in the folder."""

SHOWN_AFTER_MS: Final = 1_000


def run(
    deed: str, address: str, transport: str, folder: Path, *, as_json: bool, slot: int = 0, image: Path | None = None
) -> int:
    """Carry out one deed and say what came of it; return the exit status."""
    try:
        data = b"" if image is None else image.read_bytes()
        found = anyio.run(_done, deed, address.upper(), transport, folder, slot, data)
    except (DeviceRefusedError, DeviceUnreachableError, RegisterFullError, OSError, ValueError) as exc:
        print(f"edge-agent label {deed}: {exc}", file=sys.stderr)
        return 1
    if as_json:
        print(json.dumps({"label": address.upper(), "deed": deed} | found))
    else:
        print(f"{address.upper()}: " + ", ".join(f"{name} {value}" for name, value in found.items()))
    return 0


async def _done(deed: str, address: str, transport: str, folder: Path, slot: int, data: bytes) -> dict[str, Any]:
    began_s = time.monotonic()
    register = Register(folder / "labels.sqlite3", 4)
    try:
        association = register.associate(address)
        async with _link(transport, folder, address) as link:
            client = EslClient(link, address)
            await client.configure(association, _absolute_ms())
            register.note_knows(address)
            found = await _carry_out(deed, client, slot, data)
    finally:
        register.close()
    return found | {"took_s": round(time.monotonic() - began_s, 2)}


async def _carry_out(deed: str, client: EslClient, slot: int, data: bytes) -> dict[str, Any]:
    hardware = await client.hardware()
    match deed:
        case "provision":
            await client.complete()
            display = hardware.display
            panel = {"width_px": display.width_px, "height_px": display.height_px, "display_type": display.kind}
            return panel | {"images": hardware.images, "esl_id": client.esl_id}
        case "load":
            await client.load(slot, data)
            return {"slot": slot, "bytes": len(data), "checked": True}
        case "show":
            # Asked for twice in a second, it would still be pending from the first time.
            _answer(await client.tell(bytes(DisplayTimedImage(slot, CANCEL))))
            command = DisplayTimedImage(slot, _absolute_ms(SHOWN_AFTER_MS))
            answer = _answer(await client.tell(bytes(command)))
            if not isinstance(answer, DisplayState):
                raise DeviceRefusedError(f"the label answered {answer}")
            return {"slot": answer.image, "shows_in_ms": SHOWN_AFTER_MS}
        case _:
            answer = _answer(await client.tell(bytes(Ping())))
            if not isinstance(answer, BasicState):
                raise DeviceRefusedError(f"the label answered {answer}")
            return {"state": [bit.name.lower() for bit in StateBits if bit.name and bit in answer.bits]}


def _answer(data: bytes) -> Response:
    answer = parse_response(data)
    if isinstance(answer, ErrorResponse):
        known = {each.value: each.name.lower().replace("_", " ") for each in ErrorCode}
        raise DeviceRefusedError(f"the label answered error {known.get(answer.code, f'0x{answer.code:02x}')}")
    return answer


def _absolute_ms(ahead_ms: int = 0) -> int:
    return absolute_time_ms(time.time_ns() // 1_000_000 + ahead_ms)


@asynccontextmanager
async def _link(transport: str, folder: Path, address: str) -> AsyncIterator[Link]:
    if transport == "gatt":
        from device_drivers.labels.gatt.bluez import own_bluetooth

        async with own_bluetooth() as connect, connect(address) as link:
            yield link
        return
    from device_drivers.labels.virtual.radio import VirtualRadio
    from firmware_specs.frames.pawr import Timing

    radio = VirtualRadio(folder / "panels", Timing(groups=4))
    (folder / "panels").mkdir(parents=True, exist_ok=True)
    yield radio.link(radio.label(address), address)
