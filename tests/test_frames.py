"""Beacon frames: what the standards show, round trips, and noise."""

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_specs.frames import eddystone
from firmware_specs.frames.altbeacon import AltBeacon
from firmware_specs.frames.eddystone import Eid, Tlm, Uid, Url
from firmware_specs.frames.ibeacon import IBeacon

powers_0m = st.integers(-100, 20)
ibeacons = st.builds(IBeacon, st.uuids(), st.integers(0, 65535), st.integers(0, 65535), st.integers(-128, 127))
altbeacons = st.builds(AltBeacon, st.binary(min_size=20, max_size=20), st.integers(-127, 0), st.integers(0, 255))
uids = st.builds(Uid, powers_0m, st.binary(min_size=10, max_size=10), st.binary(min_size=6, max_size=6))
urls = st.builds(
    Url,
    powers_0m,
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["http://", "https://", "http://www.", "https://www."]),
            st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=10),
            st.sampled_from([".com/", ".info", ".gov", "/x", ""]),
        ),
    ),
)
tlms = st.builds(
    Tlm,
    st.integers(0, 65535),
    st.none() | st.integers(-0x7FFF, 0x7FFF).map(lambda raw: raw / 256),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1).map(lambda tenths: tenths / 10),
)
eids = st.builds(Eid, powers_0m, st.binary(min_size=8, max_size=8))


def test_the_ibeacon_of_apples_own_sample_reads_as_published() -> None:
    data = bytes.fromhex("0215e2c56db5dffb48d2b060d0f5a71096e000000000c5")
    frame = IBeacon.from_bytes(data)
    assert frame == IBeacon(UUID("E2C56DB5-DFFB-48D2-B060-D0F5A71096E0"), 0, 0, -59)
    assert bytes(frame) == data


def test_ibeacon_numbers_are_big_endian() -> None:
    assert bytes(IBeacon(UUID(int=0), 0x0102, 0x0304, -1))[-5:] == bytes.fromhex("01020304ff")


def test_an_altbeacon_has_its_code_first_and_its_reserved_byte_last() -> None:
    data = bytes.fromhex("beac") + bytes(range(20)) + bytes.fromhex("c501")
    assert AltBeacon.from_bytes(data) == AltBeacon(bytes(range(20)), -59, 1)


def test_the_elided_uuid_of_the_eddystone_standard_makes_its_namespace() -> None:
    frame = Uid.from_bytes(bytes.fromhex("00ee8b0ca750095477cb3e770100000000000000"))
    assert frame == Uid(-18, bytes.fromhex("8b0ca750095477cb3e77"), bytes.fromhex("010000000000"))
    assert frame.power_1m_dbm == -59
    assert len(bytes(frame)) == 20


def test_an_eddystone_uid_without_reserved_bytes_reads_the_same() -> None:
    frame = Uid(-18, bytes(10), bytes(6))
    assert Uid.from_bytes(bytes(frame)[:-2]) == frame


@pytest.mark.parametrize(
    ("url", "encoded"),
    [
        ("https://goo.gl/S6zT6P", b"\x03goo.gl/S6zT6P"),
        ("http://www.example.com/", b"\x00example\x00"),
        ("https://www.example.org", b"\x01example\x08"),
        ("http://a.info/b.net", b"\x02a\x04b\x0a"),
    ],
)
def test_an_eddystone_url_is_compressed_as_its_table_says(url: str, encoded: bytes) -> None:
    assert bytes(Url(0x12, url)) == b"\x10\x12" + encoded
    assert Url.from_bytes(b"\x10\xee" + encoded) == Url(-18, url)


def test_eddystone_telemetry_is_fixed_point_and_counts_tenths() -> None:
    frame = Tlm.from_bytes(bytes.fromhex("20000bb8fe8000000064000003e8"))
    assert frame == Tlm(3000, -1.5, 100, 100.0)
    assert Tlm.from_bytes(bytes.fromhex("2000000080000000000000000000")).temperature_c is None


@given(ibeacons)
def test_an_ibeacon_comes_back_from_its_bytes(frame: IBeacon) -> None:
    assert IBeacon.from_bytes(bytes(frame)) == frame


@given(altbeacons)
def test_an_altbeacon_comes_back_from_its_bytes(frame: AltBeacon) -> None:
    assert AltBeacon.from_bytes(bytes(frame)) == frame


@given(uids | urls | tlms | eids)
def test_an_eddystone_frame_comes_back_from_its_bytes(frame: eddystone.Frame) -> None:
    assert eddystone.parse(bytes(frame)) == frame


def lengthened(data: bytes) -> st.SearchStrategy[bytes]:
    """Return noise that starts like a frame, so that more than the length check is reached."""
    return st.binary(max_size=32).map(lambda tail: data + tail)


noise = st.binary(max_size=40) | st.sampled_from(
    [b"\x02\x15", b"\xbe\xac", b"\x00", b"\x10\x00", b"\x10\x00\x03", b"\x20\x00", b"\x30"]
).flatmap(lengthened)


@pytest.mark.parametrize("read", [IBeacon.from_bytes, AltBeacon.from_bytes, eddystone.parse])
@given(data=noise)
def test_noise_raises_nothing_but_value_error(read: Callable[[bytes], object], data: bytes) -> None:
    try:
        frame = read(data)
    except ValueError:
        return
    assert read(bytes(frame)) == frame  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "make",
    [
        lambda: IBeacon(UUID(int=0), 70000, 0, -59),
        lambda: IBeacon(UUID(int=0), 0, -1, -59),
        lambda: IBeacon(UUID(int=0), 0, 0, -200),
        lambda: AltBeacon(bytes(19), -59),
        lambda: Uid(30, bytes(10), bytes(6)),
        lambda: Url(0, "ftp://example.com"),
        lambda: Url(0, "http://example.com/a b"),
        lambda: Url(0, "http://a-very-long-name.example"),
        lambda: Eid(0, bytes(7)),
        lambda: Tlm(-1, None, 0, 0),
    ],
)
def test_values_that_no_frame_holds_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"iBeacon|AltBeacon|Eddystone"):
        make()
