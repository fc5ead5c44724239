"""Labels of Gicisky, also sold as PICKSMART: service 0xFEF0, commands on 0xFEF1, the picture on 0xFEF2.

    01                              how large is a block?       01, size (2 bytes)
    02, length (4), type (3)        a picture so long comes     02, 0 is yes
    03                              begin                       05, 0, number of the part that is wanted (4)
    on 0xFEF2: number (4), up to 240 bytes                      05, 0, number of the next; 05, 08 when all is there

Numbers are little-endian. In the plane for black a set bit is white, in the plane for red it is red; rows run along the
panel's short side, as the panel is built in turned by a quarter.
"""

import struct
from dataclasses import dataclass
from typing import Final, Self

import anyio

from device_drivers.api import DeviceRefusedError, DeviceUnreachableError
from device_drivers.labels.gatt.link import Link
from device_drivers.labels.vendor.heard import Answers
from vision.image import LabelImage
from vision.panel import Palette, Panel
from vision.wire import Wire, pack

COMPANY: Final = 0x5053
SERVICE: Final = 0xFEF0
COMMANDS: Final = 0xFEF1
PICTURE: Final = 0xFEF2

PART_BYTES: Final = 240
ASK_SIZE: Final = 0x01
ANNOUNCE: Final = 0x02
BEGIN: Final = 0x03
WANTED: Final = 0x05
GOES_ON: Final = 0x00
ALL_THERE: Final = 0x08

STALLED: Final = 3
"""A label that asks for one part so often makes no headway."""

ANSWER_S: Final = 10.0

_SIZES: Final = ((212, 104), (296, 128), (400, 300), (640, 384))
"""By three bits of a label's type."""

_PALETTES: Final = (Palette.BW, Palette.BWR, Palette.BWY)
WIRE: Final = Wire(black_is_zero=True, rotated_deg=90)


@dataclass(frozen=True, slots=True)
class Advert:
    """What a label says of itself in its advertisement: type, tenths of a volt, software and hardware."""

    kind: int
    battery_dv: int
    software: int
    hardware: int

    def __bytes__(self) -> bytes:
        return bytes((self.kind & 0xFF, self.battery_dv, self.software, self.hardware, self.kind >> 8))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another length."""
        if len(data) != 5:
            raise ValueError(f"{data[:10].hex()!r} is no advertisement of a Gicisky label")
        return cls((data[4] << 8 | data[0]) & 0x3FFF, data[1], data[2], data[3])

    @property
    def panel(self) -> Panel:
        """The panel that its type names. Raises ValueError for a type that is reserved."""
        size, colour = self.kind >> 5 & 0b111, self.kind >> 1 & 0b11
        if size >= len(_SIZES) or colour >= len(_PALETTES):
            raise ValueError(f"a Gicisky label of type 0x{self.kind:02x} is not known")
        return Panel(*_SIZES[size], _PALETTES[colour])


def packed(image: LabelImage) -> bytes:
    """Return a picture as these labels take it."""
    return pack(image, image.panel, WIRE)


async def send(link: Link, name: str, data: bytes) -> None:
    """Send a picture; it is drawn once all of it is there. Raises what `Link` raises."""
    answers = Answers(name, ANSWER_S)
    await link.heed(COMMANDS, answers.hear)
    await link.write(COMMANDS, bytes((ASK_SIZE,)))
    size = await answers.next(ASK_SIZE)
    if len(size) < 3:
        raise DeviceRefusedError(f"label {name} answers nonsense: {size.hex()}")
    part_bytes = min(PART_BYTES, int.from_bytes(size[1:3], "little") - 4)
    if part_bytes <= 0:
        raise DeviceRefusedError(f"label {name} takes parts of {part_bytes} bytes")
    await link.write(COMMANDS, struct.pack("<BI3x", ANNOUNCE, len(data)))
    if (await answers.next(ANNOUNCE))[1:2] not in (b"", b"\0"):
        raise DeviceRefusedError(f"label {name} takes no picture of {len(data)} bytes: is it for another panel?")
    await link.write(COMMANDS, bytes((BEGIN,)))
    last, times = -1, 0
    while True:
        wanted = await answers.next(WANTED)
        if wanted[1:2] == bytes((ALL_THERE,)):
            return
        if len(wanted) != 6 or wanted[1] != GOES_ON:
            raise DeviceRefusedError(f"label {name} gave up: {wanted.hex()}")
        number = int.from_bytes(wanted[2:], "little")
        last, times = number, times + 1 if number == last else 1
        part = data[number * part_bytes : (number + 1) * part_bytes]
        if times > STALLED or not part:
            raise DeviceUnreachableError(f"label {name} asks for part {number} again and again")
        await link.write(PICTURE, number.to_bytes(4, "little") + part)
        await anyio.lowlevel.checkpoint()
