"""Pixels into codes, and never into wrong ones. No picture, however bad, raises."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from device_drivers.camera.props import Pack
from device_drivers.camera.scene import pack_picture, shelf_picture
from firmware_specs.gtin import with_check_digit
from firmware_specs.symbology import Symbology
from vision.codes import Code, gtin_of, printed_as, read_codes

ZH = "红富士苹果纯牛奶酱油面条金龙鱼黄比例食用调和油可口乐康师傅烧肉"
EN = "Fuji apples Pure Milk Soy Sauce Noodles Golden Ratio Blended Oil Cola Braised Beef Greek Yoghurt Gift Box".split()


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        np.uint8,
        st.one_of(
            st.tuples(st.integers(0, 60), st.integers(0, 60)),
            st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 5)),
        ),
    )
)
def test_noise_never_raises(pixels: NDArray[np.uint8]) -> None:
    read_codes(pixels)


def test_full_frames_of_noise_hold_no_retail_code() -> None:
    chance = np.random.default_rng(5)
    for _ in range(10):
        codes = read_codes(chance.integers(0, 256, (480, 640, 3), np.uint8))
        assert [code for code in codes if gtin_of(code)] == []


def test_no_cut_of_a_picture_however_odd_raises() -> None:
    chance = random.Random(3)
    whole = pack_picture(Pack("06901234567892", "纯牛奶", "Milk", 3), 1, 0)
    for _ in range(60):
        left, top = chance.randrange(600), chance.randrange(440)
        cut = whole[top : top + chance.randint(1, 300), left : left + chance.randint(1, 400)]
        stretched = np.repeat(np.repeat(cut, chance.randint(1, 3), axis=0), chance.randint(1, 4), axis=1)
        found = {gtin_of(code) for code in read_codes(np.rot90(stretched, chance.randrange(4)))}
        assert found <= {"06901234567892"}


def test_generated_frames_decode_within_three_and_never_as_another_product() -> None:
    read, wrong = 0, 0
    for seed in range(60):
        body = f"69{random.Random(seed).randrange(10**10):010d}"
        pack = Pack("0" + with_check_digit(body), ZH[seed % 20 : seed % 20 + 6], EN[seed % len(EN)], seed)
        found = {gtin_of(code) for frame in range(3) for code in read_codes(pack_picture(pack, seed // 10, frame))}
        read += pack.gtin in found
        wrong += len(found - {pack.gtin})
    assert wrong == 0
    assert read >= 57


def test_an_empty_shelf_yields_nothing() -> None:
    assert [read_codes(shelf_picture(seed, frame)) for seed in range(10) for frame in range(2)] == [()] * 20


def test_a_code_tells_what_it_was_printed_as() -> None:
    assert printed_as(Code("0042100005264", "UPC-E", (), "]E0")) is Symbology.UPC_E
    assert printed_as(Code("6901234567892", "EAN-13", (), "]E0")) is Symbology.EAN_13
    assert printed_as(Code("(01)09501101530003", "Code 128", (), "]C1")) is Symbology.GS1_128
    assert printed_as(Code("hello", "PDF417", (), "]L0")) is Symbology.OTHER


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Code("4006381333931", "EAN-13", ()), "04006381333931"),
        (Code("96385074", "EAN-8", ()), "00000096385074"),
        (Code("(01)09501101530003(10)ABC", "Data Matrix", ()), "09501101530003"),
        (Code("4006381333932", "EAN-13", ()), None),
        (Code("4006381333931", "QR Code", ()), None),
        (Code("hello", "Code 128", ()), None),
    ],
)
def test_a_code_gives_its_gtin_or_none(code: Code, expected: str | None) -> None:
    assert gtin_of(code) == expected
