"""The agent: one process, one device. `agent` composes it; `app` is what a role implements; `roles/` are the roles.

device ─bytes→ driver ─Signal→ role ─Event→ outbox (SQLite) ─→ link (MQTT) ─→ cloud
   ↑                            │
   └────── Deed ────────────────┘ ←─ matters, commands (verified, done once) ←─ link
"""
