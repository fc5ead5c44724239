"""A sequential test over one basket (Wald 1945): each scan waits for witnesses, each witness for a scan.

What was scanned is believed until the evidence against it is overwhelming: an honest shopper who is asked too often
goes away. Frozen state in, state and verdicts out; times are monotonic seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import Final

from vision.basket.odds import sight_odds, weight_odds

WAIT_S: Final = 6.0
"""How long after a scan its item may go in, and after a thing went in its scan may come."""

SETTLED: Final = 6.0
"""Log odds at which an item is taken for what was scanned without waiting longer."""

DOUBTED: Final = -2.2
"""Log odds at which the shopper is asked; with the test pictures, 1 honest item in a hundred gets there."""

STILL_G: Final = 12.0
"""A change of weight below this is a knock, a phone laid down, or drift."""

_SAME_G: Final = 25.0
"""What comes out within so much of what went in unscanned is that thing: the basket swings, a hand helps."""

_TOGETHER: Final = 3
"""So many things may go in before the scale has come to rest."""

_FURTHER: Final = 2.0
_MOST_OPEN: Final = 8


class Verdict(StrEnum):
    """What the cart says."""

    FINE = "fine"
    SCAN = "please-scan"
    CHECK = "please-check"


@dataclass(frozen=True, slots=True)
class Scanned:
    """A product was scanned; `weight_g` with its `spread_g` where the book knows it."""

    gtin: str
    at_s: float
    weight_g: float | None = None
    spread_g: float = 0.0


@dataclass(frozen=True, slots=True)
class Weighed:
    """The scale came to rest at another weight; `sigma_g` is its own error."""

    change_g: float
    at_s: float
    sigma_g: float = 5.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The side camera saw a thing pass the rim; `inward` is its direction, `chances` what it may be, by GTIN.

    Of products that are not among them it says nothing. `others` is the number of things that the model tells apart.
    """

    chances: tuple[tuple[str, float], ...]
    inward: bool
    at_s: float
    others: int = 80


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict on a product; `gtin` is empty where nobody scanned one, `odds` are for what was scanned.

    `change_g` is what the scale gained by it, None where it said nothing, or not of it alone.
    """

    verdict: Verdict
    gtin: str
    odds: float
    change_g: float | None = None


@dataclass(frozen=True, slots=True)
class _Open:
    scan: Scanned
    odds: float = 0.0
    is_weighed: bool = False
    is_seen: bool = False
    change_g: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What waits for a witness, and what waits for a scan."""

    scans: tuple[_Open, ...] = ()
    weights: tuple[Weighed, ...] = ()
    sights: tuple[Seen, ...] = ()

    @property
    def unscanned_g(self) -> float | None:
        """What the last thing weighs that went in and that no scan explains yet; None where there is none."""
        return next((one.change_g for one in reversed(self.weights) if one.change_g > 0), None)

    def after(self, event: Scanned | Weighed | Seen) -> "tuple[Check, tuple[Said, ...]]":
        """Return the state and what is said after an event."""
        check, late = self.at(event.at_s)
        if isinstance(event, Scanned):
            check = replace(check, scans=(*check.scans, _Open(event)))
        elif isinstance(event, Weighed):
            if abs(event.change_g) >= STILL_G:
                check = replace(check, weights=_with_weight(check.weights, event))
        else:
            check = replace(check, sights=(*check.sights, event))
        check, said = check._matched()
        return check, late + said

    def at(self, now_s: float) -> "tuple[Check, tuple[Said, ...]]":
        """Return the state and what is said once nothing more is waited for that is older than `WAIT_S`."""
        said: list[Said] = []
        kept = []
        for one in self.scans:
            if now_s - one.scan.at_s < WAIT_S:
                kept.append(one)
            elif one.is_weighed or one.is_seen:
                said.append(Said(Verdict.FINE, one.scan.gtin, one.odds, one.change_g))
        # A thing went in and no scan came; what was taken out needs none, and a sight alone accuses nobody.
        weights = tuple(one for one in self.weights if now_s - one.at_s < WAIT_S)
        unscanned = [one for one in self.weights if now_s - one.at_s >= WAIT_S and one.change_g > 0]
        sights = tuple(one for one in self.sights if now_s - one.at_s < WAIT_S)
        said += [Said(Verdict.SCAN, "", 0.0, one.change_g) for one in unscanned]
        return Check(tuple(kept), weights, sights), tuple(said)

    def _matched(self) -> "tuple[Check, tuple[Said, ...]]":
        scans = list(self.scans)
        weights = [one for one in self.weights if not _weigh(scans, one)]
        sights = [one for one in self.sights if not _see(scans, one)]
        said = []
        kept = []
        for one in scans:
            if one.odds <= DOUBTED:
                said.append(Said(Verdict.CHECK, one.scan.gtin, one.odds, one.change_g))
            elif one.odds >= SETTLED and one.is_weighed:
                said.append(Said(Verdict.FINE, one.scan.gtin, one.odds, one.change_g))
            else:
                kept.append(one)
        return Check(tuple(kept), tuple(weights), tuple(sights)), tuple(said)


def _with_weight(weights: tuple[Weighed, ...], new: Weighed) -> tuple[Weighed, ...]:
    if new.change_g < 0:
        for place in reversed(range(len(weights))):
            if abs(weights[place].change_g + new.change_g) <= _SAME_G:
                # Put in and taken out again before anybody asked.
                return weights[:place] + weights[place + 1 :]
    return (*weights, new)


def _weigh(scans: list[_Open], weighed: Weighed) -> bool:
    # Of scans that wait, those that this weight fits best, one or a few together: two people at one cart scan in any
    # order, and quick hands put in the next thing before the scale has come to rest.
    waiting = [place for place, one in enumerate(scans) if not one.is_weighed]
    if not waiting or weighed.change_g < 0:
        return False
    groups = [group for many in range(1, _TOGETHER + 1) for group in combinations(waiting[-_MOST_OPEN:], many)]
    odds = {group: _of_weight([scans[place].scan for place in group], weighed) for group in groups}
    # More things explain more weights: each further one has to be worth it.
    best = max(groups, key=lambda group: odds[group] - _FURTHER * (len(group) - 1))
    for place in best:
        alone = weighed.change_g if len(best) == 1 else None
        scans[place] = replace(scans[place], odds=scans[place].odds + odds[best], is_weighed=True, change_g=alone)
    return True


def _of_weight(scans: Sequence[Scanned], weighed: Weighed) -> float:
    expected, variance = 0.0, weighed.sigma_g**2
    for scan in scans:
        if scan.weight_g is None:
            return 0.0
        expected += scan.weight_g
        variance += scan.spread_g**2
    return weight_odds(weighed.change_g, expected, max(variance**0.5, 1.0))


def _see(scans: list[_Open], seen: Seen) -> bool:
    waiting = [place for place, one in enumerate(scans) if not one.is_seen]
    if not waiting or not seen.inward:
        return False
    chances, prior = dict(seen.chances), 1 / max(2, seen.others)
    told = [place for place in waiting if scans[place].scan.gtin in chances]
    if not told:
        return False
    odds = {place: sight_odds(chances[scans[place].scan.gtin], prior) for place in told}
    best = max(told, key=lambda place: odds[place])
    scans[best] = replace(scans[best], odds=scans[best].odds + odds[best], is_seen=True)
    return True
