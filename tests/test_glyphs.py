"""Text out of cached glyphs: a line is its letters side by side, and nothing outside the page is touched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.glyphs import advance, line, put, run
from vision.typeset import fit, tidy, wrap

TEXT = st.text("纯牛奶红富士 abcfgjkWAVTo0123456789.¥€/", max_size=24)
SIZES = st.sampled_from([10, 12, 13, 18, 24, 46])


@given(TEXT, SIZES)
def test_a_line_has_the_very_ink_of_its_run(text: str, size_px: int) -> None:
    ink, left = line(text, size_px)
    found = run(text, size_px)
    page, other = np.zeros((120, 1400), np.bool_), np.zeros((120, 1400), np.bool_)
    put(page, 100 - left, 20, ink)
    put(other, 100, 20 + found.top, found.ink)
    # A line that begins with a space begins with its room, a run with its ink.
    if not text[:1].isspace():
        assert np.array_equal(page, other)
    assert found.advance == advance(text, size_px) == sum(advance(letter, size_px) for letter in text)


@given(st.integers(-40, 60), st.integers(-40, 40), st.booleans())
def test_what_lies_outside_the_page_is_lost_and_the_rest_stands_where_it_must(x: int, y: int, black: bool) -> None:
    page = np.full((30, 50), not black, np.bool_)
    put(page, x, y, np.ones((20, 25), np.bool_), black=black)
    expected = np.full((110, 150), not black, np.bool_)
    expected[40 + y : 60 + y, 50 + x : 75 + x] = black
    assert np.array_equal(page, expected[40:70, 50:100])


@given(TEXT, st.integers(20, 300), SIZES)
def test_lines_hold_the_whole_text_and_none_is_wider_than_its_box(text: str, box_px: int, size_px: int) -> None:
    lines = wrap(text, box_px, size_px)
    if lines is None:
        assert any(advance(word, size_px) > box_px for word in [*text.split(), *tidy(text)])
        return
    assert all(advance(each, size_px) <= box_px for each in lines)
    assert "".join(lines).replace(" ", "") == tidy(text).replace(" ", "")


@pytest.mark.parametrize(("box_px", "size_px", "lines"), [(300, 24, 1), (60, 12, 1), (40, 12, 2)])
def test_text_is_set_at_the_first_size_that_fits(box_px: int, size_px: int, lines: int) -> None:
    found = fit("纯牛奶纯牛", box_px, (24, 12), lines)
    assert found is not None
    assert (found.size_px, len(found.lines)) == (size_px, lines)
