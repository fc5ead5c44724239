"""Every frame byte by byte, as data: `publish` makes byte tables of it, tests hold it against encoded frames."""

from typing import Final

from firmware_specs.frames.layouts import beacons, commands, responses, sealed, service
from firmware_specs.frames.layouts.layout import Field, Layout

__all__ = ["FIELDS", "Field", "Layout"]

FIELDS: Final = beacons.FIELDS + commands.FIELDS + responses.FIELDS + sealed.FIELDS + service.FIELDS
"""All frames, beacons first."""
