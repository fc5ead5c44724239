"""`edge-agent labels`: what an access point can do, tried without one."""

import json
import sys
from dataclasses import asdict

from device_drivers.labels.pawr.loss import Loss
from device_drivers.labels.pawr.simulate import BURSTS, Way
from device_drivers.labels.pawr.simulate import simulate as run


def simulate(labels: int, loss: float, seed: int, way: str, *, as_json: bool) -> int:
    """Reprice a shop in virtual time and print what it took; return the exit status."""
    try:
        bursts = BURSTS if loss else {}
        outcome = run(labels, Loss(loss, loss, **bursts), seed, way=Way[way.upper()])
    except ValueError as exc:
        print(f"edge-agent labels simulate: {exc}", file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps(asdict(outcome)))
        return 0
    print(f"{outcome.labels:,} labels, {loss:.0%} lost in each direction{', and bursts' if bursts else ''}")
    print(f"  half {outcome.t50_s:.1f} s · 99 % {outcome.t99_s:.1f} s · the last {outcome.last_s:.1f} s")
    print(f"  proved {outcome.proved_s:.1f} s after the instant; {outcome.overcharges} overcharges")
    print(f"  least on the air {outcome.bound_s:.1f} s; without loss {outcome.lossless_bound_s:.1f} s")
    needless = f"{outcome.double_refreshes:,} of them for nothing"
    print(f"  {outcome.said:,} commands, {outcome.refreshes:,} refreshes, {needless}")
    print(f"  simulated in {outcome.wall_s:.2f} s")
    return 0
