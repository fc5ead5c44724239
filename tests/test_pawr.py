"""Labels over PAwR: known bytes and airtimes, an access point that loses nothing, and panels drawn once."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_drivers.labels.association import Association
from device_drivers.labels.pawr.access_point import AccessPoint, Place
from device_drivers.labels.pawr.loss import Link, Loss
from device_drivers.labels.pawr.receiver import Receiver
from device_drivers.labels.pawr.simulate import BURSTS, Way, simulate
from device_drivers.labels.tag import Tag
from firmware_specs.frames.ead import KeyMaterial, SealError, randomizer, seal, unseal
from firmware_specs.frames.esl import (
    BROADCAST,
    BasicState,
    Command,
    Control,
    ControlKind,
    DisplayImage,
    DisplayState,
    DisplayTimedImage,
    ErrorCode,
    ErrorResponse,
    Flash,
    LedControl,
    LedState,
    LedTimedControl,
    Ping,
    RefreshDisplay,
    StateBits,
    parse_command,
    parse_response,
)
from firmware_specs.frames.pawr import Packet, Phy, Timing, split

SYNC = KeyMaterial.from_bytes(bytes(range(24)))
RESPONSE = KeyMaterial(b"r" * 16, b"iv" * 4)
PLACE = Place(0, 7, RESPONSE)


def test_a_payload_is_sealed_as_in_the_known_vector() -> None:
    sealed = seal(SYNC, bytes.fromhex("030007"), bytes.fromhex("0102030405"))
    assert sealed.hex() == "0f310102030405e2c2ae893b53991429"
    assert unseal(SYNC, sealed) == bytes.fromhex("030007")
    assert bytes(SYNC) == bytes(range(24))


@given(st.binary(min_size=1, max_size=48), st.integers(0, 2**39 - 1), st.booleans())
def test_what_is_sealed_opens_with_its_key_alone(payload: bytes, count: int, is_response: bool) -> None:
    sealed = seal(SYNC, payload, randomizer(count, is_response=is_response))
    assert unseal(SYNC, sealed) == payload
    with pytest.raises(SealError):
        unseal(RESPONSE, sealed)


@given(st.binary(max_size=80))
def test_noise_opens_as_nothing_and_splits_into_whole_commands_or_not_at_all(data: bytes) -> None:
    with pytest.raises(SealError):
        unseal(SYNC, data)
    try:
        assert b"".join(split(data)) == data
    except ValueError:
        return


@pytest.mark.parametrize("payload", [b"", b"x" * 49])
def test_a_payload_that_does_not_fit_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="expected 1 to 48"):
        seal(SYNC, payload, bytes(5))


def test_randomizers_of_both_directions_never_meet_and_end_some_day() -> None:
    assert randomizer(5, is_response=True) != randomizer(5, is_response=False)
    with pytest.raises(ValueError, match="change the key"):
        randomizer(2**39, is_response=False)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (Control(ControlKind.UPDATE_COMPLETE, 9), "0409"),
        (LedControl(Flash(0x41, 0x0102030405, 100, 200, 3), 1, 7), "b007014105040302016432" + "0600"),
        (
            LedTimedControl(Flash(0, 0, 0, 0, 0, in_seconds=True), 0x01020304, 0, 7),
            "f00700" + "00" * 8 + "010004030201",
        ),
    ],
)
def test_commands_have_the_bytes_of_the_standard(command: Command, expected: str) -> None:
    assert bytes(command).hex() == expected
    assert parse_command(bytes(command)) == command


@pytest.mark.parametrize(
    ("phy", "payload", "expected_us"),
    [(Phy.LE_1M, 48, 584), (Phy.LE_1M, 0, 96), (Phy.LE_1M, 3, 224), (Phy.LE_2M, 48, 296), (Phy.LE_2M, 3, 116)],
)
def test_packets_take_as_long_as_the_standard_says(phy: Phy, payload: int, expected_us: int) -> None:
    assert phy.payload_us(payload) == expected_us


@pytest.mark.parametrize(
    ("timing", "message"),
    [
        ({"delay_ms": 10.1}, "multiple of 1.25"),
        ({"spacing_ms": 0.25}, "slots 0.25 ms apart"),
        ({"groups": 129}, "129 groups"),
        ({"slots": 0}, "0 response slots"),
    ],
)
def test_a_timing_that_no_controller_takes_is_refused(timing: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Timing(**timing)  # type: ignore[arg-type]


def test_the_slot_counts_every_command_of_the_packet_and_the_last_for_a_label_counts() -> None:
    commands = (DisplayTimedImage(1, 9, BROADCAST), Ping(7), Ping(8), Ping(7))
    packet = Packet(3, tuple(bytes(command) for command in commands))
    assert Packet.from_bytes(bytes(packet)) == packet
    assert (packet.slot_of(8), packet.slot_of(7), packet.slot_of(6)) == (2, 3, None)


def tag(**named: float) -> Tag:
    """Return a label that shows one image and holds another."""
    made = Tag(4, slots=2, refresh_s=named.get("refresh_s", 15.0), esl_id=PLACE.esl_id)
    made.panel, made.stored = b"old.", {0: b"old.", 1: b"new!"}
    return made


def radio(label: Tag) -> Receiver:
    """Return its radio."""
    association = Association(PLACE.group, PLACE.esl_id, SYNC, RESPONSE)
    return Receiver(label, association, itertools.count().__next__)


def access_point(**named: bool) -> AccessPoint:
    """Return one of a single group."""
    return AccessPoint(SYNC, Timing(), itertools.count().__next__, **named)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=25), st.integers(20, 60))
def test_however_packets_get_lost_a_label_draws_once_and_the_answer_comes_once(
    losses: list[tuple[bool, bool]], at_s: int
) -> None:
    label, point = tag(), access_point()
    receiver = radio(label)
    point.tell(PLACE, bytes(DisplayTimedImage(1, at_s * 1000, PLACE.esl_id)))
    answers = []
    for interval, (down, up) in enumerate([*losses, *[(False, False)] * 12]):
        sealed = point.packet(0, interval)
        if sealed is None:
            continue
        said = None if down else receiver.hear(sealed, interval * 0.5, interval * 500)
        slots: list[bytes | None] = [None] * 5
        if said is not None and not up:
            slots[said[0]] = said[1]
        answers += point.hear(0, slots, interval)
    for second in range(at_s - 1, at_s + 60):
        label.advance(second, second * 1000)
    assert answers == [(PLACE, bytes(DisplayState(0, 1)))]
    assert point.busy == ()
    assert (label.panel, label.refreshes) == (b"new!", 1)


def test_what_a_label_would_do_twice_is_not_said_until_answered() -> None:
    for command in (DisplayImage(1, 7), RefreshDisplay(7)):
        with pytest.raises(ValueError, match="carried out twice"):
            access_point().tell(PLACE, bytes(command))


@given(st.binary(max_size=70))
def test_noise_in_a_slot_counts_as_silence(data: bytes) -> None:
    point = access_point()
    point.tell(PLACE, bytes(Ping(7)))
    assert point.packet(0, 0) is not None
    assert point.hear(0, [data], 0) == []
    assert point.strange == 1
    assert point.busy == (0,)


def test_two_commands_for_one_label_go_in_two_packets_in_their_order() -> None:
    point, receiver = access_point(), radio(tag())
    point.tell(PLACE, bytes(DisplayTimedImage(1, 90_000, 7)))
    point.tell(PLACE, bytes(Ping(7)))
    found = []
    for interval in range(2):
        sealed = point.packet(0, interval)
        assert sealed is not None
        said = receiver.hear(sealed, interval, 1000 * interval)
        assert said is not None
        found += [parse_response(answer) for _, answer in point.hear(0, [said[1]], interval)]
    pending = StateBits.SYNCHRONIZED | StateBits.PENDING_DISPLAY_UPDATE
    assert found == [DisplayState(0, 1), BasicState(pending)]


def test_a_label_of_another_group_or_key_stays_silent() -> None:
    receiver = radio(tag())
    assert receiver.hear(seal(RESPONSE, bytes(Packet(0, (bytes(Ping(7)),))), bytes(5)), 0, 0) is None
    assert receiver.hear(seal(SYNC, bytes(Packet(1, (bytes(Ping(7)),))), bytes(5)), 0, 0) is None


def test_a_flash_is_answered_and_seen_in_the_state_until_it_is_over() -> None:
    label = tag()
    flash = LedControl(Flash(0x0C, 0b1, 100, 100, 10, in_seconds=True), 0, 7)
    assert label.tell(bytes(flash), 5, 5000) == bytes(LedState(0))
    assert label.tell(bytes(Ping(7)), 14, 14_000) == bytes(BasicState(StateBits.SYNCHRONIZED | StateBits.ACTIVE_LED))
    assert label.tell(bytes(Ping(7)), 16, 16_000) == bytes(BasicState(StateBits.SYNCHRONIZED))
    assert label.tell(bytes(LedControl(flash.flash, 3, 7)), 16, 16_000) == bytes(
        ErrorResponse(ErrorCode.INVALID_PARAMETER)
    )


def test_a_label_gone_from_its_access_point_drops_what_was_timed_and_says_so() -> None:
    label = tag()
    label.tell(bytes(DisplayTimedImage(1, 9000, 7)), 1, 1000)
    assert label.tell(bytes(Control(ControlKind.UNASSOCIATE, 7)), 2, 2000) == bytes(BasicState(StateBits(0)))
    label.advance(60, 60_000)
    assert label.panel == b"old."
    assert label.tell(bytes(Control(ControlKind.FACTORY_RESET, 7)), 2, 2000) == bytes(
        ErrorResponse(ErrorCode.INVALID_STATE)
    )


def test_a_shadow_lasts_as_long_as_it_should() -> None:
    link = Link(Loss(0, 0, shadowed=0.25, in_shadow=0.999999, stays=0.9), random.Random(3))
    lost = [not link.passes(step * 0.5, is_up=True) for step in range(40_000)]
    lengths = [len(list(run)) for was_lost, run in itertools.groupby(lost) if was_lost]
    assert sum(lost) / len(lost) == pytest.approx(0.25, abs=0.02)
    assert sum(lengths) / len(lengths) == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize("labels", [250, 1000])
def test_without_loss_the_air_takes_what_the_formula_says(labels: int) -> None:
    for way in (Way.EACH, Way.TOGETHER):
        outcome = simulate(labels, Loss(), 1, way=way)
        assert outcome.last_s == pytest.approx(outcome.lossless_bound_s, rel=0.05)
        assert (outcome.unanswered, outcome.double_refreshes, outcome.refreshes) == (0, 0, labels)


@pytest.mark.parametrize("way", [Way.EACH, Way.TOGETHER])
def test_with_losses_and_bursts_every_label_answers_and_none_draws_twice(way: Way) -> None:
    outcome = simulate(1000, Loss(0.1, 0.1, **BURSTS), 4, way=way)
    assert (outcome.unanswered, outcome.double_refreshes, outcome.refreshes) == (0, 0, 1000)
    assert outcome.said > 1200


def test_the_naive_way_draws_many_panels_twice() -> None:
    assert simulate(1000, Loss(0.05, 0.05, **BURSTS), 4, way=Way.BLINDLY).double_refreshes > 20


@pytest.mark.parametrize("labels", [0, 40_000])
def test_more_labels_than_an_access_point_has_room_for_are_refused(labels: int) -> None:
    with pytest.raises(ValueError, match="labels on one access point"):
        simulate(labels, Loss(), 1)
