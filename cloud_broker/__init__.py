"""The cloud side: it owns the bus, the registry and device state, and a folder for each thing it pushes down.

Follow a message: `bus` → `ingest` (durable journal, watermarks) → `projector` (state and readings) →
`prices`, `audio`, `offers`, … (decisions) → `bus`. `api` is the door for people and other systems.
"""
