"""Whether a code of bars is believed: what another reader says is a proposal until the picture bears it out."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_specs.gtin import GtinError, as_upc_e, from_upc_e, normal
from vision.codes.bars.decode import (
    BARS,
    BENT,
    BLURRED,
    FAR,
    NEAR,
    SOFT,
    Grid,
    Reading,
    agrees,
    decode,
    explained,
    may_be_symbol,
    usual_blur,
)
from vision.codes.bars.line import bars_seen, extents, levelled, usual_bend
from vision.codes.bars.symbols import EAN_8, EAN_13, UPC_E, Symbol
from vision.codes.code import EAN_UPC, Code, Doubt
from vision.codes.strip import Strip

Floats = NDArray[np.float64]

BORNE_OUT: Final = 0.55
"""Share of a line's steps that a text which another reader gave has to explain."""

LIKELIER: Final = 1.5
"""And so much likelier than the next best it has to be, in units of e."""

SURE: Final = 14.0
"""What nobody else has read must be so much likelier than the next best, more or less as it explains less or more."""

SHORT: Final = 4.0
"""Short symbols are rare, and more of what is none looks like one: so much more is asked of them."""

EXPLAINING: Final = 30.0
USUALLY_EXPLAINED: Final = 0.8
EXPLAINED: Final = 0.7
"""Less than this share explained is never believed, however bad all others are."""

SOLD: Final = 6.0
"""What the store sells is likelier than what it does not: so much less is asked of it. A wrong text that is sold at all
is one in a million; but kinds of one product differ in few digits.
"""

DIGIT_SEEN: Final = 0.35
SHORT_DIGIT_SEEN: Final = 0.65
"""Share that has to be explained of each digit, and of a short symbol's: parts of long ones were taken for those, with
digits seen to 0.63 at most."""

WORTH_A_DOUBT: Final = 4.0
"""What is less likely is not even a guess that another frame may bear out."""

_LEAST_LEVELS: Final = 20.0
_FEWEST_BARS: Final = 12
_ROUND: Final = 0.06
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """What another reader says stands on a strip between two of its samples, in reading direction."""

    symbol: Symbol
    text: str
    begin: float
    end: float
    add_on: str = ""


def proposal(code: Code, begin: float, end: float) -> Proposal | None:
    """Return a code of the EAN/UPC family as a proposal; None for any other."""
    if code.symbology not in EAN_UPC:
        return None
    try:
        if code.symbology == "UPC-E":
            text = as_upc_e(normal(code.text)) if len(code.text) > 8 else code.text
            return Proposal(UPC_E, text, begin, end, code.add_on) if text and text[0] == "0" else None
        gtin = normal(code.text)
    except GtinError:
        return None
    if len(code.text) == 8:
        return Proposal(EAN_8, code.text, begin, end, code.add_on)
    return Proposal(EAN_13, gtin[1:], begin, end, code.add_on) if gtin[0] == "0" else None


def judged(
    bars: Strip,
    proposals: Sequence[Proposal],
    *,
    patient: bool,
    is_again: bool = False,
    is_late: Callable[[], bool] = lambda: False,
) -> Code | Doubt | None:
    """Return the code that a strip shows, or the likeliest one where none is sure, or None.

    Args:
        bars: what is looked at.
        proposals: what others have read on it.
        patient: whether unlikely places and blurs are tried, at ten times the cost.
        is_again: whether the likely ones have been tried before.
        is_late: asked now and then whether to give up.
    """
    for said in proposals:
        if code := borne_out(bars, said):
            return code
    likeliest: Doubt | None = None
    for line, grid, is_levelled in _patient(bars, is_again=is_again) if patient else _quick(bars):
        for reading in decode(line, bars.expected, grid, is_levelled=is_levelled, is_late=is_late):
            verdict = _verdict(bars, reading, None)
            if isinstance(verdict, Code):
                return verdict
            if verdict is not None and (likeliest is None or verdict.weight > likeliest.weight):
                likeliest = verdict
            if is_late():
                return likeliest
    return likeliest


def borne_out(bars: Strip, said: Proposal) -> Code | None:
    """Return what a strip shows where somebody else read a code: the same or, likelier, another; None if neither."""
    for line in (bars.line, bars.best_part):
        reading = _borne_out(line, said)
        if reading is not None:
            verdict = _verdict(bars, reading, said)
            if isinstance(verdict, Code):
                return verdict
    return None


def as_code(doubt: Doubt) -> Code | None:
    """Return a doubt as the code that it is if the store sells it; None for one that is too doubtful even then."""
    if not doubt.text or doubt.weight < SURE - SOLD:
        return None
    return code_of(doubt, 1 / (1 + math.exp(-doubt.weight - SOLD)), 1)


def code_of(doubt: Doubt, confidence: float, votes: int) -> Code:
    """Return a doubt as the code that it turned out to be."""
    identifier = "]E4" if doubt.symbology == EAN_8.name else "]E0"
    return Code(doubt.text, doubt.symbology, doubt.corners, identifier, confidence, votes)


def has_bars(bars: Strip) -> bool:
    """Return whether a strip shows bars at all, of whatever code: clutter is not looked at further."""
    places = extents(bars.line, bars.expected)[:1]
    return any(bars_seen(levelled(bars.line, *place), *place) >= NEAR.shown * min(BARS.values()) for place in places)


def is_worth_patience(bars: Strip) -> bool:
    """Return whether a strip that was not read at once may show a code all the same."""
    return any(may_be_symbol(bars.line, *place, FAR.shown) for place in extents(bars.line, bars.expected))


def unread(bars: Strip) -> Doubt | None:
    """Return why a strip could not be read, or None where it may show no code at all."""
    for begin, end in extents(bars.line, bars.expected):
        if bars_seen(levelled(bars.line, begin, end), begin, end) < _FEWEST_BARS:
            continue
        corners = bars.corners(begin, end)
        if (end - begin) * bars.step_px < EAN_8.modules:
            return Doubt("small", corners)
        if float(np.ptp(bars.line[begin:end])) < _LEAST_LEVELS:
            return Doubt("dark", corners)
        return Doubt("blurred" if usual_blur(bars.line, begin, end, EAN_13) > BLURRED else "unsure", corners)
    return None


def _quick(bars: Strip) -> Iterator[tuple[Floats, Grid, bool]]:
    yield bars.line, NEAR, True
    # Bars that fan out or bend are in step within a few bands only.
    yield bars.best_part, BENT if _may_bend(bars) else NEAR, True


def _may_bend(bars: Strip) -> bool:
    if bars.is_uneven:
        return True
    for begin, end in extents(bars.line, bars.expected)[:1]:
        bend, bulge = usual_bend(levelled(bars.line, begin, end), begin, end)
        return abs(bend) > _ROUND or abs(bulge) > _ROUND
    return False


def _patient(bars: Strip, *, is_again: bool) -> Iterator[tuple[Floats, Grid, bool]]:
    if not (is_again and _may_bend(bars)):
        yield bars.best_part, BENT, True
    if _blur(bars) > BLURRED:
        # What is blurred has lost its white and black: evening it out would distort it.
        yield bars.line, SOFT, False
        yield bars.best_part, SOFT, False
    yield bars.line, BENT, True
    yield bars.best_part, FAR, False
    yield bars.line, FAR, False
    yield bars.best_part, FAR, True


def _blur(bars: Strip) -> float:
    return max(
        (usual_blur(bars.line, begin, end, EAN_13) for begin, end in extents(bars.line, bars.expected)), default=0.0
    )


def _borne_out(line: Floats, said: Proposal) -> Reading | None:
    begin, end = (min(len(line) - 1, max(0, round(place))) for place in sorted((said.begin, said.end)))
    if end - begin < said.symbol.modules:
        return None
    even = levelled(line, begin, end)
    return explained(even, said.symbol, said.text, said.begin, said.end)


def _verdict(bars: Strip, reading: Reading, said: Proposal | None) -> Code | Doubt | None:
    if reading.symbol is UPC_E and as_upc_e(from_upc_e(reading.text)) != reading.text:
        # Of the ways to leave zeros out only one may be printed.
        return None
    if reading.symbol is not EAN_13 and not reading.is_quiet:
        return None
    if reading.weakest < (DIGIT_SEEN if reading.symbol is EAN_13 else SHORT_DIGIT_SEEN):
        # The check digit would tell what stands under a thumb, or something else that fits.
        return None
    weight = reading.surer + EXPLAINING * (reading.explains - USUALLY_EXPLAINED)
    weight -= 0.0 if reading.symbol is EAN_13 else SHORT
    has_witness = said is not None and said.text == reading.text
    if has_witness:
        is_enough = reading.explains >= BORNE_OUT and reading.surer >= LIKELIER
    else:
        is_enough = reading.explains >= EXPLAINED and weight >= SURE
    if not is_enough and (weight < WORTH_A_DOUBT or reading.explains < EXPLAINED):
        return None
    parts = sum(agrees(bars.part(part, _PARTS), reading) for part in range(_PARTS))
    if parts == 0 and not (has_witness and weight >= SURE):
        # Nobody else, or two who looked at the same lines only and are not sure.
        return None
    votes = parts + has_witness
    if reading.symbol is UPC_E:
        text, name = from_upc_e(reading.text)[1:], "UPC-E"
    else:
        text, name = reading.text, reading.symbol.name
    corners = bars.corners(reading.begin, reading.end)
    doubt = Doubt("unsure", corners, text, name, weight)
    if not is_enough:
        return doubt
    beside = said.add_on if said is not None and has_witness else ""
    return replace(code_of(doubt, _confidence(reading, votes), votes), add_on=beside)


def _confidence(reading: Reading, votes: int) -> float:
    return 1 / (1 + math.exp(-min(30.0, reading.surer + 2.0 * votes)))
