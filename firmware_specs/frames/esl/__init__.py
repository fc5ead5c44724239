"""Commands and responses of the Bluetooth Electronic Shelf Label Service 1.0, sections 3.9 and 3.10.

A TLV's opcode says its own length: the upper four bits are the number of parameter bytes less one. A
command's first parameter is the ESL ID that the label was given when it was associated. Numbers are
little-endian. An opcode that is not here, vendor-specific ones included, is a ValueError.

The standard has no question for what is on the glass: Basic State names no image, Display State answers a
command before the panel has changed, and Refresh Display draws once more. It does have vendor-specific
sensors (3.8), so our labels have one, `GLASS`, read without touching the panel. A label without it can never
prove an increase.
"""

from firmware_specs.frames.esl.codes import (
    BROADCAST,
    CANCEL,
    GLASS,
    LONGEST_AHEAD_MS,
    ErrorCode,
    StateBits,
    absolute_time_ms,
    glass_digest,
)
from firmware_specs.frames.esl.commands import (
    Command,
    Control,
    ControlKind,
    DisplayImage,
    DisplayTimedImage,
    Flash,
    LedControl,
    LedTimedControl,
    Ping,
    ReadSensor,
    RefreshDisplay,
    parse_command,
)
from firmware_specs.frames.esl.responses import (
    BasicState,
    DisplayState,
    ErrorResponse,
    LedState,
    Response,
    SensorValue,
    parse_response,
)
from firmware_specs.frames.esl.service import Characteristic, DisplayInfo, EslAddress

__all__ = [
    "BROADCAST",
    "CANCEL",
    "GLASS",
    "LONGEST_AHEAD_MS",
    "BasicState",
    "Characteristic",
    "Command",
    "Control",
    "ControlKind",
    "DisplayImage",
    "DisplayInfo",
    "DisplayState",
    "DisplayTimedImage",
    "ErrorCode",
    "ErrorResponse",
    "EslAddress",
    "Flash",
    "LedControl",
    "LedState",
    "LedTimedControl",
    "Ping",
    "ReadSensor",
    "RefreshDisplay",
    "Response",
    "SensorValue",
    "StateBits",
    "absolute_time_ms",
    "glass_digest",
    "parse_command",
    "parse_response",
]
