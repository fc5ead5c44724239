"""Bodies of the requests and answers of `api/labels.py`."""

from pydantic import Field

from cloud_broker.api.bodies.common import Id, In, Names, Out


class Label(Out):
    """A shelf label: `price_minor` is what it proved, `target_minor` what it should show."""

    id: str
    address: str
    gtin: str
    name: Names
    x_m: float
    y_m: float
    state: str
    price_minor: int | None
    target_minor: int | None
    book_version: int | None
    image_sha256: str | None
    since_ms: int
    reason: str
    cause: str
    panel: str
    template: str


class InStore(In):
    """Which store is meant."""

    store: Id


class Pairing(In):
    """A product and a label as they were scanned: a GTIN; a label's name or Bluetooth address."""

    store: Id
    product: str = Field(min_length=1, max_length=40, examples=["6901234567892"])
    label: str = Field(min_length=1, max_length=63, examples=["F0:00:00:00:00:03"])


class Hanging(In):
    """A new label: its address and its product as they were scanned, its panel, and beside which one it hangs."""

    store: Id
    address: str = Field(min_length=1, max_length=63, examples=["F0:00:00:00:00:03"])
    product: str = Field(min_length=1, max_length=40, examples=["6901234567892"])
    panel: str = Field(default="296x128 bw", max_length=40)
    beside: Id | None = None


class Replacement(In):
    """Other hardware in a label's place: its address as it was scanned."""

    store: Id
    address: str = Field(min_length=1, max_length=63, examples=["F0:00:00:00:00:03"])


class Paired(Out):
    """A label after it was paired, and the GTIN that it belonged to before."""

    label: Label
    before: str
