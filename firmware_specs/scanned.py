"""What a scan means: the one way from a scanner's text to a product, by symbology and the store's profile.

Digits alone do not say it. Eight of them are an EAN-8 or a UPC-E, eighteen a scale's code or a logistic unit with the
same check digit; so the symbology decides, then the store's patterns, and only a GS1 symbology has AIs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from firmware_specs.gs1 import Gs1Error, day, elements, link_elements, price_minor, weight_g
from firmware_specs.gtin import GtinError, from_upc_e, is_restricted, normal
from firmware_specs.instore import InStoreError, StoreProfile, decode, item_key, own_key
from firmware_specs.symbology import GS1, SQUARE, Symbology

_LENGTHS: Final = {
    Symbology.EAN_13: (13,),
    Symbology.EAN_8: (8,),
    Symbology.UPC_A: (12, 13),
    # Some readers send the number that it abbreviates.
    Symbology.UPC_E: (6, 7, 8, 12, 13),
    Symbology.ITF_14: (14,),
}
"""Digits of the symbologies that carry a bare GTIN."""

_COUPON_AIS: Final = frozenset({"255", "8110", "8111", "8112"})
"""A global coupon number, and North America's coupons (GS1 General Specifications, 3.6, 3.9)."""


class ScanError(ValueError):
    """A code that is broken or breaks its symbology's rules; the text names what is wrong."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a code says; None and the empty string are what it does not say.

    `kind` is `gtin`: a product of the world, by its `gtin` of 14 digits. `in-store` and `scale`: a product of this
    store only, by its `item`; a scale's code has its price, weight or count. `sscc`: a logistic unit, nothing to sell.
    `coupon`: money off, nothing to sell. `other`: nothing that a price book knows.
    """

    kind: Literal["gtin", "in-store", "scale", "sscc", "coupon", "other"]
    gtin: str = ""
    item: str = ""
    sscc: str = ""
    price_minor: int | None = None
    """Of all that is in the bag, in the store's currency."""

    weight_g: int | None = None
    count: int | None = None
    batch: str = ""
    serial: str = ""
    expiry: date | None = None
    """The last day on which it may be used."""

    best_before: date | None = None

    @property
    def key(self) -> str:
        """The 14 digits of its row in this store's price book; empty where there is nothing to look for."""
        number = self.item.rpartition(":")[2]
        return self.gtin or (number if len(number) in (0, 14) else own_key(int(number)))


def interpret(text: str, symbology: Symbology, profile: StoreProfile, *, today: date) -> Scanned:
    """Return what a code means in the store of the profile; `today` tells the century of its dates.

    Raises ScanError, and nothing else, on a code that is broken.
    """
    try:
        return _meaning(text, symbology, profile, today)
    except (GtinError, InStoreError, Gs1Error) as exc:
        raise ScanError(f"{symbology}: {exc}") from exc


def _meaning(text: str, symbology: Symbology, profile: StoreProfile, today: date) -> Scanned:
    if symbology is Symbology.UPC_A and len(text) == 12:
        # Its bars are those of an EAN-13 that starts with 0 (ISO/IEC 15420), and scanners send either.
        return _meaning(f"0{text}", Symbology.EAN_13, profile, today)
    if (own := decode(text, symbology, profile)) is not None:
        measured = (own.price_minor, own.weight_g, own.count) != (None, None, None)
        return Scanned(
            "scale" if measured else "in-store",
            item=item_key(profile.store, own.number),
            price_minor=own.price_minor,
            weight_g=own.weight_g,
            count=own.count,
        )
    if lengths := _LENGTHS.get(symbology):
        return _product(_bare_gtin(text, symbology, lengths), profile)
    if symbology in SQUARE and (found := link_elements(text)) is not None:
        return _of_elements(found, profile, today)
    if symbology in GS1:
        return _of_elements(elements(text), profile, today)
    return Scanned("other")


def _bare_gtin(text: str, symbology: Symbology, lengths: tuple[int, ...]) -> str:
    if len(text) not in lengths:
        raise GtinError(f"{text[:40]!r} has {len(text)} digits, not {' or '.join(map(str, lengths))}")
    return from_upc_e(text) if symbology is Symbology.UPC_E and len(text) <= 8 else normal(text)


def _product(gtin: str, profile: StoreProfile) -> Scanned:
    if is_restricted(gtin):
        return Scanned("in-store", item=item_key(profile.store, gtin))
    return Scanned("gtin", gtin=gtin)


def _of_elements(found: Mapping[str, str], profile: StoreProfile, today: date) -> Scanned:
    if _COUPON_AIS & found.keys():
        return Scanned("coupon")
    if "01" in found:
        what = _product(normal(found["01"]), profile)
    elif "00" in found:
        return Scanned("sscc", sscc=found["00"])
    else:
        return Scanned("other")
    return replace(
        what,
        price_minor=price_minor(found, profile.currency_number, profile.minor_digits),
        weight_g=weight_g(found),
        count=int(found["30"]) if "30" in found else None,
        batch=found.get("10", ""),
        serial=found.get("21", ""),
        expiry=day(found["17"], today) if "17" in found else None,
        best_before=day(found["15"], today) if "15" in found else None,
    )
