"""Labels that speak their maker's protocol, byte for byte: what is written to them, and what they say to it."""

import struct
import zlib
from typing import Final, Protocol

from device_drivers.labels.gatt.server import Said
from device_drivers.labels.vendor import atc, gicisky
from vision.image import LabelImage
from vision.panel import Panel
from vision.wire import unpack

BLOCK: Final = 244
"""What a Gicisky label calls a block: a part and its number."""


class VendorTag(Protocol):
    """A label."""

    service: int
    written: tuple[int, ...]
    """Characteristics that are written without an answer; the first of them notifies."""

    company: int
    advert: bytes
    shown: LabelImage | None
    """What is on its glass."""

    def write(self, uuid: int, value: bytes) -> Said:
        """Take what is written; return what is notified."""


class GiciskyTag:
    """A label of Gicisky. `kind` is its type, which says its panel."""

    service: int = gicisky.SERVICE
    written: tuple[int, ...] = (gicisky.COMMANDS, gicisky.PICTURE)
    company: int = gicisky.COMPANY

    def __init__(self, kind: int, battery_dv: int = 30) -> None:
        about = gicisky.Advert(kind, battery_dv, 0x21, 0x05)
        self.advert = bytes(about)
        self.panel = about.panel
        self.shown: LabelImage | None = None
        self._length = 0
        self._data = bytearray()

    def write(self, uuid: int, value: bytes) -> Said:
        """See `VendorTag.write`."""
        if uuid == gicisky.PICTURE:
            return self._part(value)
        match value[:1]:
            case b"\x01":
                return self._say(bytes((gicisky.ASK_SIZE,)) + BLOCK.to_bytes(2, "little"))
            case b"\x02" if len(value) == 8:
                self._length = int.from_bytes(value[1:5], "little")
                fits = self._length == len(gicisky.packed(_white(self.panel)))
                return self._say(bytes((gicisky.ANNOUNCE, not fits)))
            case b"\x03":
                self._data.clear()
                return self._want()
        return ()

    def _part(self, value: bytes) -> Said:
        if not self._length:
            return ()
        number, part = int.from_bytes(value[:4], "little"), value[4:]
        # A part that came twice, or too early, is asked for once more.
        if number == len(self._data) // gicisky.PART_BYTES and len(self._data) < self._length:
            self._data += part
        if len(self._data) < self._length:
            return self._want()
        self.shown = unpack(bytes(self._data[: self._length]), self.panel, gicisky.WIRE)
        return self._say(bytes((gicisky.WANTED, gicisky.ALL_THERE)) + bytes(4))

    def _want(self) -> Said:
        number = len(self._data) // gicisky.PART_BYTES
        return self._say(struct.pack("<BBI", gicisky.WANTED, gicisky.GOES_ON, number))

    def _say(self, value: bytes) -> Said:
        return ((gicisky.COMMANDS, value),)


class AtcTag:
    """A label with ATC firmware. `drops`: so many parts it says that it did not get."""

    service: int = atc.SERVICE
    written: tuple[int, ...] = (atc.CHARACTERISTIC,)
    company: int = atc.COMPANY

    def __init__(self, panel: Panel, battery_mv: int = 2_900, drops: int = 0) -> None:
        self.advert = bytes(atc.Advert(1, 0x21, 0x30, battery_mv, 21))
        self.panel = panel
        self.shown: LabelImage | None = None
        self.drops = drops
        self._version = self._size = 0
        self._data = bytearray()
        self._block = bytearray()
        self._drawn_version = -1

    def write(self, uuid: int, value: bytes) -> Said:
        """See `VendorTag.write`."""
        kind, body = int.from_bytes(value[:2], "big"), value[2:]
        if kind == atc.ANNOUNCE and len(body) == 17:
            _, self._version, self._size, form, _, _ = struct.unpack("<BQIBBH", body)
            if form != atc.COMPRESSED:
                return self._say(atc.FAILED)
            if self._version == self._drawn_version:
                return self._say(atc.THERE_ALREADY)
            self._data.clear()
            return self._want()
        if kind == atc.PART and len(body) == 3 + atc.PART_BYTES:
            return self._part(body)
        return ()

    def _part(self, body: bytes) -> Said:
        block, number = body[1], body[2]
        is_next = block == len(self._data) // atc.BLOCK_BYTES and number == len(self._block) // atc.PART_BYTES
        if sum(body[1:]) & 0xFF != body[0] or not is_next or self.drops:
            self.drops = max(0, self.drops - 1)
            return self._say(atc.PART_FAILED)
        self._block += body[3:]
        length, total = struct.unpack_from("<HH", self._block)
        if len(self._block) < 4 + length:
            return self._say(atc.PART_TAKEN)
        payload = bytes(self._block[4 : 4 + length])
        self._block.clear()
        if sum(payload) & 0xFFFF != total:
            return self._say(atc.PART_TAKEN) + self._want()
        self._data += payload
        if len(self._data) < self._size:
            return self._say(atc.PART_TAKEN) + self._want()
        return self._say(atc.PART_TAKEN) + self._say(atc.ALL_THERE if self._draw() else atc.FAILED)

    def _draw(self) -> bool:
        data = bytes(self._data[: self._size])
        if zlib.crc32(data) != self._version:
            return False
        plain = zlib.decompressobj(atc.ZLIB_WINDOW).decompress(data[4:])
        mark, width_px, height_px, inks = struct.unpack_from("<BHHB", plain)
        if (mark, width_px, height_px, inks) != (
            atc.HEAD_MARK,
            self.panel.width_px,
            self.panel.height_px,
            len(self.panel.palette.inks),
        ):
            return False
        self.shown = unpack(plain[6:], self.panel, atc.WIRE)
        self._drawn_version = self._version
        return True

    def _want(self) -> Said:
        self._block.clear()
        wanted = atc.BlockWanted(self._version, len(self._data) // atc.BLOCK_BYTES)
        return ((atc.CHARACTERISTIC, bytes(wanted)),)

    def _say(self, kind: int) -> Said:
        return ((atc.CHARACTERISTIC, kind.to_bytes(2, "big")),)


def _white(panel: Panel) -> LabelImage:
    return LabelImage(panel, tuple(bytes(panel.plane_bytes) for _ in panel.palette.inks))
