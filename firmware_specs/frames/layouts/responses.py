"""What a label answers."""

from typing import Final

from firmware_specs.frames.esl import BasicState, DisplayState, ErrorResponse, LedState, SensorValue
from firmware_specs.frames.layouts.layout import Field, Layout, opcode

_DISPLAY = Field("display", 1, "which display of the label, 0 is the first", "little")
_IMAGE = Field("image", 1, "which of the label's stored images, 0 is the first", "little")
_RESPONSE: Final = "notified by the ESL Control Point, 0x2BFE, or sent in a response slot"

FIELDS: Final = (
    Layout(
        ErrorResponse,
        "ESL Error",
        _RESPONSE,
        (opcode(ErrorResponse, "refused"), Field("code", 1, "why, see the codes below", "little")),
    ),
    Layout(
        BasicState,
        "ESL Basic State",
        _RESPONSE,
        (opcode(BasicState, "how the label is"), Field("bits", 2, "see the bits below", "little")),
    ),
    Layout(
        DisplayState,
        "ESL Display State",
        _RESPONSE,
        (opcode(DisplayState, "what a display was last told to show"), _DISPLAY, _IMAGE),
    ),
    Layout(
        SensorValue,
        "ESL Sensor Value",
        _RESPONSE,
        (
            Field("opcode", 1, "0x0E, with the number of value bytes in the upper four bits", "little"),
            Field("sensor", 1, "which sensor", "little"),
            Field(
                "value",
                None,
                "1 to 15 bytes; of sensor 0 the first 8 bytes of the SHA-256 of the image on the glass, zeros where "
                "none was ever shown",
            ),
        ),
    ),
    Layout(
        LedState,
        "ESL LED State",
        _RESPONSE,
        (opcode(LedState, "an LED was told something"), Field("led", 1, "which LED, 0 is the first", "little")),
    ),
)
