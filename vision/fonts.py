"""The one font that labels and signs are set in: WenQuanYi Micro Hei, for Chinese and Latin alike."""

from functools import cache
from pathlib import Path
from typing import Final

from PIL import ImageFont

PLACES: Final = (
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
    Path("/usr/share/fonts/wqy-microhei/wqy-microhei.ttc"),
    Path("/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc"),
    Path("/usr/local/share/fonts/wqy-microhei.ttc"),
)
"""Where distributions put it."""


class FontMissingError(RuntimeError):
    """The font is not installed; the text names the package."""


@cache
def font(size_px: int) -> ImageFont.FreeTypeFont:
    """Return the font at `size_px` (em height).

    Raises FontMissingError when it is not installed.
    """
    return ImageFont.truetype(str(font_path()), size_px, layout_engine=ImageFont.Layout.BASIC)


def font_path(places: tuple[Path, ...] = PLACES) -> Path:
    """Return the font's file; raises FontMissingError when it is in none of `places`."""
    for place in places:
        if place.is_file():
            return place
    raise FontMissingError(
        "WenQuanYi Micro Hei is not installed: install the Debian package fonts-wqy-microhei (looked in "
        + ", ".join(str(place.parent) for place in places)
        + ")"
    )
