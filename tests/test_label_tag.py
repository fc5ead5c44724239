"""One label's firmware: real TLV bytes, honest pending bits, and a panel that keeps its picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_drivers.labels.tag import Tag, TagRefusedError
from firmware_specs.frames.esl import (
    BROADCAST,
    CANCEL,
    GLASS,
    LONGEST_AHEAD_MS,
    BasicState,
    DisplayImage,
    DisplayState,
    DisplayTimedImage,
    ErrorCode,
    ErrorResponse,
    Ping,
    ReadSensor,
    RefreshDisplay,
    SensorValue,
    StateBits,
    glass_digest,
    parse_response,
)
from vision.labels.content import LabelContent
from vision.labels.render import render
from vision.labels.template import built_in

OLD = bytes(render(built_in(), LabelContent("06901234567892", "红富士苹果", "Fuji apples", 1290, "CNY", "500 g")))
NEW = bytes(render(built_in(), LabelContent("06901234567892", "红富士苹果", "Fuji apples", 990, "CNY", "500 g")))

IDLE = bytes(BasicState(StateBits.SYNCHRONIZED))
PENDING = bytes(BasicState(StateBits.SYNCHRONIZED | StateBits.PENDING_DISPLAY_UPDATE))


def error(code: ErrorCode) -> bytes:
    return bytes(ErrorResponse(code))


# One label's own state machine; its clock is ours.


def tag_with(*images: bytes) -> Tag:
    tag = Tag(len(OLD), slots=4, refresh_s=2.0)
    for slot, image in enumerate(images):
        tag.load(slot, image)
    return tag


def test_an_image_is_accepted_at_once_and_shown_when_the_refresh_time_has_elapsed() -> None:
    tag = tag_with(OLD)
    assert tag.tell(bytes(Ping()), 0, 1) == IDLE
    assert tag.tell(bytes(DisplayImage(0)), 10, 1) == bytes(DisplayState(0, 0))
    assert tag.tell(bytes(Ping()), 11.99, 1) == PENDING
    assert tag.panel is None
    assert tag.tell(bytes(Ping()), 12.0, 1) == IDLE
    assert tag.panel == OLD


def test_an_image_told_during_a_refresh_comes_after_it() -> None:
    tag = tag_with(OLD, NEW)
    tag.tell(bytes(DisplayImage(0)), 0, 1)
    assert tag.tell(bytes(DisplayImage(1)), 1, 1) == bytes(DisplayState(0, 1))
    assert tag.advance(2, 1)
    assert (tag.panel, tag.is_pending) == (OLD, True)
    assert tag.advance(4, 1)
    assert (tag.panel, tag.is_pending) == (NEW, False)


def test_a_stored_image_changes_nothing_on_the_glass() -> None:
    tag = tag_with(OLD)
    tag.tell(bytes(DisplayImage(0)), 0, 1)
    tag.advance(2, 1)
    tag.load(0, NEW)
    assert tag.tell(bytes(Ping()), 3, 1) == IDLE
    assert tag.panel == OLD
    assert tag.tell(bytes(RefreshDisplay()), 3, 1) == error(ErrorCode.IMAGE_NOT_AVAILABLE)


def test_a_label_tells_what_is_on_its_glass_without_touching_it() -> None:
    tag = tag_with(OLD, NEW)
    ask = bytes(ReadSensor(GLASS))
    assert tag.tell(ask, 0, 1) == bytes(SensorValue(GLASS, bytes(8)))
    tag.tell(bytes(DisplayImage(0)), 0, 1)
    assert tag.tell(ask, 1, 1) == error(ErrorCode.RETRY)
    assert tag.tell(ask, 2, 1) == bytes(SensorValue(GLASS, glass_digest(OLD)))
    tag.load(0, NEW)
    assert tag.tell(ask, 3, 1) == bytes(SensorValue(GLASS, glass_digest(OLD)))
    assert tag.tell(bytes(Ping()), 3, 1) == IDLE
    assert tag.tell(bytes(ReadSensor(1)), 3, 1) == error(ErrorCode.INVALID_PARAMETER)


def test_a_sensors_question_and_value_have_the_bytes_of_the_standard() -> None:
    assert bytes(ReadSensor(sensor=3, esl_id=0x12)).hex() == "101203"
    assert bytes(SensorValue(0, bytes.fromhex("e40c"))).hex() == "2e00e40c"


@given(st.integers(0, 255), st.binary(min_size=1, max_size=15))
def test_a_sensors_value_makes_the_round_trip(sensor: int, value: bytes) -> None:
    assert parse_response(bytes(SensorValue(sensor, value))) == SensorValue(sensor, value)


def test_a_timed_image_waits_for_its_time_and_then_for_its_refresh() -> None:
    tag = tag_with(OLD, NEW)
    command = bytes(DisplayTimedImage(1, at_ms=5_000))
    assert tag.tell(command, 0, 1_000) == bytes(DisplayState(0, 1))
    assert tag.tell(command, 0.1, 1_100) == bytes(DisplayState(0, 1))
    assert tag.tell(bytes(DisplayTimedImage(0, at_ms=6_000)), 0.2, 1_200) == error(ErrorCode.QUEUE_FULL)
    assert tag.tell(bytes(Ping()), 3.9, 4_900) == PENDING
    assert not tag.advance(4.0, 5_000)
    assert tag.tell(bytes(Ping()), 5.9, 6_900) == PENDING
    assert tag.tell(bytes(Ping()), 6.0, 7_000) == IDLE
    assert tag.panel == NEW


def test_a_timed_image_can_be_cancelled() -> None:
    tag = tag_with(OLD, NEW)
    tag.tell(bytes(DisplayTimedImage(1, at_ms=5_000)), 0, 1_000)
    assert tag.tell(bytes(DisplayTimedImage(1, at_ms=CANCEL)), 1, 2_000) == bytes(DisplayState(0, 1))
    assert tag.tell(bytes(Ping()), 9, 10_000) == IDLE
    assert tag.panel is None


def test_a_timed_image_is_right_over_the_wrap_of_the_clock() -> None:
    tag = tag_with(OLD)
    now_ms = 2**32 - 500
    assert tag.tell(bytes(DisplayTimedImage(0, at_ms=500)), 0, now_ms) == bytes(DisplayState(0, 0))
    assert not tag.advance(0.9, 2**32 - 1)
    tag.advance(1.1, 600)
    assert tag.advance(3.1, 2_600)
    assert tag.panel == OLD


def test_times_that_cannot_be_meant_are_refused() -> None:
    tag = tag_with(OLD)
    refused = error(ErrorCode.IMPLAUSIBLE_ABSOLUTE_TIME)
    assert tag.tell(bytes(DisplayTimedImage(0, at_ms=5_000 + LONGEST_AHEAD_MS)), 0, 5_000) == refused
    assert tag.tell(bytes(DisplayTimedImage(0, at_ms=4_000)), 0, 5_000) == refused


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (bytes(DisplayImage(3)), ErrorCode.IMAGE_NOT_AVAILABLE),
        (bytes(DisplayImage(4)), ErrorCode.INVALID_IMAGE_INDEX),
        (bytes(DisplayTimedImage(9, 2)), ErrorCode.INVALID_IMAGE_INDEX),
        (bytes(DisplayImage(0, display=1)), ErrorCode.INVALID_PARAMETER),
        (bytes(Ping(esl_id=5)), ErrorCode.INVALID_PARAMETER),
        (b"\x99\x00", ErrorCode.INVALID_OPCODE),
        (b"", ErrorCode.INVALID_OPCODE),
    ],
)
def test_what_a_label_cannot_do_it_answers_with_the_codes_of_the_standard(command: bytes, code: ErrorCode) -> None:
    assert tag_with(OLD).tell(command, 0, 1) == error(code)


def test_a_broadcast_is_obeyed_and_not_answered() -> None:
    tag = tag_with(OLD)
    assert tag.tell(bytes(DisplayImage(0, esl_id=BROADCAST)), 0, 1) is None
    tag.advance(2, 1)
    assert tag.panel == OLD


def test_images_of_another_size_or_slot_are_refused() -> None:
    tag = tag_with()
    with pytest.raises(TagRefusedError, match="capacity limit"):
        tag.load(0, OLD[:-1])
    with pytest.raises(TagRefusedError, match="invalid image index"):
        tag.load(4, OLD)


@given(st.lists(st.tuples(st.binary(max_size=9), st.floats(0, 3)), max_size=20))
def test_noise_is_always_answered_and_never_reaches_the_glass(said: list[tuple[bytes, float]]) -> None:
    tag = tag_with(OLD)
    now_s = 0.0
    for noise, wait_s in said:
        now_s += wait_s
        response = tag.tell(noise, now_s, round(now_s * 1000))
        assert response is None or parse_response(response)
        assert tag.panel in (None, OLD)
