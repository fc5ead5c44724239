"""Ten thousand labels that hold their next image, told over one access point: virtual time, sealed bytes."""

from typing import Final

from device_drivers.labels.pawr.loss import Loss
from device_drivers.labels.pawr.simulate import BURSTS, Outcome, Way, simulate
from tests.bench.frame import Goal, Row, say

LABELS: Final = 10_000
SEEDS: Final = 20
LOST: Final = 0.03


def measure() -> list[Row]:
    """Simulate every way over all seeds."""
    say(f"{LABELS:,} labels on the air, {SEEDS} seeds")
    runs = {way: [simulate(LABELS, Loss(LOST, LOST, **BURSTS), seed, way=way) for seed in range(SEEDS)] for way in Way}
    naive = runs[Way.BLINDLY]
    rows = [_formula(way) for way in (Way.EACH, Way.TOGETHER)]
    for way, name in ((Way.EACH, "each told"), (Way.TOGETHER, "told together, each asked")):
        rows += _times(name, runs[way])
    overcharges = sum(run.overcharges for way in (Way.EACH, Way.TOGETHER) for run in runs[way])
    done = sum(run.double_refreshes for run in runs[Way.EACH] + runs[Way.TOGETHER])
    rows += [
        Row(
            "panels drawn twice, all runs",
            "refreshes",
            done,
            f"untimed command repeated, mean of {SEEDS} shops",
            sum(run.double_refreshes for run in naive) / SEEDS,
            Goal("ours", 0, more_is_better=False),
        ),
        Row(
            "increases released while a label showed the old price, all runs",
            "products",
            overcharges,
            goal=Goal("ours", 0, more_is_better=False),
        ),
        Row(
            "each told: every label has proved, after the instant and its refresh",
            "s",
            max(run.proved_s for run in runs[Way.EACH]),
            limit="each asked what is on its glass, five in a packet",
        ),
        Row(
            "simulating one shop, each told",
            "s",
            max(run.wall_s for run in runs[Way.EACH]),
            goal=Goal("ours", 10, 3, more_is_better=False),
            limit="one core; every packet and answer sealed and opened; labels that are not named skip the opening",
        ),
    ]
    return rows


def _formula(way: Way) -> Row:
    outcome = simulate(LABELS, Loss(), 0, way=way)
    return Row(
        f"lossless, {way.name.lower()}: the last answer",
        "s",
        outcome.last_s,
        "closed form",
        outcome.lossless_bound_s,
        Goal("ratio", 1.05, more_is_better=False),
    )


def _times(name: str, runs: list[Outcome]) -> list[Row]:
    bound = max(run.bound_s for run in runs)
    goals = ((("99 %", "t99_s", 30, None)), ("the last", "last_s", 60, 35))
    limit = (
        f"tuned 1M train; {LOST:.0%} lost each way, 2 % of the labels in a shadow where 60 % is lost; "
        f"the worst of {SEEDS} seeds"
    )
    return [
        Row(
            f"{name}: {what}",
            "s",
            max(getattr(run, field) for run in runs),
            "least airtime, each said as often as the losses ask",
            bound,
            Goal("ours", goal, moonshot, more_is_better=False),
            limit,
        )
        for what, field, goal, moonshot in goals
    ]
