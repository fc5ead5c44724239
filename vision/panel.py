"""E-paper panels: how large they are, and which inks they have."""

import re
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cached_property
from typing import Final


class Colour(IntEnum):
    """What a pixel may be, numbered as the controllers of seven-colour panels number it."""

    BLACK = 0
    WHITE = 1
    GREEN = 2
    BLUE = 3
    RED = 4
    YELLOW = 5
    ORANGE = 6


SCREEN_RGB: Final = {
    Colour.BLACK: (26, 26, 26),
    Colour.WHITE: (250, 250, 247),
    Colour.GREEN: (49, 107, 66),
    Colour.BLUE: (42, 70, 134),
    Colour.RED: (176, 36, 38),
    Colour.YELLOW: (229, 188, 30),
    Colour.ORANGE: (208, 106, 44),
}
"""About how each ink looks beside the others on a screen."""

SCANNER_GREY: Final = {
    Colour.BLACK: 0,
    Colour.WHITE: 255,
    Colour.GREEN: 60,
    Colour.BLUE: 30,
    Colour.RED: 230,
    Colour.YELLOW: 240,
    Colour.ORANGE: 235,
}
"""About how a scanner's red light sees each ink: red on white is nothing to it."""


class Palette(Enum):
    """The inks of a panel; the value is its display type in the ESL Service 1.0 (Assigned Numbers, 6.10)."""

    BW = 1
    BWR = 6
    BWY = 7
    BWRY = 8
    SEVEN = 9

    @property
    def inks(self) -> tuple[Colour, ...]:
        """All but white, in the order of their planes."""
        return _INKS[self]

    @property
    def label(self) -> str:
        """Its name as templates write it."""
        return self.name.lower()


_INKS: Final = {
    Palette.BW: (Colour.BLACK,),
    Palette.BWR: (Colour.BLACK, Colour.RED),
    Palette.BWY: (Colour.BLACK, Colour.YELLOW),
    Palette.BWRY: (Colour.BLACK, Colour.RED, Colour.YELLOW),
    Palette.SEVEN: (Colour.BLACK, Colour.RED, Colour.YELLOW, Colour.GREEN, Colour.BLUE, Colour.ORANGE),
}


@dataclass(frozen=True)
class Panel:
    """A panel. Prints as `296x128 bwr`."""

    width_px: int = 296
    height_px: int = 128
    palette: Palette = Palette.BW

    @classmethod
    def from_text(cls, text: str) -> "Panel":
        """Return the panel that `text` names as it prints. Raises ValueError."""
        found = re.fullmatch(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3}) ([a-z]+)", text)
        if found is None or found[3].upper() not in Palette.__members__:
            inks = ", ".join(palette.label for palette in Palette)
            raise ValueError(f"{text[:40]!r} is no panel: write it as '296x128 bwr', the inks one of {inks}")
        return cls(int(found[1]), int(found[2]), Palette[found[3].upper()])

    def __str__(self) -> str:
        return f"{self.width_px}x{self.height_px} {self.palette.label}"

    @cached_property
    def stride_px(self) -> int:
        """A row's pixels, filled up so that each row starts on a byte of its own."""
        return -(-self.width_px // 8) * 8

    @cached_property
    def plane_bytes(self) -> int:
        """How many bytes one ink of a picture takes at one bit a pixel."""
        return self.stride_px // 8 * self.height_px

    @property
    def image_bytes(self) -> int:
        """How many bytes all inks of a picture take at one bit a pixel."""
        return self.plane_bytes * len(self.palette.inks)


STANDARD: Final = Panel()
"""The 2.9-inch panel that most shelf labels have, in black and white."""
