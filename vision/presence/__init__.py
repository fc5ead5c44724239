"""Is anybody there: motion decides when to look, a detector who it is, and time when it is believed."""

from vision.presence.footfall import Count, Footfall
from vision.presence.presence import Near, Presence, Report

__all__ = ["Count", "Footfall", "Near", "Presence", "Report"]
