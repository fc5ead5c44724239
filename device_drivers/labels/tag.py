"""One shelf label's firmware, without its radio: commands and time in, responses and a panel out.

It follows the ESL Service 1.0, where an accepted command is answered before the glass has changed: a refresh
takes its time, and the pending bit of Basic State stands until it is over. What is on the glass is a
vendor-specific sensor of its own (`esl.GLASS`).
"""

from dataclasses import dataclass
from typing import assert_never

from firmware_specs.frames.esl import (
    BROADCAST,
    CANCEL,
    GLASS,
    LONGEST_AHEAD_MS,
    BasicState,
    Command,
    Control,
    ControlKind,
    DisplayImage,
    DisplayState,
    DisplayTimedImage,
    ErrorCode,
    ErrorResponse,
    LedControl,
    LedState,
    LedTimedControl,
    Ping,
    ReadSensor,
    RefreshDisplay,
    Response,
    SensorValue,
    StateBits,
    glass_digest,
    parse_command,
)

_WRAP_MS = 2**32


class TagRefusedError(ValueError):
    """The label refused an image; `code` is its error code."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.name.lower().replace("_", " "))
        self.code = code


@dataclass(frozen=True, slots=True)
class _Refresh:
    """Ink on its way: `image` is on the glass at `until_s`."""

    image: bytes
    until_s: float


class Tag:
    """A label with one black-and-white display.

    `now_s` is monotonic seconds; `absolute_ms` the label's 32-bit clock, set by its access point.
    """

    def __init__(self, image_bytes: int, slots: int, refresh_s: float, esl_id: int = 0) -> None:
        self.image_bytes = image_bytes
        """How long each image is."""

        self._slots = slots
        self._refresh: _Refresh | None = None
        self._queued: bytes | None = None
        self.esl_id = esl_id
        """Its number in its group, given when it is associated."""

        self.refresh_s = refresh_s
        self.timed: tuple[int, int] | None = None
        """The pending timed command: slot and absolute time, milliseconds."""

        self.stored: dict[int, bytes] = {}
        """Images by slot; flash, so it survives a power cut."""

        self.panel: bytes | None = None
        """What is on the glass; None for a panel that never showed anything."""

        self.is_low = False
        """Whether its battery is too low to draw the panel once more."""

        self.flashes_until_s = float("-inf")
        self.refreshes = 0
        """How often the panel was drawn: each costs the battery hours of standby."""

        self.condition = StateBits.SYNCHRONIZED
        """What Basic State says beside the pending bit."""

    @property
    def wanted(self) -> bytes | None:
        """The image that a refresh under way will leave on the glass."""
        return self._queued or (self._refresh.image if self._refresh is not None else None)

    @property
    def is_pending(self) -> bool:
        """Whether the glass is going to change."""
        return self.wanted is not None or self.timed is not None

    def resume(self, wanted: bytes, now_s: float) -> None:
        """Draw again, after a power cut, what a refresh was drawing; otherwise an answer given would be a lie."""
        self._refresh = _Refresh(wanted, now_s + self.refresh_s)

    def finish(self) -> None:
        """The refresh under way has come to its end, whatever the clock says."""
        if self._refresh is not None:
            self.panel, self._refresh = self._refresh.image, None
            self.refreshes += 1

    def load(self, slot: int, image: bytes) -> None:
        """Store an image in a slot; the glass does not change. Raises TagRefusedError."""
        if not 0 <= slot < self._slots:
            raise TagRefusedError(ErrorCode.INVALID_IMAGE_INDEX)
        if len(image) != self.image_bytes:
            raise TagRefusedError(ErrorCode.CAPACITY_LIMIT)
        self.stored[slot] = image

    def tell(self, command: bytes, now_s: float, absolute_ms: int) -> bytes | None:
        """Return the response TLV to a command TLV, or None for a broadcast, which nobody answers."""
        self.advance(now_s, absolute_ms)
        try:
            parsed = parse_command(command)
        except ValueError:
            return bytes(ErrorResponse(ErrorCode.INVALID_OPCODE))
        if parsed.esl_id not in (self.esl_id, BROADCAST):
            return bytes(ErrorResponse(ErrorCode.INVALID_PARAMETER))
        response = self._obey(parsed, now_s, absolute_ms)
        return None if parsed.esl_id == BROADCAST else bytes(response)

    def advance(self, now_s: float, absolute_ms: int) -> bool:
        """Let time pass; return whether the glass changed."""
        changed = False
        if self._refresh is not None and now_s >= self._refresh.until_s:
            changed = self.panel != self._refresh.image
            self.panel, self._refresh = self._refresh.image, None
            self.refreshes += 1
        if self.timed is not None and (absolute_ms - self.timed[1]) % _WRAP_MS < _WRAP_MS // 2:
            self._queued, self.timed = self.stored[self.timed[0]], None
        if self._queued is not None and self._refresh is None:
            self._refresh, self._queued = _Refresh(self._queued, now_s + self.refresh_s), None
        return changed

    def _obey(self, command: Command, now_s: float, absolute_ms: int) -> Response:
        match command:
            case Ping():
                return self._basic_state(now_s)
            case Control():
                return self._changed_state(command.kind)
            case ReadSensor(sensor=sensor):
                return self._sensed(sensor)
            case LedControl() | LedTimedControl():
                return self._flash(command, now_s)
            case _ if command.display != 0:
                return ErrorResponse(ErrorCode.INVALID_PARAMETER)
            case RefreshDisplay():
                shown = self._shown_slot()
                if shown is None:
                    return ErrorResponse(ErrorCode.IMAGE_NOT_AVAILABLE)
                return self._show(shown, now_s, absolute_ms)
            case DisplayImage(image=slot):
                return self._missing(slot) or self._show(slot, now_s, absolute_ms)
            case DisplayTimedImage(image=slot, at_ms=at_ms):
                return self._missing(slot) or self._show_at(slot, at_ms, absolute_ms)
            case _:
                assert_never(command)

    def _basic_state(self, now_s: float) -> BasicState:
        pending = StateBits.PENDING_DISPLAY_UPDATE if self.is_pending else StateBits(0)
        flashing = StateBits.ACTIVE_LED if now_s < self.flashes_until_s else StateBits(0)
        return BasicState(self.condition | pending | flashing)

    def _changed_state(self, kind: ControlKind) -> Response:
        match kind:
            case ControlKind.SERVICE_RESET:
                self.condition &= ~StateBits.SERVICE_NEEDED
            case ControlKind.UPDATE_COMPLETE:
                self.condition |= StateBits.SYNCHRONIZED
            case ControlKind.UNASSOCIATE:
                self.condition &= ~StateBits.SYNCHRONIZED
                self.timed = None
            case ControlKind.FACTORY_RESET:
                # Only over a connection, while it is being configured or updated.
                return ErrorResponse(ErrorCode.INVALID_STATE)
        return BasicState(self.condition)

    def _flash(self, command: LedControl | LedTimedControl, now_s: float) -> Response:
        if command.led != 0:
            return ErrorResponse(ErrorCode.INVALID_PARAMETER)
        if isinstance(command, LedTimedControl):
            # This firmware has no second clock for its LED.
            return ErrorResponse(ErrorCode.QUEUE_FULL)
        flash = command.flash
        lasts_s = flash.repeats if flash.in_seconds else flash.repeats * 40 * (flash.on_ms + flash.off_ms) / 2000
        forever = flash.in_seconds and not flash.repeats
        self.flashes_until_s = float("inf") if forever else now_s + lasts_s
        return LedState(0)

    def _sensed(self, sensor: int) -> Response:
        if sensor != GLASS:
            return ErrorResponse(ErrorCode.INVALID_PARAMETER)
        # Half-way through a refresh the glass shows no image at all.
        busy = self._refresh is not None
        return ErrorResponse(ErrorCode.RETRY) if busy else SensorValue(GLASS, glass_digest(self.panel))

    def _missing(self, slot: int) -> ErrorResponse | None:
        if self.is_low:
            return ErrorResponse(ErrorCode.INSUFFICIENT_BATTERY)
        if slot >= self._slots:
            return ErrorResponse(ErrorCode.INVALID_IMAGE_INDEX)
        return None if slot in self.stored else ErrorResponse(ErrorCode.IMAGE_NOT_AVAILABLE)

    def _show(self, slot: int, now_s: float, absolute_ms: int) -> DisplayState:
        # A running refresh cannot be stopped: the newest image waits behind it.
        self._queued = self.stored[slot]
        self.advance(now_s, absolute_ms)
        return DisplayState(0, slot)

    def _show_at(self, slot: int, at_ms: int, absolute_ms: int) -> Response:
        if at_ms == CANCEL:
            self.timed = None
        elif (at_ms - absolute_ms) % _WRAP_MS >= LONGEST_AHEAD_MS:
            return ErrorResponse(ErrorCode.IMPLAUSIBLE_ABSOLUTE_TIME)
        elif self.timed is not None and self.timed[1] != at_ms:
            return ErrorResponse(ErrorCode.QUEUE_FULL)
        else:
            self.timed = (slot, at_ms)
        return DisplayState(0, slot)

    def _shown_slot(self) -> int | None:
        on_glass = self._refresh.image if self._refresh is not None else self.panel
        return next((slot for slot, image in sorted(self.stored.items()) if image == on_glass), None)
