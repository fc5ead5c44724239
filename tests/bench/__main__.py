"""`./aisle bench`: run benchmarks and print a table, or JSON."""

import argparse
import importlib
import os
import pkgutil
import platform
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

import anyio

import tests.bench
from tests.bench.frame import MissingPartError, Report, as_json, as_table, dump, say


class Benchmark(Protocol):
    """A module of this folder that measures something."""

    NAME: str
    ABOUT: str

    async def run(self) -> Report:
        """Measure; raises MissingPartError where a part is not there."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A benchmark's results, or why there are none."""

    benchmark: Benchmark
    report: Report | None
    missing: str = ""


def benchmarks() -> dict[str, Benchmark]:
    """Return every benchmark by its name."""
    modules = [
        importlib.import_module(f"tests.bench.{found.name}")
        for found in pkgutil.iter_modules(tests.bench.__path__)
        if found.name != "__main__"
    ]
    return {module.NAME: cast(Benchmark, module) for module in modules if hasattr(module, "NAME")}


def measure(benchmark: Benchmark) -> Outcome:
    """Run one benchmark."""
    say(f"measuring {benchmark.NAME}: {benchmark.ABOUT}")
    try:
        return Outcome(benchmark, anyio.run(benchmark.run))
    except MissingPartError as exc:
        return Outcome(benchmark, None, str(exc))


def machine() -> dict[str, Any]:
    """Return what the figures were measured on; ratios hold elsewhere, figures may not."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def main() -> int:
    """Return 0 when everything was measured, whether or not the goals were met."""
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="aisle bench", description="Measure Aisle beside its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(known)}; all when none is given")
    parser.add_argument("--list", action="store_true", help="name the benchmarks and what they measure")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    options = parser.parse_args()
    if options.list:
        for name, benchmark in known.items():
            print(f"{name:10} {benchmark.ABOUT}")
        return 0
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")

    about = machine()
    outcomes = []
    for name in options.names or known:
        outcome = measure(known[name])
        outcomes.append(outcome)
        if not options.json and outcome.report is not None:
            print("\n" + as_table(name, outcome.benchmark.ABOUT, outcome.report), flush=True)
        if outcome.report is None:
            say(f"{name}: not measured: {outcome.missing}")
    if options.json:
        results = [
            as_json(each.benchmark.NAME, each.benchmark.ABOUT, each.report)
            if each.report is not None
            else {"name": each.benchmark.NAME, "about": each.benchmark.ABOUT, "missing": each.missing}
            for each in outcomes
        ]
        print(dump(results, about))
    return 1 if any(each.report is None for each in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
