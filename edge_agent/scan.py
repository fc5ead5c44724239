"""`edge-agent scan`: which beacons are on the air here, and how much of what they say comes through."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import anyio

from device_drivers.api import AdvertHeard, DeviceUnreachableError, Driver, Signal
from device_drivers.received import Reception, Receptions
from device_drivers.recorded import adverts_of, line_of

OWN_ADDRESS = "F2:A1:51:E0:00:02"


def run(seconds: float, *, hci: str | None, played: Path | None, kept: Path | None, out: TextIO, as_json: bool) -> int:
    """Listen, or read a recording, and print what was heard; return the exit status."""
    receptions = Receptions()
    try:
        if played is not None:
            last_s = 0.0
            for advert in adverts_of(played):
                receptions.hear(advert)
                last_s = advert.heard_s
            found = receptions.report(last_s)
        else:
            anyio.run(_listen, _scanner(hci), receptions, seconds, kept)
            found = receptions.report(time.monotonic())
    except (DeviceUnreachableError, OSError, ValueError) as exc:
        print(f"edge-agent: {exc}", file=sys.stderr)
        return 2
    if as_json:
        for one in found:
            out.write(json.dumps({**asdict(one), "rate": one.rate}) + "\n")
    else:
        out.write(_table(found))
    return 0


def _scanner(hci: str | None) -> Driver:
    if hci is not None:
        from device_drivers.hci_radio import hci_scanner

        return hci_scanner(hci, OWN_ADDRESS)
    from device_drivers.ble import BleScanner

    return BleScanner()


async def _listen(scanner: Driver, receptions: Receptions, seconds: float, kept: Path | None) -> None:
    file = None if kept is None else kept.open("wb")

    def take(signal: Signal) -> None:
        if isinstance(signal, AdvertHeard):
            receptions.hear(signal)
            if file is not None:
                file.write(line_of(signal))

    try:
        with anyio.move_on_after(seconds):
            await scanner.run(take)
    finally:
        if file is not None:
            file.close()


def _table(found: list[Reception]) -> str:
    if not found:
        return "no beacon was heard: is the radio on, and does anything advertise here?\n"
    rows = [("beacon", "received", "expected", "rate", "dBm", "heard s ago", "battery mV")]
    for one in sorted(found, key=lambda one: -(one.rssi_dbm if one.rssi_dbm is not None else -200)):
        rows.append(
            (
                one.key,
                str(one.received),
                "?" if one.expected is None else str(one.expected),
                "?" if one.rate is None else f"{100 * one.rate:.0f} %",
                "" if one.rssi_dbm is None else f"{one.rssi_dbm:.0f}",
                f"{one.age_s:.1f}",
                "" if one.battery_mv is None else str(one.battery_mv),
            )
        )
    wide = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "".join(
        "  ".join(cell.ljust(size) for cell, size in zip(row, wide, strict=True)).rstrip() + "\n" for row in rows
    )
