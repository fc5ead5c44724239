"""Prices as they stand on a label: symbol, whole part, fraction, and the price of a whole kilogram or litre."""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

_SYMBOLS: Final = {"CNY": "¥", "JPY": "¥", "EUR": "€", "GBP": "£", "USD": "$", "HKD": "HK$", "SGD": "S$", "TWD": "NT$"}
_EXPONENTS: Final = {"BHD": 3, "CLP": 0, "ISK": 0, "JPY": 0, "KRW": 0, "KWD": 3, "OMR": 3, "TND": 3, "VND": 0}
"""Digits behind the point where they are not two (ISO 4217)."""

_MEASURES: Final = {
    "kg": ("kg", Fraction(1)),
    "公斤": ("kg", Fraction(1)),
    "千克": ("kg", Fraction(1)),
    "斤": ("kg", Fraction(1, 2)),
    "g": ("kg", Fraction(1, 1000)),
    "克": ("kg", Fraction(1, 1000)),
    "l": ("L", Fraction(1)),
    "升": ("L", Fraction(1)),
    "cl": ("L", Fraction(1, 100)),
    "ml": ("L", Fraction(1, 1000)),
    "毫升": ("L", Fraction(1, 1000)),
}
_QUANTITY = re.compile(
    r"(?:([0-9]{1,3})\s*[x×*]\s*)?([0-9]{1,6}(?:\.[0-9]{1,3})?)?\s*(" + "|".join(_MEASURES) + r")", re.IGNORECASE
)


class PriceText(NamedTuple):
    """A price taken apart for setting: `fraction` is empty for a currency without one."""

    symbol: str
    whole: str
    fraction: str

    def __str__(self) -> str:
        point = "." if self.fraction else ""
        return f"{self.symbol}{self.whole}{point}{self.fraction}"


def price_text(price_minor: int, currency: str) -> PriceText:
    """Return a price in minor units of an ISO 4217 currency as it is written; raises ValueError below zero."""
    if price_minor < 0:
        raise ValueError(f"a price of {price_minor} is below zero")
    digits = _EXPONENTS.get(currency, 2)
    whole, fraction = divmod(price_minor, 10**digits)
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    return PriceText(symbol, str(whole), f"{fraction:0{digits}d}" if digits else "")


def unit_price(price_minor: int, unit: str) -> tuple[int, str] | None:
    """Return the price of one kilogram or litre in minor units, rounded half up, and "kg" or "L".

    `unit` is what the price buys, such as "500 g", "6 x 330 ml" or "斤"; None when it names no such quantity.
    """
    quantity, measure = _quantity(unit)
    if not quantity:
        return None
    # Half up, in whole numbers: price / quantity + 1/2.
    over, under = quantity.numerator, quantity.denominator
    return (2 * price_minor * under + over) // (2 * over), measure


@lru_cache(maxsize=4096)
def _quantity(unit: str) -> tuple[Fraction, str]:
    # How many kilograms or litres, 0 where it names no such quantity.
    match = _QUANTITY.fullmatch(unit.strip())
    if match is None:
        return Fraction(0), ""
    times, amount, name = match.groups()
    measure, each = _MEASURES[name.lower()]
    return int(times or 1) * Fraction(amount or 1) * each, measure
