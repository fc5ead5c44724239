"""A picture for a panel: one plane of bits for each ink. Equal pictures are equal bytes."""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from firmware_specs.frames.label_image import LabelObject
from vision.panel import SCANNER_GREY, SCREEN_RGB, Colour, Panel

_RGB: Final = np.array([SCREEN_RGB[colour] for colour in Colour], np.uint8)


@dataclass(frozen=True, slots=True)
class LabelImage:
    """`planes` has for each ink of the panel its bits: rows from the top, each row filled up to whole bytes, the most
    significant bit on the left, 1 is ink. What no plane inks is white.
    """

    panel: Panel
    planes: tuple[bytes, ...]

    def __bytes__(self) -> bytes:
        return b"".join(self.planes)

    @classmethod
    def from_bytes(cls, panel: Panel, data: bytes) -> "LabelImage":
        """Raises ValueError when the length does not fit the panel."""
        if len(data) != panel.image_bytes:
            raise ValueError(f"image of {len(data)} bytes: a panel of {panel} takes {panel.image_bytes}")
        size = panel.plane_bytes
        return cls(panel, tuple(data[at : at + size] for at in range(0, len(data), size)))

    @classmethod
    def from_indexes(cls, panel: Panel, indexes: NDArray[np.uint8]) -> "LabelImage":
        """`indexes`: shape (height, width), the `Colour` of each pixel.

        Raises ValueError on another shape, or for a colour that the panel does not have.
        """
        if indexes.shape != (panel.height_px, panel.width_px):
            raise ValueError(f"an image of shape {indexes.shape} is not for a panel of {panel}")
        known = {Colour.WHITE, *panel.palette.inks}
        strange = sorted({int(index) for index in np.unique(indexes)} - known)
        if strange:
            names = ", ".join(Colour(index).name.lower() if index in set(Colour) else str(index) for index in strange)
            raise ValueError(f"a panel of {panel} has no {names}")
        planes = (np.packbits(indexes == ink, axis=1).tobytes() for ink in panel.palette.inks)
        return cls(panel, tuple(planes))

    def plane(self, place: int, top_px: int = 0, bottom_px: int | None = None) -> NDArray[np.bool_]:
        """Return where one ink is in some rows, bool of shape (bottom - top, width)."""
        panel = self.panel
        rows = np.frombuffer(self.planes[place], np.uint8).reshape(panel.height_px, panel.stride_px // 8)
        return np.unpackbits(rows[top_px:bottom_px], axis=1, count=panel.width_px).view(np.bool_)

    def indexes(self) -> NDArray[np.uint8]:
        """Return the `Colour` of each pixel, uint8 of shape (height, width)."""
        found = np.full((self.panel.height_px, self.panel.width_px), Colour.WHITE, np.uint8)
        for place, ink in enumerate(self.panel.palette.inks):
            found[self.plane(place)] = ink
        return found

    def as_scanned(self, box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        """Return a part (x, y, width, height) as a scanner's red light sees it, grey of shape (height, width)."""
        x_px, y_px, width_px, height_px = box
        grey = np.full((height_px, width_px), SCANNER_GREY[Colour.WHITE], np.uint8)
        for place, ink in enumerate(self.panel.palette.inks):
            grey[self.plane(place, y_px, y_px + height_px)[:, x_px : x_px + width_px]] = SCANNER_GREY[ink]
        return grey

    def as_object(self) -> LabelObject:
        """Return the picture as labels take it over the air."""
        panel = self.panel
        return LabelObject(panel.palette.value, panel.width_px, panel.height_px, bytes(self))

    def png(self) -> bytes:
        """Return the picture as a PNG with a palette, its colours about as the panel shows them."""
        out = io.BytesIO()
        picture = Image.fromarray(self.indexes(), "P")
        picture.putpalette(_RGB.tobytes())
        picture.save(out, "PNG", optimize=True, bits=4)
        return out.getvalue()
