"""Scanners: every code whole, after a process that stood still, beside a busy camera, through unplugging."""

import functools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_drivers.api import CodeScanned, DeviceRefusedError, DeviceUnreachableError, Driver, LoadImage, Signal
from device_drivers.scanner.hid import HidScanner
from device_drivers.scanner.keys import KeyReader, typed
from device_drivers.scanner.lines import LineReader
from device_drivers.scanner.serial import SerialScanner
from device_drivers.scanner.virtual import virtual_hid, virtual_serial
from firmware_specs.gtin import GtinError, with_check_digit
from firmware_specs.symbology import Symbology, from_scanner

US = "".join(chr(code) for code in range(0x20, 0x7F))


@given(st.text(US + "\x1d", min_size=1, max_size=60))
def test_what_a_scanner_types_is_what_it_read(text: str) -> None:
    keys = KeyReader()
    said = [keys.feed(report) for report in typed(text)]
    assert [one for one in said if one is not None] == [text]
    assert keys.cut == 0


@given(st.lists(st.binary(min_size=8, max_size=8), max_size=40))
def test_no_report_is_too_strange_for_the_reader_of_keys(reports: list[bytes]) -> None:
    keys = KeyReader()
    for report in reports:
        keys.feed(report)


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange_for_the_reader_of_lines(data: bytes) -> None:
    LineReader().feed(data)


def test_keys_that_are_held_while_the_next_is_pressed_count_once() -> None:
    keys = KeyReader()
    one, two = typed("1")[0], typed("2")[0]
    both = bytes((0, 0, one[2], two[2], 0, 0, 0, 0))
    said = [keys.feed(report) for report in (one, both, two, bytes(8), typed("\n")[0])]
    assert said[-1] == "12"


def test_a_text_of_which_keys_were_missed_is_dropped_and_counted() -> None:
    keys = KeyReader()
    too_many = bytes((0, 0, 1, 1, 1, 1, 1, 1))
    assert [keys.feed(report) for report in (*typed("12")[:2], too_many, *typed("3"))][-2:] == [None, None]
    assert keys.cut == 1
    assert keys.feed(typed("45")[-2]) is None
    lines = LineReader()
    assert lines.feed(b"x" * 40_000 + b"\r\n123\r\n") == ["123"]
    assert lines.cut == 1
    assert lines.feed(b"half\x02whole\x03") == ["whole"]
    assert lines.cut == 2


@pytest.mark.parametrize(
    ("sent", "symbology", "text"),
    [
        ("]E04006381333931", Symbology.EAN_13, "4006381333931"),
        ("4006381333931", Symbology.EAN_13, "4006381333931"),
        ("96385074", Symbology.EAN_8, "96385074"),
        ("036000291452", Symbology.UPC_A, "036000291452"),
        ("]C10109501101530003", Symbology.GS1_128, "0109501101530003"),
        ("(01)09501101530003(10)AB", Symbology.GS1_128, "(01)09501101530003(10)AB"),
        ("SHELF-7", Symbology.CODE_128, "SHELF-7"),
    ],
)
def test_a_scanners_text_says_what_was_printed(sent: str, symbology: Symbology, text: str) -> None:
    assert from_scanner(sent) == (symbology, text)


def test_digits_that_lost_one_on_the_way_are_no_product() -> None:
    with pytest.raises(GtinError):
        from_scanner("4006381333932")


@asynccontextmanager
async def listening(scanner: Driver) -> AsyncIterator[list[str]]:
    """Run a scanner's driver; what it said so far."""
    said: list[str] = []

    def take(signal: Signal) -> None:
        assert isinstance(signal, CodeScanned)
        said.append(signal.text)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(functools.partial(scanner.run, take), name="scanner")
        yield said
        tasks.cancel_scope.cancel()


async def heard(scan: Callable[[str], None], said: list[str]) -> None:
    """Scan something until it is heard: what comes before a port is open is lost, as with a real one."""
    with anyio.fail_after(20):
        while not said:
            scan("96385074")
            await anyio.sleep(0.05)
    await anyio.sleep(0.1)
    said.clear()


async def until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not holds():
            await anyio.sleep(0.01)


def codes(count: int) -> list[str]:
    return [with_check_digit(f"4{number:011}") for number in range(count)]


async def test_codes_of_a_scanner_that_types_come_whole_after_the_process_stood_still(tmp_path: Path) -> None:
    expected = codes(200)
    with virtual_hid(tmp_path) as scanner:
        async with listening(HidScanner(str(scanner.path))) as said:
            scanner.scan(expected[0])
            await until(lambda: len(said) == 1)
            for code in expected[1:]:
                scanner.scan(code)
            # Nothing of this process runs meanwhile.
            time.sleep(0.5)  # noqa: ASYNC251
            await until(lambda: len(said) == len(expected))
        assert said == expected


async def test_codes_of_a_serial_scanner_come_whole_after_the_process_stood_still() -> None:
    expected = codes(200)
    with virtual_serial() as scanner:
        async with listening(SerialScanner(scanner.path)) as said:
            await heard(scanner.scan, said)
            for code in expected:
                scanner.scan(code)
            time.sleep(0.5)  # noqa: ASYNC251
            await until(lambda: len(said) == len(expected))
        assert said == expected


async def test_half_a_code_whose_end_never_comes_is_dropped_before_the_next(tmp_path: Path) -> None:
    with virtual_hid(tmp_path) as keys, virtual_serial() as line:
        typing, sending = HidScanner(str(keys.path)), SerialScanner(line.path)
        async with listening(typing) as typed_texts, listening(sending) as sent_texts:
            await heard(line.scan, sent_texts)
            keys.type(b"".join(typed("40063")[:-2]))
            line.send(b"40063")
            await until(lambda: typing.cut == 1 and sending.cut == 1)
            keys.scan("96385074")
            line.scan("96385074")
            await until(lambda: bool(typed_texts and sent_texts))
        assert (typed_texts, sent_texts) == (["96385074"], ["96385074"])


async def test_an_unplugged_scanner_is_unreachable_and_comes_back(tmp_path: Path) -> None:
    scanner = HidScanner(str(tmp_path / "hidraw0"))
    with pytest.raises(DeviceUnreachableError, match="no such file"):
        await scanner.run(lambda _: None)
    for text in ("96385074", "4006381333931"):
        said: list[str] = []

        async def run(said: list[str]) -> None:
            with pytest.raises(DeviceUnreachableError, match="went away"):
                await scanner.run(lambda signal: said.append(signal.text) if isinstance(signal, CodeScanned) else None)

        async with anyio.create_task_group() as tasks:
            with virtual_hid(tmp_path) as plugged:
                tasks.start_soon(run, said, name="scanner")
                plugged.scan(text)
                await until(lambda: len(said) == 1)  # noqa: B023
                plugged.type(typed("123")[0])
                await anyio.sleep(0.05)
        assert said == [text]


async def test_a_serial_line_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(DeviceUnreachableError, match="ttyNOBODY"):
        await SerialScanner("/dev/ttyNOBODY").run(lambda _: None)


@pytest.mark.parametrize("scanner", [HidScanner("/dev/hidraw0"), SerialScanner("/dev/ttyACM0")])
async def test_a_scanner_only_tells(scanner: Driver) -> None:
    with pytest.raises(DeviceRefusedError):
        await scanner.do(LoadImage("AA", 0, b""))
