"""What frames travel in on periodic advertising, and what seals them."""

from typing import Final

from firmware_specs.frames.ead import KeyMaterial
from firmware_specs.frames.layouts.layout import Field, Layout
from firmware_specs.frames.pawr import Packet

FIELDS: Final = (
    Layout(
        Packet,
        "ESL packet",
        "sealed, in a subevent of Periodic Advertising with Responses",
        (
            Field("group", 1, "which group of labels, 0 to 127", "little"),
            Field("commands", None, "command TLVs one after another, at most 47 bytes together"),
        ),
    ),
    Layout(
        KeyMaterial,
        "ESL key material",
        "written to AP Sync Key Material, 0x2BF7, and Response Key Material, 0x2BF8",
        (
            Field("session_key", 16, "AES-128 key, the least significant byte first", "little"),
            Field("iv", 8, "the nonce's second part"),
        ),
    ),
)
