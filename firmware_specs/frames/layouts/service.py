"""What is written to a label and read from it over a connection: the ESL Service and the Object Transfer Service."""

from typing import Final

from firmware_specs.frames.esl import DisplayInfo, EslAddress
from firmware_specs.frames.label_image import VERSION, LabelObject
from firmware_specs.frames.layouts.layout import Field, Layout, fixed, opcode
from firmware_specs.frames.ots import ActionResponse, Checksum, GoTo, ListResponse, ObjectSize, Write

_OACP: Final = "Object Action Control Point, 0x2AC5"
_OLCP: Final = "Object List Control Point, 0x2AC6"
_REQUEST: Final = Field("request", 1, "the operation that is answered", "little")
_RESULT: Final = Field("result", 1, "1 is success, see the service for others", "little")
_OFFSET: Final = Field("offset", 4, "the first byte that is meant", "little")
_LENGTH: Final = Field("length", 4, "how many bytes", "little")

FIELDS: Final = (
    Layout(
        EslAddress,
        "ESL Address",
        "written to ESL Address, 0x2BF6",
        (
            Field("esl_id", 1, "the label's number in its group, 0 to 254", "little"),
            Field("group", 1, "0 to 127; the upper bit is reserved", "little"),
        ),
    ),
    Layout(
        DisplayInfo,
        "ESL Display Information",
        "read from ESL Display Information, 0x2BFA, once for each display",
        (
            Field("width_px", 2, "pixels", "little"),
            Field("height_px", 2, "pixels", "little"),
            Field("kind", 1, "display type: 1 black and white, 6 with red, 7 with yellow, 8 both, 9 seven", "little"),
        ),
    ),
    Layout(
        GoTo,
        "OTS Go To",
        f"written to the {_OLCP}",
        (opcode(GoTo, "operation"), Field("object_id", 6, "0x100 is the label's image 0", "little")),
    ),
    Layout(
        ListResponse,
        "OTS List Response",
        f"indicated by the {_OLCP}",
        (opcode(ListResponse, "operation"), _REQUEST, _RESULT),
    ),
    Layout(
        Write,
        "OTS Write",
        f"written to the {_OACP}",
        (opcode(Write, "operation"), _OFFSET, _LENGTH, Field("truncates", 1, "0x02: the object ends there", "little")),
    ),
    Layout(Checksum, "OTS Checksum", f"written to the {_OACP}", (opcode(Checksum, "operation"), _OFFSET, _LENGTH)),
    Layout(
        ActionResponse,
        "OTS Action Response",
        f"indicated by the {_OACP}",
        (
            opcode(ActionResponse, "operation"),
            _REQUEST,
            _RESULT,
            Field("value", None, "of a checksum its CRC-32, the least significant byte first; else nothing"),
        ),
    ),
    Layout(
        ObjectSize,
        "OTS Object Size",
        "read from Object Size, 0x2AC0",
        (Field("current", 4, "bytes", "little"), Field("allocated", 4, "bytes that it may have", "little")),
    ),
    Layout(
        LabelObject,
        "Label picture",
        "the object that OTS transfers; ours, since the standard leaves it open",
        (
            fixed("version", bytes((VERSION,)), "version"),
            Field("display_type", 1, "as in ESL Display Information", "little"),
            Field("width_px", 2, "pixels", "little"),
            Field("height_px", 2, "pixels", "little"),
            Field(
                "coding", 1, "0 planes as they are, 1 as a zlib stream with a window of at most 4,096 bytes", "little"
            ),
            Field("planes", None, "a plane of bits for each ink: black, red, yellow, green, blue, orange"),
        ),
    ),
)
