"""What an access point tells a label."""

from typing import Final

from firmware_specs.frames.esl import (
    Control,
    DisplayImage,
    DisplayTimedImage,
    Flash,
    LedControl,
    LedTimedControl,
    Ping,
    ReadSensor,
    RefreshDisplay,
)
from firmware_specs.frames.layouts.layout import Field, Layout, opcode

_ESL_ID = Field("esl_id", 1, "which label of the group; 0xFF is every label, and none answers", "little")
_DISPLAY = Field("display", 1, "which display of the label, 0 is the first", "little")
_IMAGE = Field("image", 1, "which of the label's stored images, 0 is the first", "little")
_LED = Field("led", 1, "which LED of the label, 0 is the first", "little")
_FLASH = Field("flash", 10, "as ESL Flash says")
_AT = Field(
    "at_ms",
    4,
    "absolute time: UTC milliseconds modulo 2^32, 1 where that is 0; 0 cancels what is pending",
    "little",
)
_COMMAND: Final = "written to the ESL Control Point, 0x2BFE, or told in a subevent"

FIELDS: Final = (
    Layout(Ping, "ESL Ping", _COMMAND, (opcode(Ping, "answered by Basic State"), _ESL_ID)),
    Layout(
        ReadSensor,
        "ESL Read Sensor Data",
        _COMMAND,
        (
            opcode(ReadSensor, "answered by Sensor Value"),
            _ESL_ID,
            Field("sensor", 1, "which sensor; 0 tells what is on the glass", "little"),
        ),
    ),
    Layout(
        RefreshDisplay,
        "ESL Refresh Display",
        _COMMAND,
        (opcode(RefreshDisplay, "answered by Display State"), _ESL_ID, _DISPLAY),
    ),
    Layout(
        DisplayImage,
        "ESL Display Image",
        _COMMAND,
        (opcode(DisplayImage, "answered by Display State"), _ESL_ID, _DISPLAY, _IMAGE),
    ),
    Layout(
        DisplayTimedImage,
        "ESL Display Timed Image",
        _COMMAND,
        (
            opcode(DisplayTimedImage, "answered by Display State"),
            _ESL_ID,
            _DISPLAY,
            _IMAGE,
            _AT,
        ),
    ),
    Layout(
        Control,
        "ESL Control",
        _COMMAND,
        (
            Field(
                "kind", 1, "0x01 Unassociate, 0x02 Service Reset, 0x03 Factory Reset, 0x04 Update Complete", "little"
            ),
            _ESL_ID,
        ),
    ),
    Layout(
        Flash,
        "ESL Flash",
        "in LED Control and LED Timed Control",
        (
            Field("colour", 1, "0bBBGGRR, and brightness in the upper two bits", "little"),
            Field("pattern", 5, "a bit for each step, the lowest first", "little"),
            Field("off_ms", 1, "how long a 0 lasts, in 2 ms; even, at most 510", "little", per_unit=0.5),
            Field("on_ms", 1, "how long a 1 lasts, in 2 ms; even, at most 510", "little", per_unit=0.5),
            Field("times", 2, "lowest bit: seconds, not patterns; above it how many", "little"),
        ),
    ),
    Layout(
        LedControl, "ESL LED Control", _COMMAND, (opcode(LedControl, "answered by LED State"), _ESL_ID, _LED, _FLASH)
    ),
    Layout(
        LedTimedControl,
        "ESL LED Timed Control",
        _COMMAND,
        (opcode(LedTimedControl, "answered by LED State"), _ESL_ID, _LED, _FLASH, _AT),
    ),
)
