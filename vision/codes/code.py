"""A code in a picture, and what it names."""

from dataclasses import dataclass
from typing import Final, Literal

from firmware_specs.gs1 import Gs1Error, elements, link_elements
from firmware_specs.gtin import GtinError, from_upc_e, normal
from firmware_specs.symbology import Symbology, symbology_of

EAN_UPC: Final = frozenset({"EAN-13", "EAN-8", "UPC-A", "UPC-E"})
_BEARS_BARE_GTIN: Final = EAN_UPC | {"ITF-14", "ITF"}
_BEARS_LINKS: Final = frozenset({"QR Code", "Data Matrix"})


@dataclass(frozen=True, slots=True)
class Code:
    """A code in a picture.

    Attributes:
        text: what it says; of a UPC-E the number that it abbreviates, of a GS1 symbol with its AIs in brackets.
        symbology: as `EAN-13`, `UPC-A`, `QR Code`.
        corners: (x, y) in pixels from the picture's upper left: the symbol's own upper left, upper right, lower right
            and lower left, as far as it was read.
        identifier: the symbology identifier (ISO/IEC 15424), as `]E0`.
        confidence: that it says this, 0 to 1.
        votes: how many readings of different parts or in different ways said the same.
        add_on: the two or five digits beside an EAN or UPC: an issue, a price.
    """

    text: str
    symbology: str
    corners: tuple[tuple[int, int], ...]
    identifier: str = ""
    confidence: float = 1.0
    votes: int = 1
    add_on: str = ""

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of its corners."""
        return (
            sum(x for x, _ in self.corners) / max(1, len(self.corners)),
            sum(y for _, y in self.corners) / max(1, len(self.corners)),
        )


@dataclass(frozen=True, slots=True)
class Doubt:
    """Bars in a picture that were not read.

    Attributes:
        reason: `small`: a module is less than a pixel wide; `dark`: too little contrast; `blurred`: bars run into each
            other; `unsure`: they may say `text`, but something else too.
        text: the likeliest text, or none; as in `Code`.
        symbology: of that text.
        weight: how much speaks for it, in units of e.
    """

    reason: Literal["small", "dark", "blurred", "unsure"]
    corners: tuple[tuple[int, int], ...]
    text: str = ""
    symbology: str = ""
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Sight:
    """What a picture shows: codes, and bars that could not be read."""

    codes: tuple[Code, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def printed_as(code: Code) -> Symbology:
    """Return what a code was printed as; its identifier does not tell a UPC-E from an EAN-13."""
    return Symbology.UPC_E if code.symbology == "UPC-E" else symbology_of(code.identifier)


def gtin_of(code: Code) -> str | None:
    """Return the 14-digit GTIN that a code carries, as digits, as an AI or in a GS1 Digital Link; None for none."""
    digits = code.text
    try:
        if code.symbology in _BEARS_BARE_GTIN:
            # Some readers give a UPC-E as it stands.
            is_short = code.symbology == "UPC-E" and len(digits) == 8
            return from_upc_e(digits) if is_short else normal(digits)
        if digits.startswith("("):
            said: dict[str, str] | None = elements(digits)
        else:
            said = link_elements(digits) if code.symbology in _BEARS_LINKS else None
        return normal(said["01"]) if said and "01" in said else None
    except (GtinError, Gs1Error):
        return None
