"""A label's side of a connection, without its radio: attributes are read and written, and it answers.

The four values that associate it count once all have been written; an image counts once all of its bytes are there and
it fits the display. Errors are those of the Attribute Protocol (Core 5.4, volume 3 part F, 3.4.1.1).
"""

import zlib
from enum import IntEnum
from typing import Final, Protocol

from device_drivers.labels.association import Association
from device_drivers.labels.tag import Tag, TagRefusedError
from firmware_specs.frames import ots
from firmware_specs.frames.ead import KeyMaterial
from firmware_specs.frames.esl import (
    Characteristic,
    ControlKind,
    DisplayInfo,
    ErrorCode,
    ErrorResponse,
    EslAddress,
)
from firmware_specs.frames.label_image import HEADER_BYTES, LabelObject

Said = tuple[tuple[int, bytes], ...]
"""What is notified or indicated: characteristic and value, in this order."""

UNSPECIFIED: Final = 0x2ACA
"""The object type of images."""

FEATURES: Final = 1 << 2 | 1 << 5 | 1 << 7
"""Actions: checksum, write, truncate (OTS 3.1.1)."""

GO_TO: Final = 1
PROPERTIES: Final = 1 << 3 | 1 << 5
"""Of every image: write, truncate (OTS 3.2.9)."""

GLASS_SENSOR: Final = bytes.fromhex("01ffff0000")
"""Sensor 0 is vendor-specific: company 0xFFFF, for none is assigned to us, code 0."""

GREEN_LED: Final = bytes((0b00_00_11_00,))


class AttError(IntEnum):
    """Why an attribute was not read or written."""

    READ_NOT_PERMITTED = 0x02
    WRITE_NOT_PERMITTED = 0x03
    INVALID_LENGTH = 0x0D
    VALUE_NOT_ALLOWED = 0x13


class RefusedAttributeError(Exception):
    """The label refused; `code` says why."""

    def __init__(self, code: AttError) -> None:
        super().__init__(code.name.lower().replace("_", " "))
        self.code = code


class Own(Protocol):
    """The label behind the server."""

    @property
    def tag(self) -> Tag:
        """The firmware."""

    @property
    def display(self) -> DisplayInfo:
        """What its hardware is."""

    @property
    def images(self) -> int:
        """How many images it stores."""

    @property
    def association(self) -> Association | None:
        """Whom it belongs to."""

    def associate(self, association: Association, absolute_ms: int) -> None:
        """Belong to this access point, and take the time from it."""

    def forget(self) -> None:
        """Belong to nobody, as out of the box."""

    def clock(self) -> tuple[float, int]:
        """Return monotonic seconds and the label's absolute time."""


class EslServer:
    """One connection to a label; the next one begins with a new server."""

    def __init__(self, own: Own) -> None:
        self._own = own
        self._values: dict[int, bytes] = {}
        self._object: int | None = None
        self._has_channel = False
        self._awaited = 0
        self._received = bytearray()
        self._checked: bytes | None = None
        """The object as it came in, once it is stored."""

        self._refused = False

    def read(self, uuid: int) -> bytes:
        """Return a value. Raises RefusedAttributeError."""
        own = self._own
        match uuid:
            case Characteristic.DISPLAYS:
                return bytes(own.display)
            case Characteristic.IMAGES:
                return bytes((own.images - 1,))
            case Characteristic.SENSORS:
                return GLASS_SENSOR
            case Characteristic.LEDS:
                return GREEN_LED
            case ots.Characteristic.FEATURE:
                return FEATURES.to_bytes(4, "little") + GO_TO.to_bytes(4, "little")
        slot = self._object
        if slot is None:
            raise RefusedAttributeError(AttError.READ_NOT_PERMITTED)
        match uuid:
            case ots.Characteristic.NAME:
                return f"image {slot}".encode()
            case ots.Characteristic.TYPE:
                return UNSPECIFIED.to_bytes(2, "little")
            case ots.Characteristic.SIZE:
                return bytes(ots.ObjectSize(len(own.tag.stored.get(slot, b"")), self._own.tag.image_bytes))
            case ots.Characteristic.ID:
                return ots.image_object(slot).to_bytes(6, "little")
            case ots.Characteristic.PROPERTIES:
                return PROPERTIES.to_bytes(4, "little")
        raise RefusedAttributeError(AttError.READ_NOT_PERMITTED)

    def write(self, uuid: int, value: bytes) -> Said:
        """Take a value, and return what the label says to it. Raises RefusedAttributeError."""
        match uuid:
            case (
                Characteristic.ADDRESS
                | Characteristic.AP_SYNC_KEY
                | Characteristic.RESPONSE_KEY
                | Characteristic.ABSOLUTE_TIME
            ):
                self._configure(uuid, value)
                return ()
            case Characteristic.CONTROL_POINT:
                return self._obey(value)
            case ots.Characteristic.OLCP:
                return ((uuid, bytes(self._go_to(value))),)
            case ots.Characteristic.OACP:
                return ((uuid, bytes(self._act(value))),)
        raise RefusedAttributeError(AttError.WRITE_NOT_PERMITTED)

    def open_channel(self) -> None:
        """The other side has opened a channel."""
        self._has_channel = True

    def close_channel(self) -> None:
        """The channel is gone; half an object is none."""
        self._has_channel = False
        self._awaited = 0
        self._received.clear()

    def receive(self, sdu: bytes) -> None:
        """Take a part of an object. What nobody announced is dropped."""
        if not self._awaited:
            return
        self._received += sdu
        if len(self._received) < self._awaited:
            return
        data, self._awaited = bytes(self._received[: self._awaited]), 0
        self._received.clear()
        try:
            self._store(data)
        except (ValueError, TagRefusedError):
            self._refused = True

    def _configure(self, uuid: int, value: bytes) -> None:
        lengths = {Characteristic.ADDRESS: 2, Characteristic.ABSOLUTE_TIME: 4}
        if len(value) != lengths.get(Characteristic(uuid), 24):
            raise RefusedAttributeError(AttError.INVALID_LENGTH)
        if uuid == Characteristic.ADDRESS:
            try:
                EslAddress.from_bytes(value)
            except ValueError as exc:
                raise RefusedAttributeError(AttError.VALUE_NOT_ALLOWED) from exc
        self._values[uuid] = value
        self._associate_once_whole()

    def _associate_once_whole(self) -> None:
        # One that belongs somewhere already may be given a part anew, as its time at each connection.
        known = self._own.association
        before = {} if known is None else _written(known)
        values = before | self._values
        if len(values) < 4 or Characteristic.ABSOLUTE_TIME not in self._values:
            return
        address = EslAddress.from_bytes(values[Characteristic.ADDRESS])
        association = Association(
            address.group,
            address.esl_id,
            KeyMaterial.from_bytes(values[Characteristic.AP_SYNC_KEY]),
            KeyMaterial.from_bytes(values[Characteristic.RESPONSE_KEY]),
        )
        self._own.associate(association, int.from_bytes(values[Characteristic.ABSOLUTE_TIME], "little"))

    def _obey(self, command: bytes) -> Said:
        if self._own.association is None:
            answer: bytes | None = bytes(ErrorResponse(ErrorCode.INVALID_STATE))
        elif command[:1] == bytes((ControlKind.FACTORY_RESET,)) and len(command) == 2:
            # Nobody is left to answer (ESL Service 3.9.2.4).
            self._own.forget()
            return ()
        else:
            now_s, absolute_ms = self._own.clock()
            answer = self._own.tag.tell(command, now_s, absolute_ms)
        return () if answer is None else ((Characteristic.CONTROL_POINT, answer),)

    def _go_to(self, value: bytes) -> ots.ListResponse:
        try:
            slot = ots.GoTo.from_bytes(value).object_id - ots.FIRST_IMAGE
        except ValueError:
            return ots.ListResponse(value[0] if value else 0, ots.ListResult.NOT_SUPPORTED)
        if not 0 <= slot < self._own.images:
            return ots.ListResponse(ots.GoTo.OPCODE, ots.ListResult.ID_NOT_FOUND)
        self._object = slot
        return ots.ListResponse(ots.GoTo.OPCODE, ots.ListResult.SUCCESS)

    def _act(self, value: bytes) -> ots.ActionResponse:
        request = value[0] if value else 0
        kinds: dict[int, type[ots.Write] | type[ots.Checksum]] = {
            ots.Write.OPCODE: ots.Write,
            ots.Checksum.OPCODE: ots.Checksum,
        }
        if request not in kinds:
            return ots.ActionResponse(request, ots.ActionResult.NOT_SUPPORTED)
        try:
            action = kinds[request].from_bytes(value)
        except ValueError:
            return ots.ActionResponse(request, ots.ActionResult.INVALID_PARAMETER)
        if self._object is None:
            return ots.ActionResponse(request, ots.ActionResult.INVALID_OBJECT)
        return self._await(action) if isinstance(action, ots.Write) else self._checksum(action)

    def _await(self, action: ots.Write) -> ots.ActionResponse:
        if not self._has_channel:
            return ots.ActionResponse(action.OPCODE, ots.ActionResult.CHANNEL_UNAVAILABLE)
        if action.offset or not action.truncates or not HEADER_BYTES <= action.length <= self._own.tag.image_bytes:
            # A picture is written as a whole: half a new one on half an old one would be no picture.
            return ots.ActionResponse(action.OPCODE, ots.ActionResult.INVALID_PARAMETER)
        self._awaited, self._refused, self._checked = action.length, False, None
        self._received.clear()
        return ots.ActionResponse(action.OPCODE, ots.ActionResult.SUCCESS)

    def _checksum(self, action: ots.Checksum) -> ots.ActionResponse:
        if self._refused:
            return ots.ActionResponse(action.OPCODE, ots.ActionResult.FAILED)
        if self._checked is None:
            return ots.ActionResponse(action.OPCODE, ots.ActionResult.INVALID_OBJECT)
        end = action.offset + action.length
        if end > len(self._checked):
            return ots.ActionResponse(action.OPCODE, ots.ActionResult.INVALID_PARAMETER)
        checksum = zlib.crc32(self._checked[action.offset : end]).to_bytes(4, "little")
        return ots.ActionResponse(action.OPCODE, ots.ActionResult.SUCCESS, checksum)

    def _store(self, data: bytes) -> None:
        assert self._object is not None
        picture = LabelObject.from_bytes(data)
        display = self._own.display
        if DisplayInfo(picture.width_px, picture.height_px, picture.display_type) != display:
            raise ValueError(f"{picture} does not fit {display}")
        self._own.tag.load(self._object, bytes(picture.plain()))
        self._checked = data


def _written(association: Association) -> dict[int, bytes]:
    return {
        Characteristic.ADDRESS: bytes(EslAddress(association.esl_id, association.group)),
        Characteristic.AP_SYNC_KEY: bytes(association.sync_key),
        Characteristic.RESPONSE_KEY: bytes(association.response_key),
    }
