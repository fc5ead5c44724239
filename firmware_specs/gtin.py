"""GTINs: check digit, normal form, UPC-E, and which of them are nobody's but the store's own.

Sections are those of the GS1 General Specifications, release 18; 7.9.1 is the check digit's.
"""

from typing import Final

RESTRICTED: Final = ("2", "02", "04")
"""How the 13 digits of a restricted circulation number start (1.4.1.2, 2.1.13, 2.1.14)."""

RESTRICTED_8: Final = ("0", "2")
"""How the 8 digits of one start."""

COUPONS: Final = ("981", "982", "983", "984", "99")
"""How the 13 digits of a coupon start (1.4.1.1)."""

_VALUES: Final = bytes.maketrans(b"0123456789", bytes(range(10)))


class GtinError(ValueError):
    """Digits that are no GTIN; the text says why."""


def check_digit(body: str) -> int:
    """Return the mod-10 check digit for the digits before it, weights 3 and 1 from the right.

    Raises GtinError on other characters.
    """
    if not body.isascii() or not body.isdigit():
        raise GtinError(f"{body[:40]!r}: only digits have a check digit")
    digits = body.encode().translate(_VALUES)
    return -(3 * sum(digits[::-2]) + sum(digits[-2::-2])) % 10


def normal(code: str) -> str:
    """Return a GTIN-8, -12, -13 or -14 as 14 digits, zero-filled on the left.

    Raises GtinError on other characters, another length or a wrong check digit.
    """
    if not code.isascii() or not code.isdigit():
        raise GtinError(f"{code[:40]!r}: a GTIN has digits only")
    if len(code) not in (8, 12, 13, 14):
        raise GtinError(f"{code[:40]!r} has {len(code)} digits: a GTIN has 8, 12, 13 or 14")
    if check_digit(code[:-1]) != int(code[-1]):
        raise GtinError(f"{code}: check digit is {code[-1]}, should be {check_digit(code[:-1])}")
    return code.zfill(14)


def with_check_digit(body: str) -> str:
    """Return `body` (digits) with its check digit behind it."""
    return f"{body}{check_digit(body)}"


def as_ean13(gtin: str) -> str:
    """Return the 13 digits that an EAN-13 symbol carries for a 14-digit GTIN of indicator 0.

    Raises GtinError for a GTIN that an EAN-13 symbol cannot carry.
    """
    if len(gtin) != 14 or not gtin.startswith("0"):
        raise GtinError(f"{gtin[:40]!r} does not fit an EAN-13 symbol")
    return gtin[1:]


def own_digits(gtin: str) -> str:
    """Return the 13 digits of a 14-digit GTIN below its indicator, or the 8 of a GTIN-8: both start with a GS1 prefix.

    Their lengths do not mix: GS1 gives no prefix to the GTIN-13s that would look like a GTIN-8 (1.4.2).
    """
    return gtin[6:] if gtin.startswith("000000") else gtin[1:]


def is_restricted(gtin: str) -> bool:
    """Return whether a 14-digit GTIN is a restricted circulation number: a store or company gave it to itself.

    The same digits mean another product next door, so it never names a product outside its store.
    """
    own = own_digits(gtin)
    return own.startswith(RESTRICTED_8 if len(own) == 8 else RESTRICTED)


def is_coupon(gtin: str) -> bool:
    """Return whether 14 digits start as coupons do. Some packs carry such a number all the same: ask the book first."""
    return own_digits(gtin).startswith(COUPONS) and not gtin.startswith("000000")


def is_variable_measure(gtin: str) -> bool:
    """Return whether 14 digits name goods of variable measure, whose weight or price stands beside them (2.1.10)."""
    return gtin.startswith("9")


def from_upc_e(code: str) -> str:
    """Return the 14-digit GTIN that a UPC-E abbreviates by leaving zeros out (5.2.2.4.2).

    6 digits are number system 0 without a check digit, 7 a number system and the six, 8 have a check digit too.
    Raises GtinError on anything else, a number system that is not 0 or 1, or a wrong check digit.
    """
    if not code.isascii() or not code.isdigit() or len(code) not in (6, 7, 8):
        raise GtinError(f"{code[:40]!r}: a UPC-E has 6, 7 or 8 digits")
    full = "0" + code if len(code) == 6 else code
    system, six, check = full[0], full[1:7], full[7:]
    if system not in "01":
        raise GtinError(f"{code}: the number system of a UPC-E is 0 or 1, not {system}")
    gtin = "00" + with_check_digit(system + _expanded(six))
    if check and check != gtin[-1]:
        raise GtinError(f"{code}: check digit is {check}, should be {gtin[-1]}")
    return gtin


def as_upc_e(gtin: str) -> str | None:
    """Return the 8 digits of the UPC-E that abbreviates a 14-digit GTIN, or None where none does (5.2.2.4.1)."""
    if not gtin.startswith(("000", "001")):
        return None
    ten = gtin[3:13]
    # The last digit of the six tells how they expand. This order prefers the form that the standard prints.
    for six in (ten[:2] + ten[7:] + ten[2], ten[:3] + ten[8:] + "3", ten[:4] + ten[9] + "4", ten[:5] + ten[9]):
        if _expanded(six) == ten:
            return gtin[2] + six + gtin[13]
    return None


def _expanded(six: str) -> str:
    match six[5]:
        case "0" | "1" | "2":
            return f"{six[:2]}{six[5]}0000{six[2:5]}"
        case "3":
            return f"{six[:3]}00000{six[3:5]}"
        case "4":
            return f"{six[:4]}00000{six[4]}"
        case _:
            return f"{six[:5]}0000{six[5]}"
