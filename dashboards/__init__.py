"""The pages: home, manager, tech, HQ, cart, kiosk, status; plain ES modules that know only the HTTP API.

Start reading at `serve.routes`, which any Starlette application mounts, then at `ui/core/`. The few
libraries that the pages import come from `package-lock.json`; `python -m dashboards.libs` copies them into `lib/`.
"""

from pathlib import Path


def folder() -> Path:
    """Return the folder that holds `ui/` (our modules and styles) and `lib/` (the copied libraries)."""
    return Path(__file__).resolve().parent
