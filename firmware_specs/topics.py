"""Where a message goes. Identity comes first and no store stands in a device's path, since carts move.

aisle/1/d/{device}/s               presence, retained, and the last will
aisle/1/d/{device}/u/{stream}      batches of events, up
aisle/1/d/{device}/n/w             durable watermark, down
aisle/1/d/{device}/n/d/{shadow}    desired state of one device, retained, signed
aisle/1/d/{device}/n/c/{id}        command, with an expiry, signed
aisle/1/g/{store}/{matter}         head manifest of what a whole store follows, retained, signed
aisle/1/l/{store}/d/{device}/{what}  store-local: what one device says to its gateway
aisle/1/l/{store}/{what}[/…]       store-local: what the gateway says
aisle/1/svc/{what}                 inside the cloud
"""

import re
from dataclasses import dataclass

ROOT = "aisle/1"

ALL_EVENTS = f"{ROOT}/d/+/u/#"
"""All that devices say, wrong topics below theirs included: those end in the dead letters."""
ALL_PRESENCE = f"{ROOT}/d/+/s"
INGESTED = f"{ROOT}/svc/ingested"
SECURITY = f"{ROOT}/svc/security"

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_UP = re.compile(rf"{ROOT}/d/([a-z0-9][a-z0-9-]{{0,62}})/u/([a-z0-9][a-z0-9-]{{0,62}})")


@dataclass(frozen=True, slots=True)
class Upward:
    """A parsed upward topic: who speaks, on which stream."""

    device: str
    stream: str


def check_name(name: str) -> str:
    """Return `name` if it may stand in a topic; raises ValueError otherwise."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"name {name!r}: lower-case letters, digits and hyphens, at most 63, starting with no hyphen")
    return name


def parse_upward(topic: str) -> Upward:
    """Return who speaks on which stream; raises ValueError on any other topic."""
    match = _UP.fullmatch(topic)
    if match is None:
        raise ValueError(f"topic {topic[:120]!r} is not {ROOT}/d/<device>/u/<stream>")
    return Upward(match[1], match[2])


def upward(device: str, stream: str) -> str:
    """Return the topic on which a device publishes batches of one stream."""
    return f"{ROOT}/d/{check_name(device)}/u/{check_name(stream)}"


def presence(device: str) -> str:
    """Return the retained topic that says whether a device is there."""
    return f"{ROOT}/d/{check_name(device)}/s"


def device_of_presence(topic: str) -> str:
    """Return the device named by a presence topic; raises ValueError on any other topic."""
    parts = topic.split("/")
    if len(parts) != 5 or not topic.startswith(f"{ROOT}/d/") or parts[4] != "s":
        raise ValueError(f"topic {topic[:120]!r} is not {ROOT}/d/<device>/s")
    return check_name(parts[3])


def watermark(device: str) -> str:
    """Return the topic on which the cloud tells a device what is durable."""
    return f"{ROOT}/d/{check_name(device)}/n/w"


def desired(device: str, shadow: str) -> str:
    """Return the retained topic of one desired document of one device."""
    return f"{ROOT}/d/{check_name(device)}/n/d/{check_name(shadow)}"


def command(device: str, command_id: str) -> str:
    """Return the topic of one command to one device."""
    return f"{ROOT}/d/{check_name(device)}/n/c/{check_name(command_id)}"


def downward(device: str) -> str:
    """Return the filter for all that is sent to one device."""
    return f"{ROOT}/d/{check_name(device)}/n/#"


def head(store: str, matter: str) -> str:
    """Return the retained topic of a store's head manifest for one matter."""
    return f"{ROOT}/g/{check_name(store)}/{check_name(matter)}"


def local_from(store: str, device: str, what: str) -> str:
    """Return the store-local topic on which a device speaks to its gateway."""
    return f"{ROOT}/l/{check_name(store)}/d/{check_name(device)}/{check_name(what)}"


def local_to(store: str, what: str, device: str | None = None) -> str:
    """Return the store-local topic on which the gateway speaks, to all or to one device."""
    tail = f"/{check_name(device)}" if device is not None else ""
    return f"{ROOT}/l/{check_name(store)}/{check_name(what)}{tail}"


def shared(group: str, topic_filter: str) -> str:
    """Return a shared subscription: each message goes to one member of the group (MQTT 5, 4.8.2)."""
    return f"$share/{group}/{topic_filter}"
