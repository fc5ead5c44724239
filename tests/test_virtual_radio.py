"""The virtual store over a real process border: bumble beacons there, bleak here, one truth for all."""

import json
import logging
import math
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import msgspec
import numpy as np
import pytest
from anyio.abc import SocketAttribute
from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from hypothesis import given
from hypothesis import strategies as st

from device_drivers.api import AdvertHeard, DeviceRefusedError, DeviceUnreachableError, PlaySound, Signal
from device_drivers.ble import BleScanner
from device_drivers.virtual import protocol
from device_drivers.virtual import world as truth
from device_drivers.virtual.air import BODY_LOSS_DB, Air
from device_drivers.virtual.bleak_backend import virtual_radio, virtual_scanner
from device_drivers.virtual.client import WorldClient
from device_drivers.virtual.demo_site import demo_products, demo_site
from device_drivers.virtual.floor import Box, Floor
from device_drivers.virtual.pdu import ADV_IND, ADV_NONCONN_IND, ADV_SCAN_IND, AdvertisingPdu
from device_drivers.virtual.protocol import parse_address
from firmware_specs.frames.ibeacon import COMPANY_ID, IBeacon
from firmware_specs.gtin import normal

SITE = demo_site()
PRODUCTS = demo_products()
GOODS = tuple(truth.Goods(one.gtin, one.name_zh, one.name_en) for one in PRODUCTS)
SEED = 7


@dataclass
class WorldProcess:
    """A running `python -m device_drivers.virtual`."""

    process: subprocess.Popen[str]
    address: str

    def stop(self) -> None:
        """End it and wait."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def start_world(folder: Path, listen: str = "127.0.0.1:0") -> WorldProcess:
    """Start the virtual store in a process and wait until it says that it listens."""
    site, products = folder / "site.json", folder / "products.json"
    site.write_bytes(msgspec.json.encode(SITE))
    rows = [{"gtin": one.gtin, "name": {"zh": one.name_zh, "en": one.name_en}, "unit": one.unit} for one in PRODUCTS]
    products.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    process = subprocess.Popen(
        [
            sys.executable, "-m", "device_drivers.virtual", "--site", str(site), "--products", str(products),
            "--seed", str(SEED), "--listen", listen,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    assert line["ready"] is True
    return WorldProcess(process, line["address"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a virtual store in another process."""
    running = start_world(tmp_path_factory.mktemp("world"))
    try:
        yield running.address
    finally:
        running.stop()


def true_distance_m(minor: int, pose: truth.Pose) -> float:
    """Return how far a beacon is from a place, height left aside."""
    beacon = next(one for one in SITE.beacons if one.minor == minor)
    return math.hypot(beacon.x_m - pose.x_m, beacon.y_m - pose.y_m)


async def listened(address: str, entity: str, seconds: float) -> dict[int, list[int]]:
    """Return the strengths heard of each beacon, by minor, through the driver."""
    heard: dict[int, list[int]] = defaultdict(list)

    def emit(signal: Signal) -> None:
        assert isinstance(signal, AdvertHeard)
        heard[IBeacon.from_bytes(signal.manufacturer[COMPANY_ID]).minor].append(signal.rssi_dbm)

    with anyio.move_on_after(seconds):
        await virtual_scanner(address, entity).run(emit)
    return heard


async def test_a_cart_hears_ibeacons_of_another_process_through_bleaks_own_api(world: str) -> None:
    heard: list[tuple[BLEDevice, AdvertisementData]] = []
    async with virtual_radio(world, "sensor-bleak") as backend:
        async with BleakScanner(lambda device, data: heard.append((device, data)), backend=backend) as scanner:
            await anyio.sleep(2.0)
            assert len(scanner.discovered_devices_and_advertisement_data) > 10
        count = len(heard)
        await anyio.sleep(0.5)
        assert len(heard) == count, "nothing is heard once the scan has stopped"
    frames = {IBeacon.from_bytes(advertisement.manufacturer_data[COMPANY_ID]) for _, advertisement in heard}
    known = {(beacon.uuid, beacon.major, beacon.minor, beacon.power_1m_dbm) for beacon in SITE.beacons}
    assert {(str(frame.uuid), frame.major, frame.minor, frame.power_1m_dbm) for frame in frames} <= known
    assert len({advertisement.rssi for _, advertisement in heard}) > 10
    # Static random addresses have both upper bits set.
    assert all(int(device.address[:2], 16) >= 0xC0 for device, _ in heard)


async def test_strength_falls_with_distance_and_packets_are_lost(world: str) -> None:
    seconds = 4.0
    began_s = time.monotonic()
    heard = await listened(world, "sensor-still", seconds)
    lasted_s = time.monotonic() - began_s
    async with WorldClient(world, "sensor-still") as client:
        pose = await client.pose()
    means = {minor: statistics.fmean(strengths) for minor, strengths in heard.items()}
    near = [mean for minor, mean in means.items() if true_distance_m(minor, pose) < 6]
    far = [mean for minor, mean in means.items() if true_distance_m(minor, pose) > 14]
    assert near
    assert far
    assert statistics.fmean(near) > statistics.fmean(far) + 8
    strong = [len(strengths) for minor, strengths in heard.items() if means[minor] > -85]
    received = sum(strong) / (5 * lasted_s * len(strong))
    assert 0.6 < received < 0.97


async def test_two_receivers_hear_the_same_beacon_differently(world: str) -> None:
    there = SITE.beacons[2]
    async with WorldClient(world, "sensor-b") as client:
        takes_s = await client.walk([(there.x_m, there.y_m)], 3.0)
        await anyio.sleep(takes_s)
    heard: dict[str, dict[int, list[int]]] = {}

    async def listen(entity: str) -> None:
        heard[entity] = await listened(world, entity, 2.0)

    async with anyio.create_task_group() as tasks:
        for entity in ("sensor-a", "sensor-b"):
            tasks.start_soon(listen, entity)
    near = statistics.fmean(heard["sensor-b"][there.minor])
    far = statistics.fmean(heard["sensor-a"].get(there.minor, [-100]))
    assert near > far + 6
    assert heard["sensor-a"] != heard["sensor-b"]


async def test_a_walk_changes_the_pose_and_goes_round_shelves(world: str) -> None:
    async with WorldClient(world, "sensor-walker") as client:
        first = await client.pose()
        takes_s = await client.walk([(first.x_m + 2.0, first.y_m)], speed_mps=2.0)
        assert takes_s == pytest.approx(1.0, abs=0.2)
        await anyio.sleep(takes_s / 2)
        midway = await client.pose()
        assert midway.moving
        assert first.x_m < midway.x_m < first.x_m + 2
        await anyio.sleep(takes_s / 2 + 0.1)
        last = await client.pose()
        assert not last.moving
        assert last.x_m == pytest.approx(first.x_m + 2.0, abs=0.01)
        straight_m = math.dist((last.x_m, last.y_m), (21.0, 8.0))
        assert await client.walk([(21.0, 8.0)], speed_mps=3.0) * 3.0 > straight_m


async def test_what_is_shown_is_in_view_until_it_is_taken_away(world: str) -> None:
    async with WorldClient(world, "sensor-eye") as client, WorldClient(world, "sensor-eye") as steering:
        assert await client.in_view() is None
        await steering.show(PRODUCTS[5].ean13, 0.4)
        seen = await client.in_view()
        assert seen is not None
        assert (seen.gtin, seen.name_zh, seen.name_en) == (PRODUCTS[5].gtin, PRODUCTS[5].name_zh, PRODUCTS[5].name_en)
        await anyio.sleep(0.5)
        assert await client.in_view() is None
        await steering.show("4006381333931", 0.4)
        unknown = await client.in_view()
        assert unknown is not None
        assert (unknown.gtin, unknown.name_en) == ("04006381333931", "")
        assert unknown.seed != seen.seed


async def test_a_cart_walks_by_itself_until_it_is_stopped(world: str) -> None:
    async with WorldClient(world, "demo-cart-9") as client:
        first = await client.pose()
        await anyio.sleep(3.0)
        later = await client.pose()
        assert math.dist((first.x_m, first.y_m), (later.x_m, later.y_m)) > 0.5
        await client.auto(False)
        stopped = await client.pose()
        await anyio.sleep(0.3)
        assert await client.pose() == stopped


async def test_the_world_refuses_what_cannot_be(world: str) -> None:
    async with WorldClient(world, "sensor-rude") as client:
        with pytest.raises(DeviceRefusedError, match="off the site"):
            await client.walk([(99.0, 1.0)])
        with pytest.raises(DeviceRefusedError, match="speed"):
            await client.walk([(2.0, 2.0)], speed_mps=0.0)
        with pytest.raises(DeviceRefusedError, match="check digit"):
            await client.show("4006381333930", 1)
        with pytest.raises(DeviceRefusedError, match="600"):
            await client.show("4006381333931", math.nan)
        assert (await client.pose()).moving is False


async def test_noise_ends_its_own_connection_and_nobody_elses(world: str) -> None:
    async with WorldClient(world, "sensor-calm") as client:
        before = await client.pose()
        host, port = parse_address(world)
        async with await anyio.connect_tcp(host, port) as noisy:
            await noisy.send(b"\x00\x00\x00\x04\xff\xff\xff\xff" * 3)
            with pytest.raises(anyio.EndOfStream):
                await noisy.receive()
        assert await client.pose() == before


async def test_a_client_says_once_that_the_world_left_and_once_that_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "device_drivers.virtual.client")
    running = start_world(tmp_path)
    heard: list[float] = []
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(virtual_scanner(running.address, "cart-1").run, lambda _: heard.append(time.monotonic()))
            async with WorldClient(running.address, "cart-1") as client:
                await anyio.sleep(0.7)
                assert heard
                running.stop()
                await anyio.sleep(0.3)
                left_s = time.monotonic()
                running = start_world(tmp_path, listen=running.address)
                pose = await client.pose()
                assert 0 <= pose.x_m <= SITE.width_m
                with anyio.fail_after(10):
                    while heard[-1] < left_s:
                        await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()
    finally:
        running.stop()
    said = [record.getMessage() for record in caplog.records if record.name == "device_drivers.virtual.client"]
    assert len([line for line in said if "lost the virtual world" in line]) == 2
    assert len([line for line in said if "found the virtual world again" in line]) == 2


async def test_a_radio_that_cannot_be_opened_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(SocketAttribute.local_port)
    with pytest.raises(DeviceUnreachableError, match="no virtual world"):
        async with WorldClient(f"127.0.0.1:{port}", "cart-1", open_s=0.3):
            pass
    with pytest.raises(DeviceUnreachableError, match="no virtual world"):
        await virtual_scanner(f"127.0.0.1:{port}", "cart-1").run(lambda _: None)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    with pytest.raises(DeviceUnreachableError, match="bluetooth"):
        await BleScanner().run(lambda _: None)


async def test_a_scanner_plays_no_sound() -> None:
    with pytest.raises(DeviceRefusedError, match="PlaySound"):
        await BleScanner().do(PlaySound("t", np.zeros((1, 1), np.int16), 48_000, 0.0))


def story(seed: int, entity: str) -> list[object]:
    """Return what an entity that walks by itself does and hears in three minutes."""
    world, air = truth.World(SITE, GOODS, seed), Air(SITE, seed)
    one = truth.born(world, entity, is_auto=True, at_s=0.0)
    told: list[object] = []
    for second in range(180):
        one = truth.advance(world, one, float(second))
        here = truth.pose(one, float(second))
        heard = [
            air.heard_dbm(beacon, second, entity, (here.x_m, here.y_m), here.heading_rad) for beacon in SITE.beacons
        ]
        told.append((here, truth.in_view(one), heard))
    return told


def test_one_seed_tells_one_story_and_another_seed_another() -> None:
    assert story(7, "cart-1") == story(7, "cart-1")
    assert story(7, "cart-1") != story(8, "cart-1")
    assert story(7, "cart-1") != story(7, "cart-2")


def test_a_cart_by_itself_keeps_out_of_shelves_and_holds_products() -> None:
    world = truth.World(SITE, GOODS, 3)
    shelves = [Box.of(shelf) for shelf in SITE.shelves]
    seen: set[tuple[str, int]] = set()
    length_m = 0.0
    cart = truth.born(world, "cart-1", is_auto=True, at_s=0.0)
    last = truth.pose(cart, 0.0)
    for tick in range(1, 3000):
        cart = truth.advance(world, cart, tick / 5)
        here = truth.pose(cart, tick / 5)
        assert not any(shelf.contains(here.x_m, here.y_m) for shelf in shelves)
        moved_m = math.dist((here.x_m, here.y_m), (last.x_m, last.y_m))
        assert moved_m < 0.3
        length_m += moved_m
        product = truth.in_view(cart)
        if product is not None:
            seen.add((product.gtin, product.seed))
        last = here
    assert len(seen) > 20
    assert length_m > 200


def test_the_air_follows_its_law_with_goods_in_the_way_weaker() -> None:
    air = Air(SITE, SEED)
    beacon = SITE.beacons[6]
    open_db = [air.mean_dbm(beacon, (beacon.x_m + d, beacon.y_m)) for d in (0.5, 1.0)]
    assert all(-75 < level < -55 for level in open_db)
    facing_rad = math.atan2(beacon.y_m - 7.0, beacon.x_m - 8.0)
    strengths = [air.heard_dbm(beacon, n, "cart-1", (8.0, 7.0), facing_rad) for n in range(2000)]
    lost = strengths.count(None) / len(strengths)
    assert 0.17 < lost < 0.28
    heard = [level for level in strengths if level is not None]
    assert 2.0 < statistics.pstdev(heard) < 7.0
    assert statistics.fmean(heard) == pytest.approx(air.mean_dbm(beacon, (8.0, 7.0)) + air.gain_db("cart-1"), abs=4.0)
    # Who pushes stands between the cart and what is behind.
    behind = [air.heard_dbm(beacon, n, "cart-1", (8.0, 7.0), facing_rad + math.pi) for n in range(2000)]
    weak = [level for level in behind if level is not None]
    assert statistics.fmean(heard) - statistics.fmean(weak) == pytest.approx(BODY_LOSS_DB, abs=1.0)
    # A step of a wavelength and a half is another pattern of three channels.
    near = [air.heard_dbm(beacon, n, "cart-1", (8.0, 7.2), facing_rad) for n in range(2000)]
    levels = [level for level in near if level is not None]
    assert statistics.fmean(levels) != pytest.approx(statistics.fmean(heard), abs=0.05)
    bare = Air(msgspec.structs.replace(SITE, shelves=[]), SEED)
    weaker = [bare.mean_dbm(one, (7.6, 8.0)) - air.mean_dbm(one, (7.6, 8.0)) for one in SITE.beacons]
    assert min(weaker) == 0.0
    assert 4.0 < max(weaker) <= 12.0


def test_the_demo_store_is_as_large_as_it_says_and_its_zones_can_be_walked() -> None:
    floor = Floor(SITE)
    assert [zone.id for zone in SITE.zones] == [
        "entrance",
        "checkout",
        "produce",
        "bakery",
        "dairy",
        "drinks",
        "tasting",
    ]
    for zone in SITE.zones:
        assert set(zone.name) == {"zh", "en"}
        xs, ys = [corner.x_m for corner in zone.polygon], [corner.y_m for corner in zone.polygon]
        # Only a stand is smaller than a department.
        assert max(max(xs) - min(xs), max(ys) - min(ys)) >= (3 if zone.id == "tasting" else 4)
        assert min(max(xs) - min(xs), max(ys) - min(ys)) >= 3
        steps = [(min(xs) + i / 10 * (max(xs) - min(xs)), min(ys) + j / 10 * (max(ys) - min(ys)))
                 for i in range(11) for j in range(11)]  # fmt: skip
        assert all(floor.is_free(*at) for at in steps), zone.id
    assert len({(beacon.uuid, beacon.major, beacon.minor) for beacon in SITE.beacons}) == 20
    middles = [(3.7, 2.2), (21.0, 8.0), (7.6, 8.0), (12.4, 8.0), (17.2, 8.0), (12.8, 13.5)]
    assert all(len(floor.route(a, b)) >= 2 for a in middles for b in middles)


def test_the_demo_store_sells_sixty_products_with_sound_numbers() -> None:
    assert len({one.gtin for one in PRODUCTS}) == 60
    for one in PRODUCTS:
        assert normal(one.ean13) == one.gtin
        assert 690 <= int(one.ean13[:3]) <= 699
        assert one.name_zh
        assert one.name_en.isascii()
        assert one.price_minor > 0


pdus = st.builds(
    AdvertisingPdu,
    st.sampled_from([ADV_IND, ADV_NONCONN_IND, ADV_SCAN_IND]),
    st.booleans(),
    st.binary(min_size=6, max_size=6),
    st.binary(max_size=31),
)


@given(pdus)
def test_an_advertising_pdu_comes_back_from_its_bytes(pdu: AdvertisingPdu) -> None:
    assert AdvertisingPdu.from_bytes(bytes(pdu)) == pdu


@given(st.binary(max_size=45))
def test_noise_is_no_advertising_pdu(data: bytes) -> None:
    try:
        AdvertisingPdu.from_bytes(data)
    except ValueError:
        return
    assert len(data) == data[1] + 2


@given(
    st.lists(
        st.builds(protocol.Hello, st.text(), st.booleans(), st.booleans())
        | st.builds(protocol.GetPose, st.integers(0, 2**31))
        | st.builds(
            protocol.Walk,
            st.integers(0, 2**31),
            st.lists(st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False))),
            st.floats(allow_nan=False),
        )
    ),
    st.integers(1, 20),
)
def test_messages_come_back_from_a_stream_cut_anywhere(sent: list[protocol.ToWorld], size: int) -> None:
    data = b"".join(protocol.pack(message) for message in sent)
    unpacker = protocol.world_unpacker()
    got = [one for at in range(0, len(data), size) for one in unpacker.feed(data[at : at + size])]
    assert got == sent


@given(st.binary(max_size=64))
def test_noise_on_the_stream_raises_nothing_but_value_error(data: bytes) -> None:
    for unpacker in (protocol.world_unpacker(), protocol.client_unpacker()):
        for framed in (data, len(data).to_bytes(4) + data):
            try:
                list(unpacker.feed(framed))
            except ValueError:
                break
