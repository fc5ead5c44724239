"""Codes: photographs in every light and at every angle, generated frames, passes; read and misread side by side.

`python -m tests.bench.codes --none 100000` looks at so many frames without a whole code for what is read there.
"""

import argparse
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import anyio.to_thread
import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from device_drivers.camera.generated.frames import frame
from device_drivers.camera.generated.passes import FRAMES_PER_S, passing
from device_drivers.camera.generated.ranges import Ranges
from tests.bench.codes_readers import RETAIL, Reader, opencv, ours, pyzbar, zxing, zxing_clahe
from tests.bench.frame import Goal, MissingPartError, Report, Row, say
from tests.photographs import FOLDER, Photograph, photographs_of
from vision.codes import gtin_of, look, read_codes
from vision.codes.across import Votes

NAME = "codes"
ABOUT = "read and misread: photographs turned, dark and blurred, generated frames, passes of packs"

POOL: Final = ("ean13-1", "ean13-3", "ean8-1", "upca-1", "upca-2", "upce-1", "upce-2")
OTHERS: Final = (
    "itf-1", "code128-1", "rss14-1", "rssexpanded-1", "rssexpanded-3",
    "qrcode-1", "qrcode-2", "qrcode-3", "datamatrix-1",
)  # fmt: skip
FRAMES: Final = 150
EMPTY: Final = 400
PASSES: Final = 24
SEED: Final = 11

_TIME: Final = Goal("ours", 25, 12, more_is_better=False)

Pixels = NDArray[np.uint8]
Change = Callable[[Pixels], Pixels]


@dataclass(frozen=True, slots=True)
class Score:
    """How many codes were shown and read, in how many pictures something else was read, and the time for each."""

    shown: int
    read: int
    wrong: int
    ms: tuple[float, ...]

    @property
    def share(self) -> float:
        """Codes read, in percent."""
        return 100 * self.read / max(1, self.shown)

    @property
    def told(self) -> str:
        """It as a line says it."""
        return f"{self.share:.1f} % with {self.wrong} misread, {np.mean(self.ms):.1f} ms"


def score(reader: Reader, shown: Iterable[tuple[Pixels, set[str], set[str]]]) -> Score:
    """Read pictures, each with the texts that must be read and those that may be."""
    count = read = wrong = 0
    taken = []
    for grey, must, may in shown:
        started_s = time.perf_counter()
        found = reader(grey)
        taken.append((time.perf_counter() - started_s) * 1000)
        count += len(must)
        read += len(must & found)
        wrong += bool(found - must - may)
    return Score(count, read, wrong, tuple(taken))


def turned(grey: Pixels, turn_deg: float) -> Pixels:
    """Return a picture turned, with room for its corners."""
    height, width = grey.shape
    c, s = abs(math.cos(math.radians(turn_deg))), abs(math.sin(math.radians(turn_deg)))
    wide, high = int(width * c + height * s) + 1, int(width * s + height * c) + 1
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, 1.0)
    turn[0, 2] += (wide - width) / 2
    turn[1, 2] += (high - height) / 2
    moved = cv2.warpAffine(grey, turn, (wide, high), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def dark(grey: Pixels) -> Pixels:
    """Return a picture at 0.18 times its light, photons counted."""
    chance = np.random.default_rng(int(grey[0, 0]) + grey.shape[0])
    return np.asarray(np.clip(chance.poisson(grey * 0.18), 0, 255), np.uint8)


def blurred(sigma_px: float) -> Change:
    """Return what blurs a picture."""
    return lambda grey: np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma_px), np.uint8)


def jpeg(grey: Pixels) -> Pixels:
    """Return a picture after JPEG at quality 20."""
    packed = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 20])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)


def _changed(pool: list[Photograph], change: Change) -> Iterator[tuple[Pixels, set[str], set[str]]]:
    for photo in pool:
        yield change(photo.grey), {photo.text}, set()


def _photographs() -> list[Row]:
    pool = [photo for group in POOL for photo in photographs_of(group)]
    if not pool:
        raise MissingPartError(f"no photographs at {FOLDER}: set AISLE_DATA")
    peers = {"zxing-cpp": zxing(), "zxing-cpp on CLAHE": zxing_clahe(), "pyzbar": pyzbar(), "OpenCV": opencv()}
    changes: tuple[tuple[str, Change, Goal | None], ...] = (
        ("as they are", lambda grey: grey, Goal("ours", 90, 94)),
        ("turned by 45°", lambda grey: turned(grey, 45), Goal("ours", 82, 90)),
        ("turned by 15°", lambda grey: turned(grey, 15), Goal("ours", 82, 90)),
        ("turned by 30°", lambda grey: turned(grey, 30), Goal("ours", 82, 90)),
        ("turned by 60°", lambda grey: turned(grey, 60), Goal("ours", 82, 90)),
        ("turned by 90°", lambda grey: turned(grey, 90), Goal("ours", 82, 90)),
        ("low light, 0.18 times and shot noise", dark, Goal("ours", 35, 60)),
        ("blurred by 1.5 px", blurred(1.5), None),
        ("blurred by 2.5 px", blurred(2.5), None),
        ("JPEG at quality 20", jpeg, None),
    )
    rows = []
    for name, change, goal in changes:
        say(f"{len(pool)} photographs {name}")
        mine = score(ours(), _changed(pool, change))
        rows += _rows(f"{len(pool)} EAN/UPC photographs {name}", mine, goal)
        for peer, reader in peers.items():
            theirs = score(reader, _changed(pool, change))
            rows.append(Row(f"    beside it {peer}", theirs.told, theirs.share))
    return rows


def _rows(what: str, mine: Score, goal: Goal | None, quick: Goal | None = None) -> list[Row]:
    return [
        Row(what, "% read", mine.share, goal=goal),
        Row("    misread pictures", "", mine.wrong, goal=Goal("ours", 1, 0, more_is_better=False)),
        Row("    time, mean", "ms", float(np.mean(mine.ms)), goal=quick),
    ]


def _others() -> list[Row]:
    rows = []
    for group in OTHERS:
        pool = list(photographs_of(group))
        shown = [(photo.grey, {_said(photo.text)}, set[str]()) for photo in pool]
        mine, theirs = score(_texts(_our_texts), shown), score(_texts(_zxing_texts), shown)
        rows.append(
            Row(
                f"{group}, {len(pool)} pictures",
                f"% with {mine.wrong} misread",
                mine.share,
                f"% zxing-cpp with {theirs.wrong}",
                theirs.share,
            )
        )
    pool = list(photographs_of("falsepositives"))
    nothing = [(photo.grey, set[str](), set[str]()) for photo in pool]
    rows.append(
        Row(
            f"{len(pool)} photographs without a code: something read",
            "",
            score(ours(), nothing).wrong,
            goal=Goal("ours", 0, more_is_better=False),
        )
    )
    return rows


def _our_texts(grey: Pixels) -> list[str]:
    return [code.text for code in read_codes(grey)]


def _zxing_texts(grey: Pixels) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(np.ascontiguousarray(grey), RETAIL)]


def _texts(read: Callable[[Pixels], Iterable[str]]) -> Reader:
    return lambda grey: {_said(text) for text in read(grey)}


def _said(text: str) -> str:
    # Line ends and the brackets of application identifiers are a matter of taste.
    return re.sub(r"^\(01\)(?=[0-9]{14}$)", "", text.replace("\r\n", "\n").strip())


def _frames() -> list[Row]:
    say(f"{FRAMES} generated frames of 1920 x 1080")
    made = []
    for number in range(FRAMES):
        one = frame(SEED, number)
        grey = np.asarray(cv2.cvtColor(one.pixels, cv2.COLOR_BGR2GRAY), np.uint8)
        must = {code.gtin for code in one.codes if code.is_whole and code.gtin}
        made.append((grey, must, {code.gtin or code.text for code in one.codes}))
    mine = score(ours(), made)
    rows = [
        *_rows("generated 1080p frames, clutter, any angle, every fault at once", mine, Goal("ours", 85, 95), _TIME),
        Row("    time, p99", "ms", float(np.percentile(mine.ms, 99)), goal=Goal("ours", 40, more_is_better=False)),
    ]
    for peer, reader in (("zxing-cpp", zxing()), ("pyzbar", pyzbar()), ("OpenCV", opencv())):
        theirs = score(reader, made)
        rows.append(Row(f"    beside it {peer}", theirs.told, theirs.share))
    return rows


def nothing_read(seed: int, first: int, count: int) -> int:
    """Return in how many frames without a whole code something was read that is not there.

    Frames are small, for their number; some show a part of a code, which may be read where nothing hides it.
    """
    ranges = Ranges(width_px=640, height_px=480, none=0.7, half=0.3, module_px=(1.2, 3.0))
    reader, wrong = ours(60.0), 0
    for number in range(first, first + count):
        one = frame(seed, number, ranges)
        grey = np.asarray(cv2.cvtColor(one.pixels, cv2.COLOR_BGR2GRAY), np.uint8)
        shown = {code.gtin or code.text for code in one.codes}
        if found := reader(grey) - shown:
            wrong += 1
            say(f"frame {number} of seed {seed}: {sorted(found)} where there is {sorted(shown) or 'nothing'}")
    return wrong


def _passes() -> list[Row]:
    say(f"{PASSES} passes at 1 m/s")
    first: list[float] = []
    peers: list[float] = []
    wrong = theirs_wrong = 0
    other = zxing()
    for number in range(PASSES):
        gtin, frames = passing(SEED, number)
        votes, mine, theirs = Votes(), math.inf, math.inf
        for index, pixels in enumerate(frames):
            grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)
            votes, codes = votes.after(look(grey, budget_ms=60.0))
            found = {gtin_of(code) or code.text for code in codes}
            wrong += bool(found - {gtin})
            mine = min(mine, index * 1000 / FRAMES_PER_S if gtin in found else math.inf)
            found = other(grey)
            theirs_wrong += bool(found - {gtin})
            theirs = min(theirs, index * 1000 / FRAMES_PER_S if gtin in found else math.inf)
        first.append(mine)
        peers.append(theirs)
    read, theirs_read = (100 * float(np.mean(np.isfinite(times))) for times in (first, peers))
    return [
        Row("passes at 1 m/s, 30 frames/s, 1080p: read", "%", read, "% zxing-cpp", theirs_read, Goal("ours", 99)),
        Row(
            "    first correct read after the code comes into view, median",
            "ms",
            float(np.median(first)),
            "ms zxing-cpp",
            float(np.median(peers)) if np.isfinite(np.median(peers)) else None,
            Goal("ours", 100, more_is_better=False),
        ),
        Row("    frames misread", "", wrong, "zxing-cpp", theirs_wrong, Goal("ours", 0, more_is_better=False)),
    ]


def measure() -> Report:
    """Measure every part."""
    rows = _photographs() + _others() + _frames()
    say(f"{EMPTY} frames without a whole code")
    rows.append(
        Row(
            f"{EMPTY} generated frames without a whole code: something read",
            "",
            nothing_read(SEED, 0, EMPTY),
            goal=Goal("ours", 0, more_is_better=False),
            limit="100,000 of them take over an hour: python -m tests.bench.codes --none 100000",
        )
    )
    notes = (
        "misread: a picture in which something is read that is not there, whatever else is read",
        f"photographs show few products, about 40 in these {len(POOL)} sets",
        "generated frames flatter whoever wrote the generator",
    )
    return Report(tuple(rows + _passes()), notes)


async def run() -> Report:
    """Measure in a thread."""
    return await anyio.to_thread.run_sync(measure)


def main() -> None:
    """Look at frames without a whole code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--none", type=int, required=True, help="how many frames")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    wrong = 0
    for done in range(0, options.none, 1000):
        count = min(1000, options.none - done)
        wrong += nothing_read(options.seed, options.first + done, count)
        say(f"{done + count:,} frames, {wrong} with something read")


if __name__ == "__main__":
    main()
