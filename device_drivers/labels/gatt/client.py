"""The access point's side of a connection: configure a label, tell it commands, write images into it.

Follows the ESL Profile 1.0, 5.3 and 5.4, and the Object Transfer Service 1.0. What is written is read back by its
checksum, so an image that got lost on its way, or that the label could not use, is an error here and now.
"""

import zlib
from collections import deque
from dataclasses import dataclass
from typing import Final, TypeVar

import anyio

from device_drivers.api import DeviceRefusedError, DeviceUnreachableError, WrongPanelError
from device_drivers.labels.association import Association
from device_drivers.labels.gatt.link import Link
from firmware_specs.frames import ots
from firmware_specs.frames.esl import (
    BROADCAST,
    Characteristic,
    Control,
    ControlKind,
    DisplayInfo,
    ErrorResponse,
    EslAddress,
    parse_response,
)
from firmware_specs.frames.label_image import LabelObject

ANSWER_S: Final = 30.0
"""A procedure of the control points ends after so long (ESL Service 3.10.1); the link is of no more use then."""

WAITING: Final = 16
"""Answers that nobody has asked for are kept so many."""


R = TypeVar("R", ots.ListResponse, ots.ActionResponse)


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a label says it is: its first display, and how many images it stores."""

    display: DisplayInfo
    images: int


class EslClient:
    """One connected label; `name` stands in errors. Every method raises what `Link` raises."""

    def __init__(self, link: Link, name: str, answer_s: float = ANSWER_S) -> None:
        self._link = link
        self._name = name
        self._answer_s = answer_s
        self._heard: dict[int, _Answers] = {}
        self._hardware: Hardware | None = None
        self.esl_id = 0
        """The number that commands are told under, once the label is configured."""

    async def hardware(self) -> Hardware:
        """Return what the label is."""
        if self._hardware is None:
            displays = await self._link.read(Characteristic.DISPLAYS)
            images = await self._link.read(Characteristic.IMAGES)
            try:
                self._hardware = Hardware(DisplayInfo.from_bytes(displays[:5]), images[0] + 1)
            except (ValueError, IndexError) as exc:
                raise DeviceRefusedError(f"label {self._name} says nonsense of its displays: {exc}") from exc
        return self._hardware

    async def configure(self, association: Association, absolute_ms: int) -> None:
        """Write address, keys and time."""
        address = EslAddress(association.esl_id, association.group)
        await self._link.write(Characteristic.ADDRESS, bytes(address))
        await self._link.write(Characteristic.AP_SYNC_KEY, bytes(association.sync_key))
        await self._link.write(Characteristic.RESPONSE_KEY, bytes(association.response_key))
        await self._link.write(Characteristic.ABSOLUTE_TIME, absolute_ms.to_bytes(4, "little"))
        self.esl_id = association.esl_id

    async def tell(self, command: bytes) -> bytes:
        """Tell a command, its ESL ID put in, and return the response TLV."""
        if command[1] != BROADCAST:
            command = command[:1] + bytes((self.esl_id,)) + command[2:]
        answers = await self._answers(Characteristic.CONTROL_POINT)
        await self._link.write(Characteristic.CONTROL_POINT, command)
        return await self._next(answers, "a command")

    async def complete(self) -> None:
        """Say that the label has all that it needs, so that it may follow the train."""
        answer = await self.tell(bytes(Control(ControlKind.UPDATE_COMPLETE)))
        try:
            parsed = parse_response(answer)
        except ValueError as exc:
            raise DeviceRefusedError(f"label {self._name} answers nonsense: {answer[:20].hex()}") from exc
        if isinstance(parsed, ErrorResponse):
            raise DeviceRefusedError(f"label {self._name} is not ready to be synchronised: error 0x{parsed.code:02x}")

    async def load(self, slot: int, image: bytes) -> None:
        """Write a picture, a `LabelObject`, into a slot; it is there, checked, on return.

        Raises DeviceRefusedError for a picture of another panel, before anything is sent.
        """
        picture, hardware = self._picture(image), await self.hardware()
        display = hardware.display
        if (picture.width_px, picture.height_px, picture.display_type) != (
            display.width_px,
            display.height_px,
            display.kind,
        ):
            raise WrongPanelError(
                f"{picture} is not for label {self._name}, which has {display.width_px}x{display.height_px} pixels "
                f"of display type {display.kind}"
            )
        if not 0 <= slot < hardware.images:
            raise DeviceRefusedError(f"label {self._name} has no slot {slot}: it stores {hardware.images} images")
        await self._write_object(slot, bytes(picture.compressed()))

    def _picture(self, image: bytes) -> LabelObject:
        try:
            return LabelObject.from_bytes(image)
        except ValueError as exc:
            raise DeviceRefusedError(f"this is no picture for label {self._name}: {exc}") from exc

    async def _write_object(self, slot: int, data: bytes) -> None:
        async with self._link.channel(ots.PSM) as channel:
            listed = await self._answers(ots.Characteristic.OLCP)
            acted = await self._answers(ots.Characteristic.OACP)
            await self._link.write(ots.Characteristic.OLCP, bytes(ots.GoTo(ots.image_object(slot))))
            step = self._parsed(ots.ListResponse, await self._next(listed, "a step to its images"))
            self._expect(step.result, f"slot {slot}")
            await self._link.write(ots.Characteristic.OACP, bytes(ots.Write(0, len(data))))
            begun = self._parsed(ots.ActionResponse, await self._next(acted, "being written to"))
            self._expect(begun.result, f"a picture of {len(data)} bytes for slot {slot}")
            for at in range(0, len(data), channel.mtu):
                await channel.send(data[at : at + channel.mtu])
            await self._link.write(ots.Characteristic.OACP, bytes(ots.Checksum(0, len(data))))
            checked = self._parsed(ots.ActionResponse, await self._next(acted, "a checksum"))
            self._expect(checked.result, f"the picture for slot {slot}")
            if checked.value != zlib.crc32(data).to_bytes(4, "little"):
                raise DeviceRefusedError(f"label {self._name} has other bytes in slot {slot} than were sent")

    async def _answers(self, uuid: int) -> "_Answers":
        # What a characteristic says is kept from its first use on.
        if uuid not in self._heard:
            answers = self._heard[uuid] = _Answers()
            await self._link.heed(uuid, answers.hear)
        # What came too late for an earlier question is nobody's answer.
        self._heard[uuid].clear()
        return self._heard[uuid]

    async def _next(self, answers: "_Answers", what: str) -> bytes:
        try:
            with anyio.fail_after(self._answer_s):
                return await answers.next()
        except TimeoutError as exc:
            raise DeviceUnreachableError(f"label {self._name} does not answer {what}") from exc

    def _parsed(self, kind: type[R], data: bytes) -> R:
        try:
            return kind.from_bytes(data)
        except ValueError as exc:
            raise DeviceRefusedError(f"label {self._name} answers nonsense: {exc}") from exc

    def _expect(self, result: int, what: str) -> None:
        if result != ots.ActionResult.SUCCESS:
            raise DeviceRefusedError(f"label {self._name} refused {what}: result 0x{result:02x}")


class _Answers:
    # What one characteristic has said and nobody has taken yet.
    def __init__(self) -> None:
        self._said: deque[bytes] = deque(maxlen=WAITING)
        self._woken = anyio.Event()

    def hear(self, data: bytes) -> None:
        self._said.append(data)
        self._woken.set()

    def clear(self) -> None:
        self._said.clear()

    async def next(self) -> bytes:
        while not self._said:
            self._woken = anyio.Event()
            await self._woken.wait()
        return self._said.popleft()
