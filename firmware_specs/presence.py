"""Whether a device is there. Retained; the last will says the same with `online` false."""

from msgspec import Struct

from firmware_specs.events import Id, Text, TimeMs, Version


class Presence(Struct, frozen=True, kw_only=True):
    """`boot` and `session` order births and wills: an older pair than the last seen is ignored,

    since a will may overtake the next birth (MQTT orders per topic and publisher only).
    """

    online: bool
    boot: Version
    session: Version
    kind: Id
    agent_version: Text
    at_ms: TimeMs
    share_url: Text = ""
    """Where the device shares blobs with its neighbours; empty where it does not."""


def is_newer(held: tuple[int, int], said: Presence) -> bool:
    """Return whether `said` replaces what is held, given as (boot, session)."""
    return (said.boot, said.session) >= held
