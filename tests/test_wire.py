"""Pictures for panels as the bytes that each takes, and back; the bytes themselves by hand."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.image import LabelImage
from vision.panel import Colour, Palette, Panel
from vision.wire import Layout, Wire, WrongPanelError, inflated, pack, unpack

K, W, R, Y = Colour.BLACK, Colour.WHITE, Colour.RED, Colour.YELLOW


@st.composite
def images(draw: st.DrawFn) -> LabelImage:
    panel = Panel(draw(st.integers(1, 40)), draw(st.integers(1, 40)), draw(st.sampled_from(Palette)))
    colours = np.array([W, *panel.palette.inks], np.uint8)
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    return LabelImage.from_indexes(panel, colours[seed.integers(0, len(colours), (panel.height_px, panel.width_px))])


WIRES = st.builds(
    Wire,
    st.sampled_from(Layout),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 90, 180, 270]),
    st.booleans(),
    st.sampled_from([0, 9, 12, 15]),
)


@given(images(), WIRES)
def test_every_wire_makes_the_round_trip(image: LabelImage, wire: Wire) -> None:
    if wire.layout is Layout.TWO_BITS and image.panel.palette is Palette.SEVEN:
        with pytest.raises(ValueError, match="2 bits a pixel cannot carry"):
            pack(image, image.panel, wire)
        return
    data = pack(image, image.panel, wire)
    assert unpack(data, image.panel, wire) == image
    assert LabelImage.from_indexes(image.panel, image.indexes()) == image
    for broken in (data + b"\0", data[:-1]):
        with pytest.raises(ValueError, match=f"a panel of {image.panel} takes|zlib stream"):
            unpack(broken, image.panel, wire)


def small(*rows: list[Colour], palette: Palette = Palette.BWRY) -> LabelImage:
    return LabelImage.from_indexes(Panel(len(rows[0]), len(rows), palette), np.array(rows, np.uint8))


CORNER = small([K, R, W, Y, W], [W, W, W, W, K])
"""Five pixels wide: no row fills whole bytes."""


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (Wire(), "8008 4000 1000"),
        (Wire(lsb_first=True), "0110 0200 0800"),
        (Wire(black_is_zero=True), "78f0 4000 1000"),
        (Wire(ink_is_zero=True), "8008 b8f8 e8f8"),
        (Wire(rotated_deg=180), "8008 0010 0040"),
        (Wire(rotated_deg=90), "4000000080 0040000000 0000004000"),
        (Wire(rotated_deg=270), "4000000080 0000008000 0080000000"),
        (Wire(mirrored=True), "0880 1000 4000"),
        (Wire(Layout.TWO_BITS), "3640 5500"),
        (Wire(Layout.TWO_BITS, lsb_first=True), "9c01 5500"),
        (Wire(Layout.FOUR_BITS), "041510 111100"),
        (Wire(Layout.FOUR_BITS, lsb_first=True), "405101 111100"),
    ],
)
def test_pixels_lie_where_the_panel_expects_them(wire: Wire, expected: str) -> None:
    # Padding is whatever the layout leaves there; only the picture's own bits are compared.
    assert unpack(bytes.fromhex(expected), CORNER.panel, wire) == CORNER
    assert len(pack(CORNER, CORNER.panel, wire)) == len(bytes.fromhex(expected))


def test_the_first_pixel_is_the_most_significant_bit_and_planes_follow_each_other() -> None:
    assert pack(CORNER, CORNER.panel, Wire()).hex() == "8008" + "4000" + "1000"


def test_a_picture_for_another_panel_is_refused_by_name() -> None:
    with pytest.raises(WrongPanelError, match="for a panel of 5x2 bwry, not for one of 296x128 bw"):
        pack(CORNER, Panel(), Wire())
    with pytest.raises(ValueError, match="a panel of 5x2 bw has no red, yellow"):
        LabelImage.from_indexes(Panel(5, 2), CORNER.indexes())
    with pytest.raises(ValueError, match=r"shape \(2, 5\) is not for a panel of 2x5 bwry"):
        LabelImage.from_indexes(Panel(2, 5, Palette.BWRY), CORNER.indexes())
    with pytest.raises(ValueError, match="has no 9"):
        LabelImage.from_indexes(CORNER.panel, np.full((2, 5), 9, np.uint8))
    with pytest.raises(ValueError, match="takes 4736"):
        LabelImage.from_bytes(Panel(), bytes(4735))


@pytest.mark.parametrize("window", [9, 12, 15])
def test_a_stream_opens_with_the_window_that_a_small_label_has(window: int) -> None:
    image = LabelImage.from_indexes(Panel(), np.full((128, 296), W, np.uint8))
    data = pack(image, Panel(), Wire(zlib_window=window))
    assert len(data) < 100
    # RFC 1950, 2.2: the upper four bits of the first byte say the window.
    assert data[0] >> 4 == window - 8
    assert inflated(data, Panel().image_bytes, window) == bytes(image)


@pytest.mark.parametrize("data", [b"", b"x", zlib.compress(bytes(11)), zlib.compress(bytes(10)) + b"x"])
def test_a_stream_that_is_none_or_holds_more_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="zlib stream"):
        inflated(data, 10)


@pytest.mark.parametrize("wrong", [{"rotated_deg": 45}, {"zlib_window": 8}, {"zlib_window": 16}])
def test_a_wire_that_no_panel_has_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="not"):
        Wire(**wrong)  # type: ignore[arg-type]
