"""Drawing labels, all of them different, and reading their codes back from the pixels."""

import random
import time
import zlib
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from firmware_specs.gtin import as_ean13, with_check_digit
from tests.bench.frame import Goal, Row, say
from vision.ean13 import ean13_row
from vision.fonts import font_path
from vision.labels.content import LabelContent
from vision.labels.draw import draw
from vision.labels.render import render
from vision.labels.template import built_in

T = TypeVar("T")

LABELS: Final = 5_000
NAIVE: Final = 300
WARM: Final = 500
_ZH: Final = "纯牛奶红富士苹果面包有机草莓酸洗衣液家庭装蜂蜜绿茶酱油香醋花生核桃饼干巧克力牙膏毛巾"
_EN: Final = "fresh whole milk organic apple bread honey green tea cookies chocolate towel soap".split()
_UNITS: Final = ("500 g", "1 L", "6 x 330 ml", "瓶")


def contents(count: int) -> list[LabelContent]:
    """Return labels that differ in name, price and code."""
    drawn = random.Random(1)
    return [
        LabelContent(
            with_check_digit(f"0690{number:09d}"),
            "".join(drawn.choices(_ZH, k=drawn.randint(4, 9))),
            f"{drawn.choice(_EN)} {drawn.choice(_EN)} {number}",
            drawn.randint(100, 20_000),
            "CNY",
            drawn.choice(_UNITS),
            was_minor=0 if number % 4 else 25_000,
        )
        for number in range(count)
    ]


def naive(content: LabelContent) -> bytes:
    """Draw as one would at first: colours, a font opened for each text, a threshold, and then bits."""
    image = Image.new("RGB", (296, 128), "white")
    draw = ImageDraw.Draw(image)
    for x, y, text, size in (
        (6, 2, content.name_zh, 24),
        (6, 28, content.name_en, 12),
        (150, 44, f"¥{content.price_minor / 100:.2f}", 44),
        (230, 100, content.unit, 14),
        (22, 117, as_ean13(content.gtin), 10),
    ):
        draw.text((x, y), text, fill="red" if y == 44 else "black", font=ImageFont.truetype(str(font_path()), size))
    for module, bar in enumerate(f"{ean13_row(as_ean13(content.gtin)):095b}"):
        if bar == "1":
            draw.rectangle((22 + 2 * module, 94, 23 + 2 * module, 116), fill="black")
    pixels = np.array(image).astype(int)
    red = (pixels[:, :, 0] >= 128) & (pixels[:, :, 1] < 128)
    black = pixels.sum(axis=2) < 384
    return np.packbits(black & ~red, axis=1).tobytes() + np.packbits(red, axis=1).tobytes()


def measure() -> list[Row]:
    """Draw, and read back."""
    say(f"drawing {LABELS:,} labels")
    template = built_in("offer-bwr")
    labels = contents(LABELS + WARM)
    warm, measured = labels[:WARM], labels[WARM:]
    for content in warm:
        bytes(draw(template, content))
        naive(content)
    ours = _each_s(lambda content: bytes(draw(template, content)), measured)
    proved = _each_s(lambda content: bytes(render(template, content)), measured)
    small = built_in("small")
    one_colour = _each_s(lambda content: bytes(draw(small, content)), measured)
    squeezed = _each_s(lambda content: zlib.compress(bytes(draw(template, content)), 1), measured)
    peer = _each_s(naive, measured[:NAIVE])
    whole = [draw(template, content).as_scanned((0, 0, 296, 128)) for content in measured[:NAIVE]]
    zxing = _each_s(zxingcpp.read_barcodes, whole)
    cold = "each with words, price and code of its own; a fourth are offers in red"
    return [
        Row(
            "296×128, 3 colours, with Chinese name, price and EAN-13: drawn and packed, a core",
            "labels/s",
            1 / ours,
            "Pillow RGB, threshold, pack",
            1 / peer,
            Goal("ours", 15_000, 50_000),
            cold,
        ),
        Row("250×122, black and white: drawn and packed", "labels/s", 1 / one_colour),
        Row("3 colours, drawn and packed and zlib-1", "labels/s", 1 / squeezed),
        Row("3 colours, drawn and packed and its code read back from the pixels", "labels/s", 1 / proved),
        Row(
            "reading the code back",
            "ms",
            (proved - ours) * 1000,
            "zxing-cpp as it comes",
            zxing * 1000,
            Goal("ours", 1.6, 0.3, more_is_better=False),
            f"all {len(measured):,} read back as what they are for, or this would have failed",
        ),
    ]


def _each_s(work: Callable[[T], object], over: Sequence[T]) -> float:
    began_s = time.perf_counter()
    for each in over:
        work(each)
    return (time.perf_counter() - began_s) / len(over)


if __name__ == "__main__":
    for row in measure():
        print(row)
