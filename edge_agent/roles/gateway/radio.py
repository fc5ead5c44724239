"""Asking labels: one question at a time to each, answered over the driver's signals."""

from collections.abc import Callable, Mapping
from typing import Final

import anyio

from device_drivers.api import (
    DeviceRefusedError,
    DeviceUnreachableError,
    Driver,
    LabelAnswered,
    LoadImage,
    TellLabel,
)
from firmware_specs.frames.esl import (
    GLASS,
    BasicState,
    DisplayImage,
    DisplayState,
    ErrorCode,
    ErrorResponse,
    Ping,
    ReadSensor,
    Response,
    SensorValue,
    StateBits,
    glass_digest,
    parse_response,
)

ANSWER_S: Final = 5.0


class LabelError(Exception):
    """A label did not do what it was told; the text says what happened."""


class _Question:
    def __init__(self, accepts: Callable[[Response], bool]) -> None:
        self.accepts = accepts
        self.answered = anyio.Event()
        self.answer: Response | None = None


class LabelRadio:
    """The labels behind the driver `labels`. Every method raises LabelError when the label is silent or says no."""

    def __init__(self, drivers: Mapping[str, Driver], answer_s: float = ANSWER_S) -> None:
        self._drivers = drivers
        self._answer_s = answer_s
        self._questions: dict[str, _Question] = {}
        self.strange = 0
        """Answers that could not be read or that nobody waited for."""

    def hear(self, signal: LabelAnswered) -> None:
        """Take an answer."""
        question = self._questions.get(signal.address.upper())
        try:
            answer = parse_response(signal.response)
        except ValueError:
            self.strange += 1
            return
        if question is None or not (isinstance(answer, ErrorResponse) or question.accepts(answer)):
            self.strange += 1
            return
        question.answer = answer
        question.answered.set()

    async def is_pending(self, address: str) -> bool:
        """Return whether a display update is pending."""
        return StateBits.PENDING_DISPLAY_UPDATE in await self._state(address)

    async def shows(self, address: str, image_sha256: str) -> bool:
        """Return whether the label says that this very image is on its glass now."""
        answer = await self._ask(address, bytes(ReadSensor(GLASS)), _is_of_glass)
        return isinstance(answer, SensorValue) and answer.value == bytes.fromhex(image_sha256)[: len(answer.value)]

    async def prove(self, address: str, image_sha256: str) -> None:
        """Return when the label is well and says that this very image is on its glass, to stay."""
        state = await self._state(address)
        if StateBits.SERVICE_NEEDED in state:
            raise LabelError("the label needs service")
        if StateBits.SYNCHRONIZED not in state:
            raise LabelError("the label is not synchronised")
        if StateBits.PENDING_DISPLAY_UPDATE in state:
            raise LabelError("the label is going to show something else")
        if not await self.shows(address, image_sha256):
            raise LabelError("the label shows another image")

    async def load(self, address: str, slot: int, image: bytes) -> None:
        """Write an image into a slot; the panel does not change."""
        await self._do(address, LoadImage(address, slot, image))

    async def display(self, address: str, slot: int) -> None:
        """Show a slot's image; returns when the label says that it will."""
        await self._ask(address, bytes(DisplayImage(slot)), lambda answer: answer == DisplayState(0, slot))

    async def _state(self, address: str) -> StateBits:
        state = await self._ask(address, bytes(Ping()), lambda answer: isinstance(answer, BasicState))
        assert isinstance(state, BasicState)
        return state.bits

    async def _ask(self, address: str, command: bytes, accepts: Callable[[Response], bool]) -> Response:
        question = self._questions[address.upper()] = _Question(accepts)
        try:
            with anyio.fail_after(self._answer_s):
                await self._do(address, TellLabel(address, command))
                await question.answered.wait()
        except TimeoutError as exc:
            raise LabelError(f"no answer within {self._answer_s:g} s") from exc
        finally:
            del self._questions[address.upper()]
        if isinstance(question.answer, ErrorResponse):
            raise LabelError(f"the label answered error {_error_name(question.answer.code)}")
        assert question.answer is not None
        return question.answer

    async def _do(self, address: str, deed: LoadImage | TellLabel) -> None:
        driver = self._drivers.get("labels")
        if driver is None:
            raise LabelError("this gateway has no label radio")
        try:
            await driver.do(deed)
        except (DeviceRefusedError, DeviceUnreachableError) as exc:
            raise LabelError(str(exc)) from exc


def _is_of_glass(answer: Response) -> bool:
    return isinstance(answer, SensorValue) and answer.sensor == GLASS and len(answer.value) == len(glass_digest(None))


def _error_name(code: int) -> str:
    known = {each.value: each.name.lower().replace("_", " ") for each in ErrorCode}
    return known.get(code, f"0x{code:02x}")
