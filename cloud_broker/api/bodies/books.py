"""Bodies of the requests and answers of `api/books.py`."""

from cloud_broker.api.bodies.common import Out


class Book(Out):
    """A price book; `state` is planned, current or past."""

    version: int
    effective_ms: int
    made_ms: int
    by: str
    reason: str
    state: str


class Holder(Out):
    """Which book a device holds."""

    device: str
    name: str
    kind: str
    online: bool
    version: int | None


class RejectedRow(Out):
    """A row of a list that was not taken."""

    row: int
    gtin: str
    reason: str


class Import(Out):
    """What came of a list; `rejected` holds the first hundred, the rest can be downloaded."""

    rows: int
    new: int
    edited: int
    repriced: int
    gone: int
    unchanged: int
    rejected: list[RejectedRow]
    rejected_count: int
    group: str
    book_version: int | None


class ImportProgress(Out):
    """How far an import is; `state` is reading, checking, publishing, done or failed."""

    state: str
    done: int
    of: int
    rejected: int
