"""What 808,096 real product codes are, and what it costs to tell, beside biip.

The codes are Open Food Facts' of 2019 (ODbL 1.0). They are stored as integers, so their leading zeros are lost: a code
is taken for the shortest of GTIN-8, -12, -13 and -14 that holds it. Zeros in front change no check digit, and
GS1 gives out no longer number that looks like a GTIN-8, so this decides only how a code is named in the table.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from biip import ParseError
from biip.gtin import Gtin

from firmware_specs.gtin import RESTRICTED, normal, own_digits
from firmware_specs.instore import CHINA_13, CHINA_18, StoreProfile
from firmware_specs.scanned import ScanError, interpret
from firmware_specs.symbology import Symbology
from tests.bench.frame import Goal, MissingPartError, Report, Row, middle

CODES: Final = "gtin/off2019_gtin_name.parquet"
SAMPLE: Final = 20_000
ROUNDS: Final = 5
BIIP: Final = "biip's Gtin.parse"
TODAY: Final = date(2019, 12, 31)

_OF_LENGTH: Final = {8: Symbology.EAN_8, 12: Symbology.UPC_A, 13: Symbology.EAN_13, 14: Symbology.ITF_14}
_NO_PATTERN: Final = StoreProfile(store="census")
_SCALES: Final = StoreProfile(store="census", patterns=CHINA_13 + CHINA_18)


def data() -> Path:
    """Return the folder of development data."""
    return Path(os.environ.get("AISLE_DATA", Path(__file__).parents[3] / "shared" / "data"))


def codes() -> list[int]:
    """Return the codes. Raises MissingPartError where the file, or DuckDB to read it, is not there."""
    file = data() / CODES
    if not file.exists():
        raise MissingPartError(f"{CODES} in the folder that AISLE_DATA names")
    try:
        import duckdb
    except ImportError as exc:
        raise MissingPartError("duckdb, which reads Parquet: pip install duckdb") from exc
    with duckdb.connect() as connection:
        return [code for (code,) in connection.execute("SELECT gtin FROM read_parquet(?)", [str(file)]).fetchall()]


def written(code: int) -> str:
    """Return the code's digits, zero-filled to the shortest GTIN that holds them."""
    digits = str(code)
    return digits.zfill(next((length for length in _OF_LENGTH if len(digits) <= length), 0))


def understood(code: str, profile: StoreProfile = _NO_PATTERN) -> str:
    """Return the kind of a code, or `invalid`."""
    symbology = _OF_LENGTH.get(len(code))
    if symbology is None:
        return "invalid"
    try:
        return interpret(code, symbology, profile, today=TODAY).kind
    except ScanError:
        return "invalid"


def census(found: Iterable[int]) -> Counter[str]:
    """Return how many codes there are of each kind, GTINs and in-store codes by length or prefix; some count twice."""
    counts = Counter({"invalid": 0})
    for code in map(written, found):
        kind = understood(code)
        own = own_digits(code.zfill(14))
        counts["codes"] += 1
        counts[kind] += 1
        if kind == "gtin":
            counts[f"GTIN-{len(code)}"] += 1
        if kind == "in-store":
            start = "8 digits" if len(own) == 8 else f"prefix {next(filter(own.startswith, RESTRICTED))}"
            counts[f"in-store, {start}"] += 1
        if kind == "gtin" and "690" <= own[:3] <= "699":
            counts[f"Chinese, {len(own)} digits"] += 1
    return counts


async def measure() -> Report:
    """Count every code, then time ours and biip on the same sample, alternating."""
    all_codes = codes()
    counts = census(all_codes)
    sample = [written(code) for code in all_codes[:: len(all_codes) // SAMPLE]]
    normals: list[float] = []
    plain: list[float] = []
    scales: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        normals.append(_us_each(normal, sample))
        plain.append(_us_each(understood, sample))
        scales.append(_us_each(lambda code: understood(code, _SCALES), sample))
        theirs.append(_us_each(_by_biip, sample))
    total = counts.pop("codes")
    rows = [
        Row("codes", "codes", total),
        *(Row(what, "codes", count) for what, count in sorted(counts.items())),
        *(Row(what, "%", 100 * counts[what] / total) for what in ("invalid", "in-store", "in-store, prefix 2")),
        Row("a code in normal form", "µs", middle(normals), BIIP, middle(theirs), Goal("ours", 5, 2, False)),
        Row("a code, understood", "µs", middle(plain), BIIP, middle(theirs)),
        Row("with four patterns of scales", "µs", middle(scales), BIIP, middle(theirs)),
    ]
    notes = (
        f"median of {ROUNDS} rounds over {len(sample):,} of the codes, alternating",
        "lengths are lost in the data: a code is taken for the shortest GTIN that holds it",
        "Chinese are the GTINs of GS1 prefixes 690 to 699",
    )
    return Report(tuple(rows), notes)


def _by_biip(code: str) -> None:
    try:
        Gtin.parse(code)
    except ParseError:
        return


def _us_each(work: Callable[[str], object], sample: Sequence[str]) -> float:
    began_s = time.perf_counter()
    for code in sample:
        work(code)
    return (time.perf_counter() - began_s) / len(sample) * 1e6
