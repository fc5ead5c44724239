"""The roles: what a device means. Each module or package here has `make(surroundings) -> Role`.

What several roles share: `matter` (blobs into values), `books` and `pricing` (what is charged now, by the
price law), `permits` (what the gateway allows), `basket`, `whereabouts`, `reading` (codes from frames),
`catalogue` and `routes` (the local API). Start reading at `till`, the smallest device that charges.
"""

from typing import Final

ROLES: Final = {
    "cart": "edge_agent.roles.cart:make",
    "till": "edge_agent.roles.till:make",
    "gateway": "edge_agent.roles.gateway:make",
    "speaker": "edge_agent.roles.speaker:make",
    "broadcast": "edge_agent.roles.speaker:make",
    "screen": "edge_agent.roles.screen:make",
    "sensor": "edge_agent.roles.sensor:make",
}
"""Each kind's factory as `module:function`, so that a device imports only its own."""
