"""Photos of shelves, compared on the store's gateway: the photo stays here, what was found becomes an event.

`auditor` compares, `album` keeps the last photos of each bay for a while, `teacher` learns items by a few pictures,
`routes` is the way in for staff with a pass.
"""

from edge_agent.roles.auditing.auditor import Auditor
from edge_agent.roles.auditing.routes import audit_routes
from edge_agent.roles.auditing.teacher import Teacher

__all__ = ["Auditor", "Teacher", "audit_routes"]
