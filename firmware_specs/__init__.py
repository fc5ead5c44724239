"""The contract: every byte, message, topic and kind that crosses a boundary, and the rules both sides compute alike.

Start with `topics` (where a message goes) and `events` (what a device says), then `batch` (how it is
never lost), `signing` and `desired` (what is pushed down), and `rules/` (what both sides must decide
alike). `frames/` holds radio bytes. Nothing here does I/O; `python -m firmware_specs` prints the
generated documents in `schemas/`.
"""
