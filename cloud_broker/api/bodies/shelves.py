"""Bodies of the requests and answers of `api/shelves.py`."""

from cloud_broker.api.bodies.common import Names, Out


class AuditView(Out):
    """What a photo of a bay showed, in numbers of facings."""

    id: str
    bay: str
    by: str
    at_ms: int
    facings: int
    right: int
    gaps: int
    wrong: int


class BayView(Out):
    """A bay that has a planogram, with its last audits, the newest first."""

    id: str
    name: Names
    facings: int
    shelves: int
    products: int
    by: str
    made_ms: int
    audits: list[AuditView]


class PassView(Out):
    """A pass for a store's gateway, and where its page is; empty where the store has none."""

    staff_pass: str
    expires_ms: int
    url: str
