"""Is what went into the basket what was scanned? Scan, weight, side camera and direction, weighed as likelihoods."""

from vision.basket.check import Check, Said, Scanned, Seen, Verdict, Weighed
from vision.basket.odds import evidence, sight_odds, weight_odds
from vision.basket.passing import Pass, Passing
from vision.basket.settle import Settling, Step

__all__ = [
    "Check",
    "Pass",
    "Passing",
    "Said",
    "Scanned",
    "Seen",
    "Settling",
    "Step",
    "Verdict",
    "Weighed",
    "evidence",
    "sight_odds",
    "weight_odds",
]
