"""From which ranges generated frames are drawn. Uniform in each, unless said otherwise."""

from dataclasses import asdict, dataclass
from typing import Any

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ranges:
    """What a frame may be like.

    Attributes:
        width_px, height_px: of a frame.
        none, half: shares of frames that show no code, and that show codes of which a part is hidden or outside only.
        several: share of the others that show two or three codes.
        module_px: width of the narrowest bar in the picture, geometric.
        turn_deg: turn in the picture's plane.
        tilt_deg: lean of the pack out of the picture's plane, about any axis.
        curved: share of packs that are round; their radius is `radius` widths of the code.
        cut: height of a code as a share of its nominal one.
        ink: darkness of bars; `paper`: brightness of spaces; shares of the sensor's range.
        focus_px: standard deviation of the lens's blur.
        motion_px: length of a hand's motion while the shutter is open; more than half of frames have some.
        exposure: brightness factor, geometric; under it photons are counted.
        electrons: full well of a pixel: what shot noise follows from.
        read_noise: standard deviation in grey levels.
        uneven: how much brighter one side of the frame is than the other.
        glare: share of packs with a bright spot on them.
        jpeg: quality at which the camera packs its frames.
    """

    width_px: int = 1920
    height_px: int = 1080
    none: float = 0.1
    half: float = 0.1
    several: float = 0.15
    module_px: Range = (1.6, 5.0)
    turn_deg: Range = (-180.0, 180.0)
    tilt_deg: Range = (0.0, 35.0)
    curved: float = 0.35
    radius: Range = (0.6, 1.6)
    cut: Range = (0.45, 1.0)
    ink: Range = (0.03, 0.25)
    paper: Range = (0.6, 0.98)
    focus_px: Range = (0.4, 1.1)
    motion_px: Range = (0.0, 4.0)
    exposure: Range = (0.35, 1.3)
    electrons: Range = (2_000.0, 12_000.0)
    read_noise: Range = (0.5, 2.5)
    uneven: Range = (0.0, 0.4)
    glare: float = 0.25
    jpeg: tuple[int, int] = (60, 95)

    def as_json(self) -> dict[str, Any]:
        """Return them by name."""
        return asdict(self)
