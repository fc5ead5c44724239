"""Bodies of the requests and answers of `api/claims.py`."""

from typing import Any

from pydantic import Field

from cloud_broker.api.bodies.common import Id, In, Out


class NewClaim(In):
    """A device to let in."""

    kind: Id
    name: str = Field(default="", max_length=100, examples=["Speaker by the bakery"])


class ClaimMade(Out):
    """A claim with its code, shown this once."""

    id: str
    code: str
    kind: str
    name: str
    expires_ms: int
    state: str
    qr_svg: str
    command: str


class ClaimView(Out):
    """A claim without its code."""

    id: str
    kind: str
    name: str
    state: str
    expires_ms: int
    device: str | None
    by: str


class Enrol(In):
    """What a device sends to redeem a claim: a signing request for the key it made itself."""

    claim: str = Field(max_length=40)
    csr_pem: str = Field(max_length=10_000)
    serial: str = Field(max_length=100)
    release_key_b64: str | None = Field(default=None, max_length=100)


class Enrolled(Out):
    """A device's new identity and where to go with it."""

    device: str
    kind: str
    store: str
    certificate_pem: str
    ca_pem: str
    broker: str
    signing_key_b64: str
    cloud_url: str
    configuration: dict[str, Any]
