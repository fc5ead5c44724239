"""What a benchmark returns, and how it is printed: bad figures as plainly as good ones."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


class MissingPartError(Exception):
    """What the benchmark needs is not there; the text names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on a row's ratio to its peer, or on our own figure (`of`); `moonshot` goes further the same way."""

    of: str
    bound: float
    moonshot: float | None = None
    more_is_better: bool = True

    def __post_init__(self) -> None:
        if self.of not in {"ratio", "ours"}:
            raise ValueError(f"a goal is of 'ratio' or 'ours', not of {self.of!r}")

    def holds(self, value: float, bound: float) -> bool:
        """Say whether `value` is on the right side of `bound`."""
        return value >= bound if self.more_is_better else value <= bound

    def __str__(self) -> str:
        sign = "≥" if self.more_is_better else "≤"
        moonshot = f" (moonshot {self.moonshot:g})" if self.moonshot is not None else ""
        return f"{self.of} {sign} {self.bound:g}{moonshot}"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of ours beside its peer's, both in `unit`; `limit` says what the figure does not cover."""

    what: str
    unit: str
    ours: float
    peer: str = ""
    peers: float | None = None
    goal: Goal | None = None
    limit: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's, where there is one."""
        return self.ours / self.peers if self.peers else None

    @property
    def met(self) -> str:
        """`no`, `yes`, `moonshot`, or nothing where no goal was set."""
        if self.goal is None:
            return ""
        value = self.ratio if self.goal.of == "ratio" else self.ours
        if value is None or not self.goal.holds(value, self.goal.bound):
            return "no"
        if self.goal.moonshot is not None and self.goal.holds(value, self.goal.moonshot):
            return "moonshot"
        return "yes"


@dataclass(frozen=True, slots=True)
class Report:
    """All rows of one benchmark, and what a reader must know to repeat them."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def say(text: str) -> None:
    """Tell a person what is being measured now; stdout is for results."""
    print(f"   {text}", file=sys.stderr, flush=True)


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return float(median(values))


def as_json(name: str, about: str, report: Report) -> dict[str, Any]:
    """Return one benchmark's results for a program."""
    rows = [asdict(row) | {"ratio": row.ratio, "met": row.met} for row in report.rows]
    return {"name": name, "about": about, "rows": rows, "notes": list(report.notes)}


def as_table(name: str, about: str, report: Report) -> str:
    """Return one benchmark's results for a person."""
    cells = [("what", "ours", "peer", "ratio", "goal", "met?")]
    for row in report.rows:
        peer = f"{_number(row.peers)} {row.peer}" if row.peers is not None else row.peer
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        goal = str(row.goal) if row.goal is not None else ""
        cells.append((row.what, f"{_number(row.ours)} {row.unit}", peer, ratio, goal, row.met))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    lines.insert(1, "  ".join("─" * width for width in widths))
    lines += [f"limit: {row.what}: {row.limit}" for row in report.rows if row.limit]
    lines += [f"note: {note}" for note in report.notes]
    return f"{name}: {about}\n" + "\n".join(lines) + "\n"


def dump(results: Sequence[dict[str, Any]], machine: dict[str, Any]) -> str:
    """Return everything as one JSON document."""
    return json.dumps({"machine": machine, "benchmarks": list(results)}, ensure_ascii=False, indent=2)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
