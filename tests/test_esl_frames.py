"""ESL TLVs: known bytes, round trips, and noise that is a ValueError and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_specs.frames.esl import (
    CANCEL,
    BasicState,
    Command,
    DisplayImage,
    DisplayState,
    DisplayTimedImage,
    ErrorCode,
    ErrorResponse,
    Ping,
    RefreshDisplay,
    Response,
    StateBits,
    absolute_time_ms,
    parse_command,
    parse_response,
)

byte = st.integers(0, 255)
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(Ping, esl_id=byte),
    st.builds(RefreshDisplay, esl_id=byte, display=byte),
    st.builds(DisplayImage, image=byte, esl_id=byte, display=byte),
    st.builds(DisplayTimedImage, image=byte, at_ms=st.integers(0, 2**32 - 1), esl_id=byte, display=byte),
)
responses: st.SearchStrategy[Response] = st.one_of(
    st.builds(ErrorResponse, code=byte),
    st.builds(BasicState, bits=st.integers(0, 2**16 - 1).map(StateBits)),
    st.builds(DisplayState, display=byte, image=byte),
)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (Ping(esl_id=0x12), "0012"),
        (RefreshDisplay(esl_id=1), "110100"),
        (DisplayImage(image=3, esl_id=0x12, display=1), "20120103"),
        (DisplayTimedImage(image=2, at_ms=0x0A0B0C0D, esl_id=7), "6007000 20d0c0b0a".replace(" ", "")),
    ],
)
def test_commands_have_the_bytes_of_the_standard(command: Command, expected: str) -> None:
    assert bytes(command).hex() == expected
    assert parse_command(bytes.fromhex(expected)) == command


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (ErrorResponse(ErrorCode.QUEUE_FULL), "000b"),
        (BasicState(StateBits.SYNCHRONIZED | StateBits.PENDING_DISPLAY_UPDATE), "101200"),
        (DisplayState(0, 2), "110002"),
    ],
)
def test_responses_have_the_bytes_of_the_standard(response: Response, expected: str) -> None:
    assert bytes(response).hex() == expected
    assert parse_response(bytes.fromhex(expected)) == response


@given(commands)
def test_every_command_makes_the_round_trip_and_says_its_own_length(command: Command) -> None:
    data = bytes(command)
    assert len(data) == (data[0] >> 4) + 2
    assert parse_command(data) == command


@given(responses)
def test_every_response_makes_the_round_trip(response: Response) -> None:
    assert parse_response(bytes(response)) == response


@given(st.binary(max_size=24))
def test_noise_is_a_value_error_and_nothing_else(noise: bytes) -> None:
    for parse in (parse_command, parse_response):
        try:
            parsed = parse(noise)
        except ValueError:
            continue
        assert bytes(parsed) == noise


def test_bits_and_codes_of_later_firmware_are_kept() -> None:
    state = parse_response(bytes.fromhex("10f2ff"))
    assert isinstance(state, BasicState)
    assert state.bits & StateBits.PENDING_DISPLAY_UPDATE
    assert bytes(state).hex() == "10f2ff"
    assert parse_response(bytes.fromhex("00f0")) == ErrorResponse(0xF0)


@given(st.integers(0, 2**53))
def test_absolute_time_fits_32_bits_and_never_cancels(at_ms: int) -> None:
    absolute_ms = absolute_time_ms(at_ms)
    assert CANCEL < absolute_ms < 2**32
    assert len(bytes(DisplayTimedImage(0, absolute_ms))) == 8
