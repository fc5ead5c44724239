"""A photo of a shelf against its planogram: facings, gaps, and what stands in a wrong place. Start with `audit`."""

from vision.shelf.audit import Audit, NotThisShelfError, Slot, audit

__all__ = ["Audit", "NotThisShelfError", "Slot", "audit"]
