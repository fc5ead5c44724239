"""How one label is brought to what it must show: prepared, armed for an instant, switched, proved.

Sans-io: each campaign is a generator of steps that somebody else carries out and whose answers come back; a step that
failed comes back as LabelError. So the gateway, the tests of the price law and the benchmarks run the very same
campaign, and a crash may come at every step.

Of a label that has not proved what it shows, memory is not trusted: what is pending is cancelled first, what stands on
its glass is asked, and only then is a picture loaded or a command given. An answer that got lost costs a question,
never a second refresh.
"""

import itertools
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from edge_agent.roles.gateway.pictures import Draft, Drawn
from firmware_specs.frames.esl import (
    CANCEL,
    GLASS,
    BasicState,
    Command,
    DisplayState,
    DisplayTimedImage,
    ErrorCode,
    Ping,
    ReadSensor,
    Response,
    SensorValue,
    StateBits,
    absolute_time_ms,
    glass_digest,
)

REFRESH_S: Final = 0.9
"""A panel's refresh takes at least this long; then it is asked whether it has ended."""

LONGEST_REFRESH_S: Final = 30.0
LOOK_AGAIN_S: Final = 0.5
WATCH_S: Final = 0.1
"""At most so often it is looked, while a label is armed, whether its price has changed meanwhile."""

ABORT_S: Final = 0.3
"""A switch that is nearer than this is not called off any more."""

RETARGETS: Final = 2
"""So often a picture that is out of date is dropped before it was shown. A price that keeps changing is then shown
as it was a moment ago, if the law permits that, for otherwise it would never be shown."""


class LabelError(Exception):
    """A label did not do what it was told; the text says what happened, `cause` is one of `LabelFailed`."""

    def __init__(self, reason: str, cause: str = "refused") -> None:
        super().__init__(reason)
        self.cause = cause


class LabelRefusedError(LabelError):
    """A label answered with an error; `code` is an `ErrorCode` where the standard knows it."""

    def __init__(self, code: int) -> None:
        known = {each.value: each.name.lower().replace("_", " ") for each in ErrorCode}
        cause = "battery" if code == ErrorCode.INSUFFICIENT_BATTERY else "refused"
        super().__init__(f"the label answered error {known.get(code, f'0x{code:02x}')}", cause)
        self.code = code


@dataclass(frozen=True, slots=True)
class Ask:
    """Tell the label a command; the answer is the first that `accepts` takes."""

    command: Command
    accepts: Callable[[Response], bool]


@dataclass(frozen=True, slots=True)
class Draw:
    """Draw a picture; the answer is a `Drawn`."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class Load:
    """Write an image into a slot of the label, over a connection."""

    slot: int
    image: bytes


@dataclass(frozen=True, slots=True)
class Configure:
    """Give the label its address, its keys and the time once more."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Put what the label may be showing, and what it has stored, on the disk."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Let time pass."""

    seconds: float


Step = Ask | Draw | Load | Configure | Keep | Rest
Steps = Generator[Step, Any, None]


@dataclass(frozen=True, slots=True)
class Instant:
    """When a label switches: UTC milliseconds by the machine's clock, which labels follow, and the desk's seconds."""

    wall_ms: int
    at_s: float

    @property
    def absolute_ms(self) -> int:
        """The instant as labels are told it."""
        return absolute_time_ms(self.wall_ms)


class Desk(Protocol):
    """What a campaign goes by and writes down. No method waits."""

    def now_s(self) -> float:
        """Return monotonic seconds."""

    def instant(self, label: str) -> Instant:
        """Return when a label that is told now shall switch: as it was armed, while that can be kept.

        Labels told together switch together.
        """

    def is_proved(self, label: str) -> bool:
        """Return whether it is known what a label shows, and that it will not change by itself."""

    def is_armed(self, label: str, draft: Draft) -> bool:
        """Return whether a label was armed with a picture for an instant that has not come, and with nothing since."""

    def wanted(self, label: str) -> Draft | None:
        """Return what a label must show; None when nobody knows."""

    def stored(self, label: str) -> Mapping[int, str]:
        """Return the SHA-256 of the image in each slot of a label, as far as it is known."""

    def spare(self, label: str) -> int:
        """Return the slot to write into: an empty one, or one whose image is needed least."""

    def note_stored(self, label: str, stored: Mapping[int, str]) -> None:
        """Know from now on what a label has stored."""

    def prepared(self, label: str, draft: Draft, drawn: Drawn) -> None:
        """A label has a picture in a slot."""

    def arm(self, label: str, draft: Draft, drawn: Drawn) -> bool:
        """Count a picture among those that a label may be showing, if the law permits; return whether it does."""

    def prove(self, label: str) -> None:
        """A label shows the picture that it was armed with, and nothing else."""


def bring(desk: Desk, label: str) -> Steps:
    """Bring a label to what it must show; ends when that is proved, or when the law says that it must wait.

    Raises LabelError when the label does not do its part.
    """
    for retargets in itertools.count():
        draft = desk.wanted(label)
        if draft is None:
            return
        drawn = yield Draw(draft)
        is_shown, state = False, None
        # Armed before a restart: the same command once more changes nothing, whether the label has heard it or not.
        if not desk.is_proved(label) and not desk.is_armed(label, draft):
            state = yield from _settle(desk, label)
            # Tried again, a label often shows it by now: no refresh is spent on it.
            is_shown = yield from _shows(drawn)
        slot = None if is_shown else (yield from _stored(desk, label, draft, drawn))
        is_final = retargets >= RETARGETS
        if not is_final and desk.wanted(label) != draft:
            continue
        # Permission and its consequence in one step: what was heard while the picture was on its way counts.
        if not desk.arm(label, draft, drawn):
            return
        yield Keep()
        if slot is not None:
            state = yield from _switched(desk, label, None if is_final else draft, slot)
        if state is not None:
            yield from _prove(drawn, state)
            desk.prove(label)
            return


def prepare(desk: Desk, label: str, draft: Draft) -> Steps:
    """Put a picture that will be wanted into a spare slot, so that showing it takes one command.

    Changes nothing on the glass, so it needs no permission. Raises LabelError.
    """
    drawn = yield Draw(draft)
    if not desk.is_proved(label):
        yield from _settle(desk, label)
    yield from _stored(desk, label, draft, drawn)
    yield Keep()


def audit(sha256: str) -> Steps:
    """Ask a label whether it still shows a picture. Raises LabelError when it does not, or does not say."""
    yield from _prove(Drawn(b"", sha256), (yield from _state()))


def _settle(desk: Desk, label: str) -> Generator[Step, Any, StateBits]:
    # What an earlier run left pending may be any picture: it is called off, and what has begun is waited for.
    state = yield from _state()
    if StateBits.PENDING_DISPLAY_UPDATE not in state:
        return state
    slot = next(iter(desk.stored(label)), 0)
    try:
        yield Ask(DisplayTimedImage(slot, CANCEL), _is_display_state)
    except LabelRefusedError:
        # Nothing in that slot: then what is pending must run out by itself.
        pass
    return (yield from _refreshed(desk))


def _stored(desk: Desk, label: str, draft: Draft, drawn: Drawn) -> Generator[Step, Any, int]:
    stored = dict(desk.stored(label))
    for slot, sha256 in stored.items():
        if sha256 == drawn.sha256:
            desk.prepared(label, draft, drawn)
            return slot
    slot = desk.spare(label)
    if stored.pop(slot, None) is not None:
        # On disk before it is overwritten: a slot that is taken for another picture would show a wrong price.
        desk.note_stored(label, stored)
        yield Keep()
    yield Load(slot, drawn.image)
    desk.note_stored(label, {**desk.stored(label), slot: drawn.sha256})
    desk.prepared(label, draft, drawn)
    return slot


def _switched(desk: Desk, label: str, draft: Draft | None, slot: int) -> Generator[Step, Any, StateBits | None]:
    # Returns None when the switch was called off, since something else than `draft` is wanted by now.
    instant = desk.instant(label)
    try:
        yield Ask(DisplayTimedImage(slot, instant.absolute_ms), lambda answer: answer == DisplayState(0, slot))
    except LabelRefusedError as exc:
        if exc.code in (ErrorCode.IMAGE_NOT_AVAILABLE, ErrorCode.INVALID_IMAGE_INDEX):
            desk.note_stored(label, {})
        if exc.code == ErrorCode.IMPLAUSIBLE_ABSOLUTE_TIME and desk.now_s() < instant.at_s:
            # It is not that its answers got lost until it had switched: its clock is off.
            yield Configure()
        if exc.code != ErrorCode.IMPLAUSIBLE_ABSOLUTE_TIME or desk.now_s() < instant.at_s:
            raise
    while (left_s := instant.at_s - desk.now_s()) > 0:
        if left_s > ABORT_S and draft is not None and desk.wanted(label) != draft:
            yield Ask(DisplayTimedImage(slot, CANCEL), _is_display_state)
            return None
        # Ten thousand labels that wait for one instant are not looked at ten times a second each.
        yield Rest(min(left_s, max(WATCH_S, left_s / 4)))
    yield Rest(REFRESH_S)
    try:
        return (yield from _refreshed(desk))
    except LabelError:
        # Its clock may be slow: then it still waits for the instant.
        yield Configure()
        raise


def _refreshed(desk: Desk) -> Generator[Step, Any, StateBits]:
    until_s = desk.now_s() + LONGEST_REFRESH_S
    while StateBits.PENDING_DISPLAY_UPDATE in (state := (yield from _state())):
        if desk.now_s() >= until_s:
            raise LabelError(f"the panel has not refreshed after {LONGEST_REFRESH_S:g} s", "late")
        yield Rest(LOOK_AGAIN_S)
    return state


def _prove(drawn: Drawn, state: StateBits) -> Steps:
    if StateBits.SERVICE_NEEDED in state:
        raise LabelError("the label needs service", "service")
    if StateBits.PENDING_DISPLAY_UPDATE in state:
        raise LabelError("the label is going to show something else", "differs")
    if (yield from _glass()) != bytes.fromhex(drawn.sha256)[: len(glass_digest(None))]:
        raise LabelError("the label shows another image", "differs")


def _shows(drawn: Drawn) -> Generator[Step, Any, bool]:
    try:
        return (yield from _glass()) == bytes.fromhex(drawn.sha256)[: len(glass_digest(None))]
    except LabelRefusedError:
        # One that cannot say is told anyway.
        return False


def _state() -> Generator[Step, Any, StateBits]:
    answer = yield Ask(Ping(), lambda answer: isinstance(answer, BasicState))
    assert isinstance(answer, BasicState)
    return answer.bits


def _glass() -> Generator[Step, Any, bytes]:
    answer = yield Ask(ReadSensor(GLASS), _is_of_glass)
    assert isinstance(answer, SensorValue)
    return answer.value


def _is_of_glass(answer: Response) -> bool:
    return isinstance(answer, SensorValue) and answer.sensor == GLASS and len(answer.value) == len(glass_digest(None))


def _is_display_state(answer: Response) -> bool:
    return isinstance(answer, DisplayState)
