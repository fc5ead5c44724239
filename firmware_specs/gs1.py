r"""GS1 element strings and GS1 Digital Links: which application identifiers (AIs) a code carries, and what they say.

biip knows every AI and the form of its data, and that is what is taken from it. Its own readers (5.2.0) are not used:
they cut a batch at an opening bracket, take digits of other scripts for digits, read what is too long for one AI as the
next, ask the machine's clock for the century, take a Digital Link's `+` for a space, and raise errors that they do not
declare. It is imported with the first GS1 code, since that takes a fifth of a second.

Sections are those of the GS1 General Specifications, release 18.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from firmware_specs.gtin import check_digit

FNC1: Final = "\x1d"
"""What scanners send for the function character that ends an element string (7.8)."""

_SIZES: Final = {
    **dict.fromkeys(("00",), 20),
    **dict.fromkeys(("01", "02", "03"), 16),
    **dict.fromkeys(("11", "12", "13", "14", "15", "16", "17", "18", "19"), 8),
    **dict.fromkeys(("20",), 4),
    **dict.fromkeys(("31", "32", "33", "34", "35", "36"), 10),
    **dict.fromkeys(("41",), 16),
}
"""Length of the element strings that no FNC1 has to end, by their first two digits (7.8)."""

_BRACKETED: Final = re.compile(r"(?<!\\)\(([0-9]{2,4})\)")

_LINK: Final = re.compile(
    r"(?i:https?)://[^/?#]+(?:/[^/?#]+)*?"
    r"/(?:(?:01|gtin)/(?P<gtin>[0-9]{8}|[0-9]{12,14})|(?:00|sscc)/(?P<sscc>[0-9]{18}))"
    r"(?P<qualifiers>(?:/(?:22|10|21|235|cpv|lot|ser)/[^/?#]+)*)/?"
    r"(?:\?(?P<query>[^#]*))?(?:#.*)?"
)
_WORDS: Final = {"cpv": "22", "lot": "10", "ser": "21", "exp": "17"}
"""Names for AIs up to GS1 Digital Link 1.1; dropped since, and still on packs."""

_GRAMS: Final = {
    "310": Fraction(1000),
    "320": Fraction("453.59237"),
    "357": Fraction("28.349523125"),
}
"""Net weight in kilograms, pounds and ounces (3.6; the international pound of 1959)."""


class Gs1Error(ValueError):
    """An element string or Digital Link that breaks the rules; the text names the AI."""


def elements(text: str) -> dict[str, str]:
    r"""Return the data of each AI in an element string, as scanned or with its AIs in brackets.

    In the bracketed form an opening bracket of the data itself is written `\(`.
    Raises Gs1Error on an unknown AI, data that its AI does not allow, or an AI that is there twice and differs.
    """
    return _collected(_in_brackets(text) if text.startswith("(") else _in_row(text))


def link_elements(url: str) -> dict[str, str] | None:
    """Return the data of each AI in a GS1 Digital Link of a trade item or logistic unit; None for any other address.

    Keys that are no AI are ignored (GS1 Digital Link: URI Syntax).
    Raises Gs1Error on data that its AI does not allow, or an AI that is there twice and differs.
    """
    found = _LINK.fullmatch(url)
    if found is None:
        return None
    parts = found["qualifiers"].split("/")[1:]
    pairs = [*zip(parts[::2], parts[1::2], strict=True)]
    pairs += [
        (key, value) for key, _, value in (part.partition("=") for part in re.split("[&;]", found["query"] or ""))
    ]
    head = f"01{found['gtin'].zfill(14)}" if found["gtin"] else f"00{found['sscc']}"
    named = ((_WORDS.get(key, key), unquote(value)) for key, value in pairs)
    return _collected([_element(head), *(_element(ai + value) for ai, value in named if value and _is_known(ai))])


def day(yymmdd: str, today: date) -> date:
    """Return the day of a six-digit date: day 00 is the month's last (3.4), the century the one that is near (7.12).

    Raises Gs1Error on a day that is in no calendar.
    """
    year, month, of_month = (int(yymmdd[place : place + 2]) for place in (0, 2, 4))
    year += today.year // 100 * 100
    if year - today.year >= 51:
        year -= 100
    elif year - today.year <= -50:
        year += 100
    try:
        return date(year, month, of_month or monthrange(year, month)[1])
    except ValueError as exc:
        raise Gs1Error(f"{yymmdd} is no date") from exc


def weight_g(found: Mapping[str, str]) -> int | None:
    """Return the net weight among the elements, rounded to a gram, half up; None where it is 0 or not there."""
    for ai, value in found.items():
        if grams := _GRAMS.get(ai[:3]):
            return int(int(value) * grams / 10 ** int(ai[3]) + Fraction(1, 2)) or None
    return None


def price_minor(found: Mapping[str, str], currency_number: str, minor_digits: int) -> int | None:
    """Return the price of the item among the elements (AI 392n and 393n, 3.6); None where it is 0 or not there.

    Raises Gs1Error on another currency than `currency_number` (ISO 4217), or a part of a minor unit.
    """
    for ai, value in found.items():
        if ai.startswith("393") and value[:3] != currency_number:
            raise Gs1Error(f"({ai}) is in currency {value[:3]}, the store's is {currency_number or 'not set'}")
        if ai.startswith(("392", "393")):
            amount = Fraction(int(value[3:] if ai.startswith("393") else value)) * 10**minor_digits / 10 ** int(ai[3])
            if amount.denominator != 1:
                raise Gs1Error(f"({ai}) {value} is no whole number of minor units")
            return int(amount) or None
    return None


def _in_row(text: str) -> Iterator[tuple[str, str]]:
    # A separator may stand where none is needed (7.8.6).
    while text := text.lstrip(FNC1):
        if size := _SIZES.get(text[:2]):
            element, text = text[:size], text[size:]
        else:
            element, _, text = text.partition(FNC1)
        yield _element(element)


def _in_brackets(text: str) -> Iterator[tuple[str, str]]:
    before, *parts = _BRACKETED.split(text)
    if before:
        raise Gs1Error(f"{before[:40]!r} stands before the first application identifier")
    for ai, value in zip(parts[::2], parts[1::2], strict=True):
        if not _is_known(ai):
            raise Gs1Error(f"({ai}) is no application identifier")
        yield _element(ai + value.replace("\\(", "("))


def _collected(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for ai, value in pairs:
        if found.setdefault(ai, value) != value:
            raise Gs1Error(f"({ai}) is there twice, as {found[ai]!r} and {value!r}")
    return found


def _element(text: str) -> tuple[str, str]:
    known = _identifier(text[:4])
    if known is None:
        raise Gs1Error(f"{text[:40]!r} starts with no application identifier")
    ai, form = known
    value = text[len(ai) :]
    # biip lets a count (30) be empty, which the form N..8 does not mean.
    if not value or not form.fullmatch(text):
        raise Gs1Error(f"({ai}) cannot be {value[:40]!r}")
    if ai == "00" and check_digit(value[:-1]) != int(value[-1]):
        raise Gs1Error(f"({ai}) {value}: check digit is {value[-1]}, should be {check_digit(value[:-1])}")
    return ai, value


def _is_known(ai: str) -> bool:
    known = _identifier(ai)
    return known is not None and known[0] == ai


@lru_cache(maxsize=1024)
def _identifier(start: str) -> tuple[str, re.Pattern[str]] | None:
    # No AI is longer than four digits, and none starts another.
    from biip import ParseError
    from biip.gs1_application_identifiers import GS1ApplicationIdentifier

    try:
        found = GS1ApplicationIdentifier.extract(start)
    except ParseError:
        return None
    return found.ai, re.compile(found.pattern, re.ASCII)
