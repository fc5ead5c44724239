"""`edge-agent survey`: what a site and its survey promise, what to hang where, and how a check walk went."""

import json
import sys
from pathlib import Path
from typing import Any, Final, TextIO
from xml.sax.saxutils import quoteattr

from edge_agent.locate import LocateError, model_of, read
from firmware_specs.surveyed import Survey
from positioning import Model
from positioning.promise import checked, promise_of

SCALE: Final = ((1.0, "#1a7f5a"), (1.5, "#6bb36b"), (2.0, "#e0c34c"), (3.0, "#e08a3c"), (float("inf"), "#c0392b"))
"""Below so many metres, a spot has this colour."""
_PIXELS_PER_M: Final = 24


def run(
    site: Path, survey: Path | None, check: Path | None, drawn: Path | None, out: TextIO, *,
    has_wheels: bool, as_json: bool,
) -> int:  # fmt: skip
    """Print the report; return the exit status."""
    try:
        model = model_of(site, survey, None)
        report = promise_of(model, has_wheels=has_wheels)
        if check is not None:
            report["check"] = checked(model, read(check, Survey))
        if drawn is not None:
            drawn.write_text(svg_of(model, report["levels"][0]), "utf-8")
    except (LocateError, OSError) as exc:
        print(f"edge-agent: {exc}", file=sys.stderr)
        return 2
    out.write(json.dumps(report) + "\n" if as_json else text_of(report))
    return 0


def text_of(report: dict[str, Any]) -> str:
    """Return a report as a person reads it."""
    lines = []
    for level in report["levels"]:
        if level["p75_m"] is None:
            lines.append(f"level {level['level']}: nobody can stand there")
            continue
        worst = level["worst"]
        lines += [
            f"level {level['level']}: {level['area_m2']:g} m2; three of four answers within {level['p75_m']:.1f} m, "
            f"in the worst tenth within {level['worst_tenth_m']:.1f} m",
            f"  surveyed: {100 * level['surveyed_share']:.0f} % of the floor",
            f"  worst at ({worst['x_m']:g}, {worst['y_m']:g}): {worst['p75_m']:.1f} m, {worst['heard']} beacons heard",
        ]
        for name, what in (("add", "add a beacon"), ("move", "or move one")):
            change = level[name]
            if change is not None:
                which = f" ({change['beacon']})" if "beacon" in change else ""
                lines.append(f"  {what}{which} at ({change['x_m']:g}, {change['y_m']:g}): {change['p75_m']:.2f} m")
        if level["add"] is None and level["move"] is None:
            lines.append("  no beacon added or moved would make it better by a fiftieth")
    for zone in report["zones"]:
        verdict = "good for offers" if zone["is_enough"] else "too small for offers"
        remedy = f"; it would do with {zone['would_do']}" if zone["would_do"] else ""
        lines.append(
            f"zone {zone['zone']}: recall {zone['recall']:.2f}, precision {zone['precision']:.2f}, {verdict}{remedy}"
        )
    check = report.get("check")
    if check is not None and check["answers"] == 0:
        lines.append("check walk: no walk with a track of two points or more")
    elif check is not None:
        promised = ", ".join(f"{level['p75_m']} m on {level['level']}" for level in report["levels"])
        lines.append(
            f"check walk: {check['answers']} answers, half within {check['p50_m']:.2f} m, three of four within "
            f"{check['p75_m']:.2f} m ({promised} promised), nine of ten within {check['p90_m']:.2f} m; "
            f"the 90 % region held the truth in {100 * check['covered']:.0f} %"
        )
    return "\n".join(lines) + "\n"


def svg_of(model: Model, level: dict[str, Any]) -> str:
    """Return a level's promise as a picture: spots by colour, beacons as dots, what to add as a ring."""
    floor = next(floor for floor in model.floors if floor.level == level["level"])
    left_m, low_m = float(floor.x_m[0]) - floor.cell_m / 2, float(floor.y_m[0]) - floor.cell_m / 2
    wide, high = (floor.cell_m * count * _PIXELS_PER_M for count in (floor.shape[1], floor.shape[0]))

    def at(x_m: float, y_m: float) -> tuple[float, float]:
        return round((x_m - left_m) * _PIXELS_PER_M, 1), round(high - (y_m - low_m) * _PIXELS_PER_M, 1)

    side = level["apart_m"] * _PIXELS_PER_M
    parts = []
    for x_m, y_m, p75_m, heard, is_surveyed in level["spots"]:
        x, y = at(x_m, y_m)
        colour = next(colour for most_m, colour in SCALE if p75_m < most_m)
        opacity = 0.9 if is_surveyed else 0.55
        parts.append(
            f'<rect x="{x - side / 2:g}" y="{y - side / 2:g}" width="{side:g}" height="{side:g}" fill="{colour}" '
            f'fill-opacity="{opacity}"><title>{p75_m:.1f} m, {heard} beacons</title></rect>'
        )
    for beacon in model.site.beacons:
        if beacon.level == floor.level and beacon.x_m is not None and beacon.y_m is not None:
            x, y = at(beacon.x_m, beacon.y_m)
            name = quoteattr(beacon.id)
            parts.append(f'<circle cx="{x}" cy="{y}" r="6" fill="#1f3a5f" aria-label={name}/>')
    if level["add"] is not None:
        x, y = at(level["add"]["x_m"], level["add"]["y_m"])
        parts.append(f'<circle cx="{x}" cy="{y}" r="9" fill="none" stroke="#1f3a5f" stroke-width="3"/>')
    legend = " · ".join(f"< {most_m:g} m" if most_m < float("inf") else "more" for most_m, _ in SCALE)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high + 30:g}" font-family="sans-serif">'
        f'<rect width="{wide:g}" height="{high + 30:g}" fill="#fff"/>{"".join(parts)}'
        f'<text x="8" y="{high + 20:g}" font-size="14" fill="#222">{legend.replace("<", "&lt;")}</text></svg>\n'
    )
