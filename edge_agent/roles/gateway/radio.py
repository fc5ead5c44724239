"""Asking labels: one question at a time to each, answered over the driver's signals."""

from collections.abc import Callable, Mapping
from typing import Final

import anyio

from device_drivers.api import (
    ConfigureLabel,
    DeviceRefusedError,
    DeviceUnreachableError,
    Driver,
    LabelAnswered,
    LabelBondedElsewhereError,
    LabelSilent,
    LoadImage,
    TellLabel,
    WrongPanelError,
)
from edge_agent.roles.gateway.campaign import Ask, LabelError, LabelRefusedError
from firmware_specs.frames.esl import ErrorResponse, Response, parse_response

ANSWER_S: Final = 300.0
"""The driver says when a label is silent; this is for one that never does."""


FORGETS: Final = 0.02


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
        self._locks: dict[str, anyio.Lock] = {}
        self.delay_s = 0.0
        """How long a label took to answer lately; the longest counts, and is forgotten slowly."""

        self.strange = 0
        """Answers that could not be read or that nobody waited for."""

    def hear(self, signal: LabelAnswered | LabelSilent) -> None:
        """Take an answer, or that there is none."""
        question = self._questions.get(signal.address.upper())
        if isinstance(signal, LabelSilent):
            if question is not None:
                question.answered.set()
            return
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

    async def ask(self, address: str, ask: Ask) -> Response:
        """Tell a command and return what the label answers. Raises LabelRefusedError for an error."""
        async with self._locks.setdefault(address.upper(), anyio.Lock()):
            return await self._asked(address, ask)

    async def _asked(self, address: str, ask: Ask) -> Response:
        question = self._questions[address.upper()] = _Question(ask.accepts)
        began_s = anyio.current_time()
        try:
            with anyio.fail_after(self._answer_s):
                await self._do(TellLabel(address, bytes(ask.command)))
                await question.answered.wait()
        except TimeoutError as exc:
            raise LabelError(f"no answer within {self._answer_s:g} s", "silent") from exc
        finally:
            del self._questions[address.upper()]
        if isinstance(question.answer, ErrorResponse):
            raise LabelRefusedError(question.answer.code)
        if question.answer is None:
            raise LabelError("the label does not answer", "silent")
        took_s = anyio.current_time() - began_s
        self.delay_s = max(took_s, self.delay_s + (took_s - self.delay_s) * FORGETS)
        return question.answer

    async def load(self, address: str, slot: int, image: bytes) -> None:
        """Write an image into a slot; the panel does not change."""
        await self._do(LoadImage(address, slot, image))

    async def configure(self, address: str) -> None:
        """Give a label its address, its keys and the time once more."""
        await self._do(ConfigureLabel(address))

    async def _do(self, deed: LoadImage | TellLabel | ConfigureLabel) -> None:
        driver = self._drivers.get("labels")
        if driver is None:
            raise LabelError("this gateway has no label radio", "radio")
        try:
            await driver.do(deed)
        except (DeviceRefusedError, DeviceUnreachableError) as exc:
            raise LabelError(str(exc), _cause(exc)) from exc


def _cause(exc: DeviceRefusedError | DeviceUnreachableError) -> str:
    if isinstance(exc, LabelBondedElsewhereError):
        return "bonded"
    if isinstance(exc, WrongPanelError):
        return "panel"
    return "silent" if isinstance(exc, DeviceUnreachableError) else "refused"
