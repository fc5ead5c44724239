"""Beacons on the air: how much of what they say comes through, by which radio, and played again from a recording."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import anyio
import pytest
from bleak.exc import BleakError
from bumble.controller import Controller
from bumble.core import AdvertisingData
from bumble.device import AdvertisingType, Device
from bumble.hci import Address
from bumble.link import LocalLink
from hypothesis import given
from hypothesis import strategies as st

from device_drivers import hci_radio as hci
from device_drivers.api import AdvertHeard, DeviceUnreachableError, PlaySound, Signal
from device_drivers.ble import PATTERNS, BleScanner
from device_drivers.hci_radio import hci_scanner
from device_drivers.received import MOST_BEACONS, Receptions
from device_drivers.recorded import RecordedScanner, adverts_of, line_of
from edge_agent.cli import main
from firmware_specs.frames.altbeacon import AltBeacon
from firmware_specs.frames.eddystone import SERVICE_UUID, Tlm, Uid
from firmware_specs.frames.ibeacon import COMPANY_ID, IBeacon
from firmware_specs.frames.said import identity_in

OURS = IBeacon(UUID("7d1f4a60-5c3e-4b8e-9a53-2f6d0b9c8e11"), 1, 7, -59)
UID = Uid(-18, bytes(range(10)), bytes(range(6)))
KEY = f"ibeacon:{OURS.uuid}:1:7"


def heard(at_s: float, *, minor: int = 7, rssi_dbm: int = -60, address: str = "AA:AA:AA:AA:AA:AA") -> AdvertHeard:
    return AdvertHeard(address, rssi_dbm, {COMPANY_ID: bytes(IBeacon(OURS.uuid, 1, minor, -59))}, {}, at_s)


def every(interval_s: float, seconds: float, lost: int) -> Iterator[AdvertHeard]:
    """Yield a beacon's packets but for each `lost`th."""
    for number in range(int(seconds / interval_s)):
        if lost == 0 or number % lost:
            yield heard(number * interval_s, rssi_dbm=-60 - number % 3)


@pytest.mark.parametrize(("interval_s", "lost", "rate"), [(0.2, 0, 1.0), (0.2, 5, 0.8), (1.0, 2, 0.5), (0.1, 3, 0.67)])
def test_what_should_have_come_is_told_from_the_gaps(interval_s: float, lost: int, rate: float) -> None:
    receptions = Receptions()
    for advert in every(interval_s, 60.0, lost):
        assert receptions.hear(advert) == KEY
    (one,) = receptions.report(60.0)
    # Where every second packet is lost, all gaps are double: only a counter could tell.
    expected = pytest.approx(1.0 if lost == 2 else rate, abs=0.04)
    assert one.rate == expected
    assert one.rssi_dbm == pytest.approx(-61, abs=0.6)
    assert one.age_s <= 2 * interval_s + 0.01


def test_telemetry_gives_the_battery_and_the_true_count() -> None:
    receptions = Receptions()
    for number in range(0, 100, 2):
        receptions.hear(AdvertHeard("B", -70, {}, {SERVICE_UUID: bytes(UID)}, number / 10))
        if number % 20 == 0:
            tlm = bytes(Tlm(2870, 21.5, 1000 + number, 10.0))
            receptions.hear(AdvertHeard("B", -70, {}, {SERVICE_UUID: tlm}, number / 10 + 0.05))
    (one,) = receptions.report(10.0)
    assert one.key == f"eddystone:{(UID.namespace + UID.instance).hex()}"
    assert one.battery_mv == 2870
    assert one.expected is not None
    assert 78 <= one.expected <= 85
    # Telemetry of an address that never said who it is belongs to nobody.
    assert receptions.hear(AdvertHeard("C", -70, {}, {SERVICE_UUID: bytes(Tlm(2870, None, 5, 1.0))}, 11.0)) is None


def test_a_beacon_that_falls_silent_stays_in_the_report_with_its_age() -> None:
    receptions = Receptions()
    for advert in every(0.2, 20.0, 0):
        receptions.hear(advert)
    receptions.report(20.0)
    (one,) = receptions.report(80.0)
    assert (one.received, one.expected, one.rate, one.rssi_dbm) == (0, 300, 0.0, None)
    assert one.age_s == pytest.approx(60.2, abs=0.1)


def test_one_packet_heard_twice_counts_once_and_labels_count_by_their_address() -> None:
    receptions = Receptions()
    receptions.hear(heard(1.0))
    receptions.hear(heard(1.001))
    label = AdvertHeard("E6:5A:00:00:00:01", -70, {0x5053: b"\x01"}, {}, 1.0)
    assert receptions.hear(label) is None
    assert receptions.hear(label, is_label=True) == "label:E6:5A:00:00:00:01"
    assert [one.received for one in receptions.report(2.0)] == [1, 1]


def test_a_crowd_of_beacons_does_not_fill_the_memory() -> None:
    receptions = Receptions()
    for number in range(MOST_BEACONS + 500):
        receptions.hear(heard(float(number), minor=number, address=f"{number}"))
    assert len(receptions.report(1e4)) == MOST_BEACONS


@given(
    st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=40), max_size=3),
    st.dictionaries(st.sampled_from([SERVICE_UUID, 0x181A]), st.binary(max_size=40), max_size=2),
    st.floats(-1e6, 1e6),
)
def test_nothing_off_the_air_raises(manufacturer: dict[int, bytes], services: dict[int, bytes], at_s: float) -> None:
    receptions = Receptions()
    identity_in(manufacturer, services)
    receptions.hear(AdvertHeard("A", -60, manufacturer, services, at_s))
    receptions.hear(heard(0.0))
    assert receptions.report(1.0)


def test_every_kind_of_beacon_is_known_and_power_is_at_one_metre() -> None:
    said = identity_in({}, {SERVICE_UUID: bytes(UID)})
    assert said is not None
    assert said.power_1m_dbm == -59
    alt = identity_in({0x0118: bytes(AltBeacon(bytes(20), -61))}, {})
    assert alt is not None
    assert (alt.key, alt.power_1m_dbm) == (f"altbeacon:{'00' * 20}", -61)


class Bluez:
    """A backend that takes bleak's arguments as BlueZ's would, and hears one packet."""

    made: ClassVar[list[dict[str, Any]]] = []
    can_be_passive = True

    def __init__(self, callback: Any, services: Any, mode: str, **arguments: Any) -> None:
        self.made.append({"mode": mode, **arguments})
        self._mode = mode

    async def start(self) -> None:
        if self._mode == "passive" and not self.can_be_passive:
            raise BleakError("passive scanning on Linux requires BlueZ >= 5.56 with --experimental enabled")

    async def stop(self) -> None:
        return


@pytest.mark.parametrize(("can_be_passive", "modes"), [(True, ["passive"]), (False, ["passive", "active"])])
async def test_a_scan_is_passive_where_it_can_be_had(can_be_passive: bool, modes: list[str]) -> None:
    backend: Any = type("Backend", (Bluez,), {"made": [], "can_be_passive": can_be_passive})
    with anyio.move_on_after(0.1):
        await BleScanner(backend=backend).run(lambda _: None)
    assert [one["mode"] for one in backend.made] == modes
    assert backend.made[0]["bluez"]["or_patterns"] == list(PATTERNS)


class Wire:
    """A transport to a controller of bumble's."""

    def __init__(self, controller: Controller) -> None:
        self.source = self.sink = controller

    async def __aenter__(self) -> "Wire":
        return self

    async def __aexit__(self, *_: object) -> None:
        return


async def test_a_controller_without_the_systems_stack_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    link = LocalLink()
    ours, theirs = Controller("ours", link=link), Controller("theirs", link=link)
    beacon = Device.with_hci("beacon", Address("F2:A1:51:E0:00:09"), theirs, theirs)
    await beacon.power_on()
    data = AdvertisingData([(AdvertisingData.MANUFACTURER_SPECIFIC_DATA, b"\x4c\x00" + bytes(OURS))])
    await beacon.start_advertising(
        advertising_type=AdvertisingType.UNDIRECTED,
        advertising_data=bytes(data),
        advertising_interval_min=30,
        advertising_interval_max=30,
    )

    async def opened(_transport: str) -> Wire:
        return Wire(ours)

    monkeypatch.setattr(hci, "open_transport", opened)
    receptions = Receptions()

    def take(signal: Signal) -> None:
        assert isinstance(signal, AdvertHeard)
        receptions.hear(signal)

    with anyio.move_on_after(1.5):
        await hci_scanner("usb:0", "F2:A1:51:E0:00:02").run(take)
    await beacon.stop_advertising()
    (one,) = receptions.report(time.monotonic())
    assert (one.key, one.received > 3) == (KEY, True)


async def test_a_transport_that_is_none_is_a_radio_that_is_not_there() -> None:
    with pytest.raises(DeviceUnreachableError, match="no controller at 'nothing:0'"):
        await hci_scanner("nothing:0", "F2:A1:51:E0:00:02").run(lambda _: None)


async def test_a_recording_plays_through_the_scanners_port(tmp_path: Path) -> None:
    kept = tmp_path / "air.jsonl"
    kept.write_bytes(b"".join(line_of(advert) for advert in every(0.02, 0.2, 0)))
    again, before = list(adverts_of(kept)), list(every(0.02, 0.2, 0))
    assert [(one.rssi_dbm, one.manufacturer) for one in again] == [(one.rssi_dbm, one.manufacturer) for one in before]
    assert [one.heard_s for one in again] == pytest.approx([one.heard_s for one in before], abs=1e-4)
    signals: list[Signal] = []
    with anyio.move_on_after(0.7):
        await RecordedScanner(kept).run(signals.append)
    assert len(signals) > 12
    times = [signal.heard_s for signal in signals if isinstance(signal, AdvertHeard)]
    assert times == sorted(times)
    for text, named in ((b"", "has no advertisements"), (b'{"t": 1}\n', "line 1"), (b"\xff\n", "line 1")):
        kept.write_bytes(text)
        with pytest.raises(DeviceUnreachableError, match=named):
            await RecordedScanner(kept).run(signals.append)
    with pytest.raises(Exception, match="a recording has no PlaySound"):
        await RecordedScanner(kept).do(PlaySound("t", None, 16000, 0.0))  # type: ignore[arg-type]


def test_scan_prints_what_a_recording_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "air.jsonl"
    kept.write_bytes(b"".join(line_of(advert) for advert in every(0.2, 30.0, 5)))
    assert main(["scan", "--from", str(kept), "--json"]) == 0
    one = json.loads(capsys.readouterr().out)
    assert (one["key"], one["received"]) == (KEY, 120)
    assert one["rate"] == pytest.approx(0.8, abs=0.03)
    assert main(["scan", "--from", str(kept)]) == 0
    assert "81 %" in capsys.readouterr().out
    kept.write_text("nonsense\n")
    assert main(["scan", "--from", str(kept)]) == 2
    assert "line 1" in capsys.readouterr().err
    kept.write_text("")
    assert main(["scan", "--from", str(kept)]) == 0
    assert "no beacon was heard" in capsys.readouterr().out
