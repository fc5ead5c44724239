"""Labels with the free firmware of OpenEPaperLink for Bluetooth (ATC): service and characteristic 0x1337.

Commands are two bytes, big-endian, then little-endian fields. A picture is announced (0x0064), then the label asks for
blocks of 4,096 bytes (0x00C6) and takes each in parts of 230 bytes (0x0065), which it acknowledges one by one.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Final, Self

from device_drivers.api import DeviceRefusedError, DeviceUnreachableError
from device_drivers.labels.gatt.link import Link
from device_drivers.labels.vendor.heard import Answers
from vision.image import LabelImage
from vision.panel import Colour
from vision.wire import Wire, pack

COMPANY: Final = 0x1337
SERVICE: Final = 0x1337
CHARACTERISTIC: Final = 0x1337

READY: Final = 0x0002
FINISHED: Final = 0x0003
ANNOUNCE: Final = 0x0064
PART: Final = 0x0065
PART_FAILED: Final = 0x00C4
PART_TAKEN: Final = 0x00C5
BLOCK_WANTED: Final = 0x00C6
ALL_THERE: Final = 0x00C7
THERE_ALREADY: Final = 0x00C8
FAILED: Final = 0xFFFF

COMPRESSED: Final = 0x30
BLOCK_BYTES: Final = 4_096
PART_BYTES: Final = 230
HEAD_MARK: Final = 6
ZLIB_WINDOW: Final = 12
ALL_PARTS: Final = b"\xff" * 6
TRIES: Final = 5
"""A part that failed so often does not get through."""

ANSWER_S: Final = 15.0
WIRE: Final = Wire(black_is_zero=True)


@dataclass(frozen=True, slots=True)
class Advert:
    """What a label says of itself in its advertisement, as far as we use it."""

    version: int
    hardware: int
    firmware: int
    battery_mv: int
    temperature_c: int

    def __bytes__(self) -> bytes:
        return struct.pack(
            "<BHHBBHb", self.version, self.hardware, self.firmware, 0, 0, self.battery_mv, self.temperature_c
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another length than those of versions 1 and 2."""
        if len(data) not in (10, 11):
            raise ValueError(f"{data[:12].hex()!r} is no advertisement of an ATC label")
        version, hardware, firmware, _, _, battery_mv, temperature_c = struct.unpack_from("<BHHBBHb", data)
        return cls(version, hardware, firmware, battery_mv, temperature_c)


@dataclass(frozen=True, slots=True)
class BlockWanted:
    """Which block a label asks for, of the picture with this CRC-32, and a bit for each part that it wants."""

    version: int
    block: int
    parts: bytes = ALL_PARTS

    def __bytes__(self) -> bytes:
        body = struct.pack("<QBB6s", self.version, self.block, COMPRESSED, self.parts)
        return BLOCK_WANTED.to_bytes(2, "big") + bytes((sum(body) & 0xFF,)) + body

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another command or length. Firmware is careless with the checksum: it is not read."""
        if len(data) != 19 or int.from_bytes(data[:2], "big") != BLOCK_WANTED:
            raise ValueError(f"{data[:20].hex()!r} asks for no block")
        version, block, _, parts = struct.unpack("<QBB6s", data[3:])
        return cls(version, block, parts)


def packed(image: LabelImage) -> bytes:
    """Return a picture as these labels take it: its size, then planes behind a head, compressed.

    Raises ValueError for colours that no second plane carries.
    """
    panel = image.panel
    if len(panel.palette.inks) > 2 or panel.palette.inks[0] is not Colour.BLACK:
        raise ValueError(f"an ATC label has at most two inks: a panel of {panel} has more")
    head = struct.pack("<BHHB", HEAD_MARK, panel.width_px, panel.height_px, len(panel.palette.inks))
    plain = head + pack(image, panel, WIRE)
    squeezer = zlib.compressobj(9, zlib.DEFLATED, ZLIB_WINDOW)
    return len(plain).to_bytes(4, "little") + squeezer.compress(plain) + squeezer.flush()


def announcement(data: bytes) -> bytes:
    """Return what says that a picture comes."""
    return ANNOUNCE.to_bytes(2, "big") + struct.pack("<BQIBBH", 255, zlib.crc32(data), len(data), COMPRESSED, 0, 0)


def parts_of(data: bytes, block: int) -> list[bytes]:
    """Return the commands that carry a block: its length and sum, then its bytes, filled up to whole parts."""
    payload = data[block * BLOCK_BYTES : (block + 1) * BLOCK_BYTES]
    whole = struct.pack("<HH", len(payload), sum(payload) & 0xFFFF) + payload
    found = []
    for number, at in enumerate(range(0, len(whole), PART_BYTES)):
        body = bytes((block, number)) + whole[at : at + PART_BYTES].ljust(PART_BYTES, b"\0")
        found.append(PART.to_bytes(2, "big") + bytes((sum(body) & 0xFF,)) + body)
    return found


async def send(link: Link, name: str, data: bytes) -> None:
    """Send a picture; it is drawn once all of it is there. Raises what `Link` raises."""
    answers = Answers(name, ANSWER_S)
    await link.heed(CHARACTERISTIC, answers.hear)
    await link.write(CHARACTERISTIC, announcement(data))
    while True:
        answer = await answers.next(BLOCK_WANTED, ALL_THERE, THERE_ALREADY, FAILED, of_bytes=2)
        kind = int.from_bytes(answer[:2], "big")
        if kind == FAILED:
            raise DeviceRefusedError(f"label {name} refused a picture of {len(data)} bytes")
        if kind in (ALL_THERE, THERE_ALREADY):
            await link.write(CHARACTERISTIC, FINISHED.to_bytes(2, "big"))
            return
        try:
            wanted = BlockWanted.from_bytes(answer)
        except ValueError as exc:
            raise DeviceRefusedError(f"label {name} answers nonsense: {exc}") from exc
        await _send_block(link, name, answers, parts_of(data, wanted.block), wanted)


async def _send_block(link: Link, name: str, answers: Answers, parts: list[bytes], wanted: BlockWanted) -> None:
    await link.write(CHARACTERISTIC, READY.to_bytes(2, "big"))
    bits = int.from_bytes(wanted.parts, "little")
    for number, part in enumerate(parts):
        if not bits >> number & 1:
            continue
        for _ in range(TRIES):
            await link.write(CHARACTERISTIC, part)
            answer = await answers.next(PART_TAKEN, PART_FAILED, FAILED, of_bytes=2)
            if int.from_bytes(answer[:2], "big") == PART_TAKEN:
                break
        else:
            raise DeviceUnreachableError(f"label {name} did not take part {number} of block {wanted.block}")
