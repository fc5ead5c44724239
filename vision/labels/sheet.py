"""A white page of a panel's inks that is drawn on."""

from vision.image import LabelImage
from vision.ink import Ink, moved
from vision.panel import Colour, Panel


class Sheet:
    """One page. What is drawn later covers what was drawn before; what leaves the page is an error, never cut."""

    __slots__ = ("_size_bits", "_stride_px", "ends_px", "panel", "planes")

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.planes = dict.fromkeys(panel.palette.inks, 0)
        self.ends_px: dict[str, int] = {}
        """Where each named text ends."""

        self._stride_px = panel.stride_px
        self._size_bits = panel.stride_px * panel.height_px

    def put(self, x_px: int, y_px: int, ink: Ink, colour: Colour) -> None:
        """Put ink with its upper left at (x, y). Rows of it that have none may lie outside."""
        self.cover(moved(ink.bits, x_px, self.panel.height_px - y_px - ink.rows, self._stride_px), colour)

    def cover(self, bits: int, colour: Colour) -> None:
        """Put ink that already lies where it belongs, the page's upper left its most significant bit."""
        if bits >> self._size_bits:
            raise ValueError("ink leaves the top of the panel")
        planes = self.planes
        for plane_colour, plane in planes.items():
            if plane_colour is colour:
                planes[colour] = plane | bits
            elif under := plane & bits:
                planes[plane_colour] = plane ^ under

    def image(self) -> LabelImage:
        """Return what was drawn."""
        size = self.panel.plane_bytes
        return LabelImage(self.panel, tuple(plane.to_bytes(size, "big") for plane in self.planes.values()))
