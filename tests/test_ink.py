"""Letters as whole numbers: they stand where Pillow puts them, and a line is its letters side by side."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vision.fonts import font
from vision.ink import BREAK, PAD, Ink, advance, band, line, moved, run
from vision.typeset import fit, tidy, wrap

STRIDE = 1_600
TEXT = st.text("纯牛奶红富士 abcfgjkWAVTo0123456789.¥€/", max_size=24)
SIZES = st.sampled_from([10, 12, 13, 18, 24, 46])


def pixels(ink: Ink) -> NDArray[np.bool_]:
    data = np.frombuffer(ink.bits.to_bytes(STRIDE // 8 * ink.rows, "big"), np.uint8)
    return np.unpackbits(data.reshape(ink.rows, -1), axis=1).astype(np.bool_)


@settings(deadline=None)
@given(TEXT.filter(lambda text: bool(text.strip()) and text[0] != " "), SIZES)
def test_a_line_stands_where_pillow_puts_it(text: str, size_px: int) -> None:
    ours = pixels(line(text, size_px, STRIDE))
    canvas = Image.new("1", (STRIDE, len(ours)))
    # Behind a letter, from which the others are measured: Pillow rounds where a line begins from its outlines.
    ImageDraw.Draw(canvas).text((40, PAD), f"国 {text}", fill=1, font=font(size_px))
    theirs = np.asarray(canvas)[:, 40 + advance("国 ", size_px) - 1 :]
    left = np.flatnonzero(theirs.any(axis=0))[0]
    whole = np.asarray(canvas)
    down = np.flatnonzero(whole[:, : 40 + advance("国", size_px)].any(axis=1))[0]
    high = np.flatnonzero(pixels(line("国", size_px, STRIDE)).any(axis=1))[0]
    assert np.array_equal(ours[:, :1300], np.roll(theirs, high - down, axis=0)[:, left : left + 1300])


@given(TEXT, SIZES)
def test_a_run_is_tight_and_as_wide_as_it_says(text: str, size_px: int) -> None:
    ink, width_px = run(text, size_px, 0, STRIDE)
    if not tidy(text):
        assert (ink, width_px) == (Ink(0, 0), 0)
        return
    found = pixels(ink)
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (0, ink.rows - 1, 0, width_px - 1)


@given(st.integers(1, 60), st.integers(1, 40), st.integers(0, 60), st.integers(0, 30))
def test_a_box_is_moved_by_pixels(width_px: int, rows: int, right_px: int, up_px: int) -> None:
    expected = np.zeros((rows + up_px, STRIDE), np.bool_)
    expected[:rows, right_px : right_px + width_px] = True
    assert np.array_equal(
        pixels(Ink(moved(band(width_px, rows, STRIDE), right_px, up_px, STRIDE), rows + up_px)), expected
    )


@given(TEXT, st.integers(20, 300), SIZES)
def test_lines_hold_the_whole_text_and_none_is_wider_than_its_box(text: str, box_px: int, size_px: int) -> None:
    text = tidy(text)
    lines = wrap(text, box_px, size_px)
    if lines is None:
        assert any(advance(word, size_px) > box_px for word in [*text.split(), *text])
        return
    assert all(advance(each, size_px) <= box_px for each in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(("box_px", "size_px", "lines"), [(300, 24, 1), (60, 12, 1), (40, 12, 2)])
def test_text_is_set_at_the_first_size_that_fits(box_px: int, size_px: int, lines: int) -> None:
    found = fit("纯牛奶纯牛", box_px, (24, 12), lines)
    assert found is not None
    assert (found.size_px, len(found.lines)) == (size_px, lines)
    assert found.height_px == len(found.lines) * found.line_px


def test_a_line_may_break_where_it_is_told_without_a_space() -> None:
    room_px = advance("¥119.50", 12)
    assert wrap(f"¥119.50{BREAK}/kg", room_px, 12) == ("¥119.50" + BREAK, "/kg")
    assert wrap("¥119.50/kg", room_px, 12) is None
