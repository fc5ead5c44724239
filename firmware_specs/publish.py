"""The contract published: an AsyncAPI 3 document for each side, JSON Schemas, byte tables and kinds, all generated.

AsyncAPI names actions from the view of the application that it describes, so the agent and the cloud
have a document each over the same channels.
"""

import json
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct

from firmware_specs import desired, leases
from firmware_specs.batch import Batch, Watermark
from firmware_specs.bays import Bays, StaffPass
from firmware_specs.frames import esl
from firmware_specs.frames.layouts import FIELDS, Field, Layout
from firmware_specs.instore import StoreProfile
from firmware_specs.items import TaughtItems
from firmware_specs.kinds import Kind, kinds
from firmware_specs.models import Models
from firmware_specs.presence import Presence
from firmware_specs.pricebook.edition import Edition
from firmware_specs.rules.promotions import PromotionBook
from firmware_specs.rules.weight import Weights
from firmware_specs.signing import Envelope, payload_type
from firmware_specs.surveyed import SitePlan, Survey


@dataclass(frozen=True, slots=True)
class Channel:
    """One address of the contract, who sends there, and what."""

    name: str
    address: str
    message: type[Struct]
    sender: str
    about: str
    retained: bool = False
    qos: int = 1
    signed: bool = False


CHANNELS = (
    Channel("presence", "aisle/1/d/{device}/s", Presence, "device", "Birth, and the last will.", retained=True),
    Channel("events", "aisle/1/d/{device}/u/{stream}", Batch, "device", "What the device says."),
    Channel("watermark", "aisle/1/d/{device}/n/w", Watermark, "cloud", "What is on disk in the cloud.", qos=0),
    Channel(
        "configuration",
        "aisle/1/d/{device}/n/d/config",
        desired.Configuration,
        "cloud",
        "Desired configuration.",
        retained=True,
        signed=True,
    ),
    Channel(
        "delegation",
        "aisle/1/d/{device}/n/d/delegation",
        leases.Delegation,
        "cloud",
        "A gateway's right to issue leases and releases.",
        retained=True,
        signed=True,
    ),
    Channel(
        "command", "aisle/1/d/{device}/n/c/{id}", desired.Command, "cloud", "Do once, before it expires.", signed=True
    ),
    Channel(
        "head",
        "aisle/1/g/{store}/{matter}",
        desired.Manifest,
        "cloud",
        "The head manifest of what a store follows.",
        retained=True,
        signed=True,
    ),
    Channel(
        "confirmation",
        "aisle/1/l/{store}/d/{device}/confirm",
        leases.Confirmation,
        "device",
        "Store-local: a cart or till holds a book.",
        retained=True,
    ),
    Channel(
        "lease",
        "aisle/1/l/{store}/lease/{device}",
        leases.Lease,
        "gateway",
        "Store-local: a selling lease.",
        signed=True,
    ),
    Channel(
        "releases",
        "aisle/1/l/{store}/releases",
        leases.Releases,
        "gateway",
        "Store-local: increases that may be charged.",
        retained=True,
        signed=True,
    ),
    Channel(
        "local-delegation",
        "aisle/1/l/{store}/delegation",
        leases.Delegation,
        "gateway",
        "Store-local: whose word leases and releases are.",
        retained=True,
        signed=True,
    ),
)

BLOBS: tuple[type[Struct], ...] = (
    Edition,
    PromotionBook,
    StoreProfile,
    desired.Site,
    desired.LabelPlan,
    desired.Offers,
    desired.Timetable,
    desired.Roster,
    desired.Peers,
    Bays,
    Weights,
    TaughtItems,
    Models,
)
"""What travels by pointer, as JSON."""


def schemas() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of every message and blob, by name."""
    types = list(dict.fromkeys([*(channel.message for channel in CHANNELS), *BLOBS, StaffPass, Envelope]))
    _, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    return dict(sorted(components.items()))


def asyncapi(side: str) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of `device` or `cloud`."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for channel in CHANNELS:
        name = channel.message.__name__
        payload = Envelope.__name__ if channel.signed else name
        about = f"{channel.about} A DSSE envelope whose payload is a {name} ({payload_type(channel.message)})."
        # By channel: one class may travel on two of them, and means something else on each.
        messages[channel.name] = {
            "name": name,
            "summary": about if channel.signed else channel.about,
            "contentType": "application/json",
            "payload": {"$ref": f"#/components/schemas/{payload}"},
        }
        channels[channel.name] = {
            "address": channel.address,
            "messages": {channel.name: {"$ref": f"#/components/messages/{channel.name}"}},
            "parameters": {part[1:-1]: {} for part in channel.address.split("/") if part.startswith("{")},
        }
        sends = (channel.sender == "cloud") == (side == "cloud")
        # A gateway is a device: what it sends, other devices receive, and the other way round.
        actions = ("send", "receive") if "/l/" in channel.address else ("send",) if sends else ("receive",)
        if "/l/" in channel.address and side == "cloud":
            continue
        for action in actions:
            operations[f"{action}-{channel.name}"] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{channel.name}"},
                "bindings": {"mqtt": {"qos": channel.qos, "retain": channel.retained, "bindingVersion": "0.2.0"}},
            }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Aisle, the {side}'s side",
            "version": "1.0.0",
            "description": "Generated from firmware_specs; `python -m firmware_specs` writes it anew.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas()},
    }


def kind_view(kind: Kind) -> dict[str, Any]:
    """Return a kind as it stands in `kinds/*.toml`."""
    return kind.model_dump(mode="json")


def frame_tables() -> str:
    """Return the byte tables of every frame, in Markdown."""
    parts = [
        "# Frames, byte by byte",
        "Generated from `firmware_specs/frames/layouts.py`; `python -m firmware_specs` writes it anew.\n"
        "Offsets and sizes are in bytes. A number's order is that of its bytes; `int` is two's complement.",
    ]
    parts += [part for layout in FIELDS for part in (f"## {layout.title}", _about(layout), _table(layout))]
    codes = [f"| 0x{code:02X} | {_words(code.name)} |" for code in esl.ErrorCode]
    bits = [f"| {(bit & -bit).bit_length() - 1} | {_words(bit.name or '')} |" for bit in esl.StateBits]
    parts += ["## Codes of ESL Error", "\n".join(["| code | meaning |", "|---|---|", *codes])]
    parts += ["## Bits of ESL Basic State", "\n".join(["| bit | meaning |", "|---|---|", *bits])]
    return "\n\n".join(parts) + "\n"


def _words(name: str) -> str:
    return name.replace("_", " ").lower()


def _about(layout: Layout) -> str:
    sizes = [field.size for field in layout.fields]
    least = sum(size for size in sizes if size is not None)
    length = f"{least} bytes" if None not in sizes else f"{least} bytes and what follows them"
    return f"{layout.where[:1].upper()}{layout.where[1:]}; {length}."


def _table(layout: Layout) -> str:
    lines = ["| offset | size | field | type | meaning |", "|---|---|---|---|---|"]
    offset = 0
    for field in layout.fields:
        size = "rest" if field.size is None else str(field.size)
        lines.append(f"| {offset} | {size} | {field.name} | {_type(field)} | {field.meaning} |")
        offset += field.size or 0
    return "\n".join(lines)


def _type(field: Field) -> str:
    if field.fixed is not None:
        return f"0x{field.fixed.hex().upper()}"
    if field.order is None or field.size is None:
        return "bytes"
    order = f", {field.order}-endian" if field.size > 1 else ""
    return f"{'int' if field.is_signed else 'uint'}{8 * field.size}{order}"


def files() -> dict[str, str]:
    """Return every generated file below `schemas/`, by name."""
    documents: dict[str, Any] = {
        "asyncapi.device.json": asyncapi("device"),
        "asyncapi.cloud.json": asyncapi("cloud"),
        "messages.schema.json": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": {"schemas": schemas()},
        },
        "kinds.json": {name: kind_view(kind) for name, kind in kinds().items()},
        "kind.schema.json": Kind.model_json_schema(),
        "site.schema.json": msgspec.json.schema(SitePlan),
        "survey.schema.json": msgspec.json.schema(Survey),
    }
    texts = {
        name: json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        for name, document in documents.items()
    }
    return {**texts, "frames.md": frame_tables()}
