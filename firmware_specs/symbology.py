"""What a code was printed as: scanners say it before the text, with a symbology identifier (ISO/IEC 15424).

It decides what digits mean. Eighteen of them are a scale's code in a plain Code 128, and in a GS1-128 they
are two element strings.
"""

from enum import StrEnum
from typing import Final

from firmware_specs.gtin import normal


class Symbology(StrEnum):
    """The symbologies that name what a shop sells; GS1 ones carry element strings and begin with FNC1."""

    EAN_13 = "ean-13"
    EAN_8 = "ean-8"
    UPC_A = "upc-a"
    UPC_E = "upc-e"
    ITF_14 = "itf-14"
    CODE_128 = "code-128"
    QR = "qr"
    DATA_MATRIX = "data-matrix"
    GS1_128 = "gs1-128"
    GS1_QR = "gs1-qr"
    GS1_DATAMATRIX = "gs1-datamatrix"
    GS1_DOTCODE = "gs1-dotcode"
    DATABAR = "databar"
    """GS1 DataBar, expanded or not: both carry element strings, and no identifier tells them apart."""
    OTHER = "other"


GS1: Final = frozenset(
    {Symbology.GS1_128, Symbology.GS1_QR, Symbology.GS1_DATAMATRIX, Symbology.GS1_DOTCODE, Symbology.DATABAR}
)
"""Those that carry element strings (GS1 General Specifications, 5.1)."""

SQUARE: Final = frozenset({Symbology.QR, Symbology.DATA_MATRIX, Symbology.GS1_QR, Symbology.GS1_DATAMATRIX})
"""Those that may carry a GS1 Digital Link."""

_OF: Final = {
    "]E0": Symbology.EAN_13,
    "]E4": Symbology.EAN_8,
    "]I1": Symbology.ITF_14,
    "]C0": Symbology.CODE_128,
    "]C1": Symbology.GS1_128,
    "]e0": Symbology.DATABAR,
    "]J1": Symbology.GS1_DOTCODE,
    # 2 and 4 of a QR, 4 and 5 of a Data Matrix announce extended channels, which change no digit.
    "]Q1": Symbology.QR,
    "]Q2": Symbology.QR,
    "]Q3": Symbology.GS1_QR,
    "]Q4": Symbology.GS1_QR,
    "]d1": Symbology.DATA_MATRIX,
    "]d2": Symbology.GS1_DATAMATRIX,
    "]d4": Symbology.DATA_MATRIX,
    "]d5": Symbology.GS1_DATAMATRIX,
}

_BARE: Final = {8: Symbology.EAN_8, 12: Symbology.UPC_A, 13: Symbology.EAN_13, 14: Symbology.ITF_14}


def symbology_of(identifier: str) -> Symbology:
    """Return the symbology of an identifier such as `]E0`; `OTHER` for one that no product's code has.

    `]E0` is said of EAN-13, UPC-A and UPC-E alike: the scanner fills all of them up to 13 digits.
    """
    return _OF.get(identifier, Symbology.OTHER)


def from_scanner(sent: str) -> tuple[Symbology, str]:
    """Return what a scanner's text was printed as, and the text without its identifier.

    Without an identifier digits with a right check digit are what their number says; eight of them are an EAN-8, as
    scanners expand a UPC-E unless they are told otherwise. Raises GtinError where such a number of digits has a wrong
    check digit: something of the code was lost on the way.
    """
    if len(sent) > 3 and sent[0] == "]":
        return symbology_of(sent[:3]), sent[3:]
    if sent.startswith("\x1d") or (sent.startswith("(01)") and len(sent) > 18):
        return Symbology.GS1_128, sent.removeprefix("\x1d")
    if sent.isascii() and sent.isdigit() and len(sent) in _BARE:
        normal(sent)
        return _BARE[len(sent)], sent
    return Symbology.CODE_128, sent
