"""A price book, verified and ready to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from firmware_specs.pricebook.book import Pricebook


@dataclass(frozen=True, slots=True)
class Opened:
    """A price book with its rows by GTIN; `sha256` is that of its delta.

    `since` gives, for a product whose price is above its floor, the oldest version from which on this
    device knows the price unchanged without a gap; releases from that version on count.
    """

    version: int
    currency: str
    effective_ms: int
    sha256: str
    rows: Pricebook
    since: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return the book as the local API shows it."""
        return {"version": self.version, "currency": self.currency, "effective_ms": self.effective_ms}


def opened(version: int, currency: str, effective_ms: int, sha256: str, rows: Pricebook) -> Opened:
    """Return a book of which nothing earlier is known."""
    since = dict.fromkeys(rows.raised(), version)
    return Opened(version, currency, effective_ms, sha256, rows, MappingProxyType(since))


def following(previous: Opened, following: Opened) -> Opened:
    """Return the next book with what is known from the one before it carried on.

    Across a gap nothing is carried: the missing book may have been a decrease that labels have shown.
    """
    if following.version != previous.version + 1:
        return following
    gtins = list(following.since)
    numbers = np.array([int(gtin) for gtin in gtins], np.int64)
    now, before = following.rows.prices(numbers), previous.rows.prices(numbers)
    since = {
        gtin: previous.since.get(gtin, previous.version) if is_same else following.version
        for gtin, is_same in zip(gtins, (now == before).tolist(), strict=True)
    }
    return replace(following, since=MappingProxyType(since))
