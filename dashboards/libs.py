"""Copies the served libraries from `node_modules/` into `lib/`, once `npm ci` has run in this folder.

`python -m dashboards.libs` is all it takes. Bare imports (`from "preact"`) are rewritten to relative paths,
so that pages need no import map: one would be an inline script, which our Content-Security-Policy forbids.
"""

import re
import sys
from pathlib import Path

from dashboards import folder

SERVED = {
    "preact": "preact/dist/preact.mjs",
    "preact/hooks": "preact/hooks/dist/hooks.mjs",
    "@preact/signals-core": "@preact/signals-core/dist/signals-core.mjs",
    "@preact/signals": "@preact/signals/dist/signals.mjs",
    "htm": "htm/dist/htm.mjs",
    "uplot": "uplot/dist/uPlot.esm.js",
}
"""Import name to the module inside `node_modules/`."""

STYLES = {"uplot.css": "uplot/dist/uPlot.min.css"}

_IMPORT = re.compile(r"""(\bfrom\s*|\bimport\s*)(["'])([@\w][^"']*)\2""")
_SOURCE_MAP = re.compile(r"\n?//# sourceMappingURL=.*\s*$")


class LibraryMissingError(Exception):
    """A library is not in `node_modules/`: run `npm ci` in `dashboards/` first."""


def served_name(name: str) -> str:
    """Return the file name under `lib/` of an import name: `preact/hooks` becomes `preact-hooks.js`."""
    return name.removeprefix("@").replace("/", "-") + ".js"


def relative_imports(source: str) -> str:
    """Return an ES module whose bare imports point at its neighbours in `lib/`.

    Raises LibraryMissingError on an import that we do not serve.
    """

    def neighbour(match: re.Match[str]) -> str:
        before, quote, name = match.groups()
        if name not in SERVED:
            raise LibraryMissingError(f"a library imports {name!r}, which is not in SERVED")
        return f"{before}{quote}./{served_name(name)}{quote}"

    return _SOURCE_MAP.sub("\n", _IMPORT.sub(neighbour, source))


def copy(modules: Path, lib: Path) -> list[Path]:
    """Write every served library from `modules` into `lib` and return the files.

    Raises LibraryMissingError when `npm ci` has not run.
    """
    lib.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, source in SERVED.items():
        target = lib / served_name(name)
        target.write_text(relative_imports(_text(modules / source)), encoding="utf-8")
        written.append(target)
    for file, source in STYLES.items():
        (lib / file).write_text(_text(modules / source), encoding="utf-8")
        written.append(lib / file)
    return written


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        raise LibraryMissingError(f"{path.name} is not installed: run `npm ci` in dashboards/") from exc


def main() -> int:
    """Copy, and say what was copied."""
    here = folder()
    try:
        written = copy(here / "node_modules", here / "lib")
    except LibraryMissingError as exc:
        print(exc, file=sys.stderr)
        return 1
    size_bytes = sum(path.stat().st_size for path in written)
    print(f"{len(written)} libraries, {size_bytes / 1000:.0f} kB, in dashboards/lib/")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
