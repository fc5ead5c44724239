"""What a store's own codes say: the item number, price or weight that its scales print, by the store's profile.

GS1 leaves these digits to the store (GS1 General Specifications, release 18, 2.1.13 and 2.1.14), so they are data here:
a pattern names the symbology and gives each digit its meaning, as `21PPPPPVVVVVC`.

| in a template | is |
|---|---|
| 0 to 9 | that digit itself: the flag by which the code is known |
| P | the item number, PLU on a scale: one product of the store, whichever pattern says it |
| V | the price of what is in the bag |
| W | its weight |
| Q | how many pieces are in it |
| K | the check digit of the price, or of the weight where there is no price (7.9.2 to 7.9.4) |
| C | the check digit of the code (7.9.1), always the last |
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Annotated, Final

from msgspec import Meta, Struct

from firmware_specs.events import Id, Version
from firmware_specs.gtin import RESTRICTED, RESTRICTED_8, check_digit, with_check_digit
from firmware_specs.symbology import Symbology

Unit = Annotated[int, Meta(ge=1, le=1000)]

_RETAIL: Final = {Symbology.EAN_13: (13, RESTRICTED), Symbology.EAN_8: (8, RESTRICTED_8)}
_FREE: Final = frozenset({Symbology.CODE_128, Symbology.QR, Symbology.DATA_MATRIX})
_LONGEST: Final = 40
_LONGEST_NUMBER: Final = 11
"""What `own_key` has room for."""

_OWN: Final = "92"
"""Indicator 9, a trade item of variable measure (2.1.10), with a restricted circulation number behind it."""

_RUN: Final = re.compile(r"([A-Z])\1*")

# How a digit weighs in a price's check digit: its product with a factor, whose tens are added to the units or taken
# from them (7.9.2).
_FOUR: Final = ((2, -1), (2, -1), (3, 0), (5, -1))
_FIVE: Final = ((5, 1), (2, -1), (5, -1), (5, 1), (2, -1))


class InStoreError(ValueError):
    """A pattern that cannot be, or digits that break theirs; the text names the pattern."""


class Pattern(Struct, frozen=True, kw_only=True):
    """One layout of digits. Raises InStoreError on one that no code can have.

    UPC-A is written as an EAN-13 with a leading 0, which is what its symbol carries.
    """

    symbology: Symbology
    template: Annotated[str, Meta(pattern=r"^[0-9PVWQKC]+$(?!\n)", max_length=_LONGEST)]
    price_unit_minor: Unit = 1
    """What the last digit of the price is worth in the currency's minor unit: 1 for fen, 10 for jiao."""

    weight_unit_g: Unit = 1
    """What the last digit of the weight is worth in grams: 1 for kilograms with three decimals."""

    def __post_init__(self) -> None:
        if fault := _fault(self.symbology, self.template):
            raise InStoreError(f"{self}: {fault}")

    def __str__(self) -> str:
        return f"pattern {self.template} ({self.symbology})"


class StoreProfile(Struct, frozen=True, kw_only=True):
    """How a store prints its own codes (matter `codes`).

    Raises InStoreError when a code could be meant by two patterns.
    """

    store: Id
    version: Version = 0
    patterns: tuple[Pattern, ...] = ()
    currency_number: Annotated[str, Meta(pattern=r"^([0-9]{3})?$(?!\n)")] = ""
    """ISO 4217's numeric code of the store's currency, as GS1 codes carry it: 156 is CNY. Without it they may not."""

    minor_digits: Annotated[int, Meta(ge=0, le=4)] = 2
    """ISO 4217's decimals of that currency."""

    def __post_init__(self) -> None:
        for one, other in combinations(self.patterns, 2):
            if _overlap(one, other):
                raise InStoreError(f"{one} and {other} overlap: a code could be either")


@dataclass(frozen=True, slots=True)
class InStore:
    """What a store's own code says; None is what it leaves open. Raises InStoreError on less than nothing."""

    number: int
    price_minor: int | None = None
    weight_g: int | None = None
    count: int | None = None

    def __post_init__(self) -> None:
        for what, value, least in (
            ("number", self.number, 0),
            ("price_minor", self.price_minor, 1),
            ("weight_g", self.weight_g, 1),
            ("count", self.count, 1),
        ):
            if value is not None and value < least:
                raise InStoreError(f"{what} {value}: at least {least} is needed")


def item_key(store: str, number: int | str) -> str:
    """Return the key of a product that only this store's numbers name."""
    return f"{store}:{number}"


def own_key(number: int) -> str:
    """Return the 14 digits by which a price book knows an item number of the store's scales, whichever pattern says it.

    No pack of another kind carries such a number, so its row never meets one of a GTIN or of a fixed in-store code.
    Raises InStoreError on a number of more digits than a pattern may have.
    """
    if not 0 <= number < 10**_LONGEST_NUMBER:
        raise InStoreError(f"item number {number}: expected 1 to {_LONGEST_NUMBER} digits")
    return with_check_digit(f"{_OWN}{number:0{_LONGEST_NUMBER}d}")


def own_number(key: str) -> int | None:
    """Return the item number whose key (`own_key`) this is; None for any other 14 digits."""
    return int(key[len(_OWN) : -1]) if len(key) == 14 and key.startswith(_OWN) else None


def key_of(gtin: str, profile: StoreProfile) -> str:
    """Return the price book's key for 14 digits as a list has them.

    A scale's code, zeros or not for its price or weight, is known by the item number in it.
    Raises InStoreError on one whose price's check digit is wrong.
    """
    own = decode(gtin[1:], Symbology.EAN_13, profile) if gtin.startswith("0") else None
    return gtin if own is None else own_key(own.number)


def decode(text: str, symbology: Symbology, profile: StoreProfile) -> InStore | None:
    """Return what a code says by the profile's pattern for it, or None where no pattern has its shape.

    Zeros for a price, weight or count are None: scales print them for what does not fit, and nothing is sold for 0.
    Raises InStoreError on a wrong check digit.
    """
    for pattern in profile.patterns:
        if pattern.symbology is symbology and (found := _shape(pattern.template).fullmatch(text)):
            return _said(pattern, text, found.groupdict())
    return None


def encode(pattern: Pattern, said: InStore) -> str:
    """Return the code that says it: zeros for None.

    Raises InStoreError on a value that the pattern has no digits for.
    """
    text = pattern.template
    for letter, value, unit in (
        ("P", said.number, 1),
        ("V", said.price_minor, pattern.price_unit_minor),
        ("W", said.weight_g, pattern.weight_unit_g),
        ("Q", said.count, 1),
    ):
        width = pattern.template.count(letter)
        if not width and value is None:
            continue
        units, rest = divmod(value or 0, unit)
        digits = str(units).zfill(width)
        if rest or len(digits) > width:
            raise InStoreError(f"{pattern}: no place for {letter} of {value}")
        text = text.replace(letter * width, digits)
        if letter == _measure(pattern.template) and "K" in text:
            text = text.replace("K", str(price_check_digit(digits)))
    return f"{text[:-1]}{check_digit(text[:-1])}" if text.endswith("C") else text


def price_check_digit(digits: str) -> int:
    """Return the check digit of a price or weight of four (7.9.3) or five digits (7.9.4).

    Raises InStoreError on another length.
    """
    match len(digits):
        case 4:
            return sum(map(_weighed, digits, _FOUR)) * 3 % 10
        case 5:
            total = sum(map(_weighed, digits, _FIVE))
            return next(check for check in range(10) if (total + _weighed(str(check), (5, -1))) % 10 == 0)
        case length:
            raise InStoreError(f"{length} digits have no check digit of a price: 4 or 5 do")


def _weighed(digit: str, weight: tuple[int, int]) -> int:
    factor, sign = weight
    tens, units = divmod(int(digit) * factor, 10)
    return units + sign * tens


def _said(pattern: Pattern, text: str, fields: dict[str, str]) -> InStore:
    if "C" in fields and int(fields["C"]) != (right := check_digit(text[:-1])):
        raise InStoreError(f"{text}, {pattern}: check digit is {fields['C']}, should be {right}")
    if "K" in fields and int(fields["K"]) != (right := price_check_digit(fields[_measure(pattern.template)])):
        raise InStoreError(f"{text}, {pattern}: check digit of the price is {fields['K']}, should be {right}")
    return InStore(
        number=int(fields["P"]),
        price_minor=int(fields.get("V", 0)) * pattern.price_unit_minor or None,
        weight_g=int(fields.get("W", 0)) * pattern.weight_unit_g or None,
        count=int(fields.get("Q", 0)) or None,
    )


def _measure(template: str) -> str:
    return "V" if "V" in template else "W"


@cache
def _shape(template: str) -> re.Pattern[str]:
    return re.compile(_RUN.sub(lambda run: f"(?P<{run[1]}>[0-9]{{{len(run[0])}}})", template))


def _fault(symbology: Symbology, template: str) -> str:
    if not re.fullmatch(f"[0-9PVWQKC]{{1,{_LONGEST}}}", template):
        return f"it is made of digits and the letters P V W Q K C, at most {_LONGEST}"
    letters = [run[1] for run in _RUN.finditer(template)]
    count = {letter: template.count(letter) for letter in "PVWQKC"}
    if len(letters) != len(set(letters)):
        return "a letter stands in two places"
    if not 1 <= count["P"] <= _LONGEST_NUMBER:
        return f"an item number (P) has 1 to {_LONGEST_NUMBER} digits"
    if "C" in template and template.index("C") != len(template) - 1:
        return "the check digit (C) is one digit, the last"
    if count["K"] > 1 or (count["K"] and count[_measure(template)] not in (4, 5)):
        return "the check digit of a price (K) is one digit, and the price or weight has 4 or 5"
    if symbology in _RETAIL:
        length, starts = _RETAIL[symbology]
        if len(template) != length or not template.endswith("C") or not template.startswith(starts):
            return (
                f"it has {length} digits, starts with {', '.join(starts)} and ends with C, or it could be a global GTIN"
            )
        return ""
    if symbology not in _FREE:
        return "a code of this symbology is never the store's own"
    return "" if template[0].isdigit() else "it starts with no digit by which the code is known"


def _overlap(one: Pattern, other: Pattern) -> bool:
    return (
        one.symbology is other.symbology
        and len(one.template) == len(other.template)
        and all(a == b or a.isalpha() or b.isalpha() for a, b in zip(one.template, other.template, strict=True))
    )


CHINA_13: Final = (
    Pattern(symbology=Symbology.EAN_13, template="20PPPPPVVVVVC"),
    Pattern(symbology=Symbology.EAN_13, template="21PPPPPVVVVVC"),
    Pattern(symbology=Symbology.EAN_13, template="22PPPPPWWWWWC"),
)
"""`FFWWWWWEEEEEC` of Chinese scales: flag, PLU, amount in fen or weight in grams, check digit.

A scale prints the flags that it was set to. 20 (by the piece) and 21 (by weight), both with the amount, are common; 22
with the weight is ours. A store with others writes its own patterns.
"""

CHINA_18: Final = (Pattern(symbology=Symbology.CODE_128, template="26PPPPPVVVVVWWWWWC"),)
"""`26PPPPPMMMMMWWWWWC`: PLU, amount with two decimals, weight with three, the check digit reckoned as an EAN's.

Of goods sold by the piece the scale prints thousandths of a piece for grams; only the price book knows which they are.
"""
