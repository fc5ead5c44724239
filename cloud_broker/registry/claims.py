"""Enrolment: a field tech makes a claim, the device redeems it once for its own identity.

A claim code is 60 random bits in Crockford's base 32, kept as a hash, good for ten minutes.
"""

import hashlib
import itertools
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Row, insert, select, update

from cloud_broker.clock import now_ms
from cloud_broker.registry.authority import Keys, server_name
from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import UnknownError, find_store, publish_roster, want_configuration
from cloud_broker.state.engine import serialise_commits
from cloud_broker.state.tables import claims, desired, devices, security_events
from firmware_specs.kinds import kinds
from firmware_specs.leases import Delegation
from firmware_specs.signing import SignatureError, verify
from firmware_specs.wire import WireError

LIFE_MS = 10 * 60 * 1000
DELEGATION = "delegation"
DELEGATION_LIFE_MS = 90 * 24 * 3600 * 1000
DELEGATION_RENEWAL_MS = 60 * 24 * 3600 * 1000
"""Renewed when less than this is left, so that a gateway may be cut off from the cloud for two months."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class ClaimError(ValueError):
    """A claim that cannot be redeemed; the text says why and what to do."""


def _digest(code: str) -> str:
    # Crockford: hyphens and case do not matter, look-alikes are read as digits.
    plain = code.upper().replace("-", "").replace(" ", "").translate(str.maketrans("OIL", "011"))
    return hashlib.sha256(plain.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Claim:
    """A new claim; the code is shown once and never kept."""

    id: str
    code: str
    kind: str
    name: str
    expires_ms: int


def make_claim(connection: Connection, *, store: str, kind: str, name: str, by: str) -> Claim:
    """Let one device of this kind into this store.

    Raises UnknownError for a kind or store that does not exist.
    """
    if kind not in kinds():
        raise UnknownError(f"no kind {kind!r}: one of {', '.join(kinds())}")
    find_store(connection, store)
    # Two claims at the same moment must not reserve one id.
    serialise_commits(connection)
    now = now_ms()
    reserved = _reserve(connection, kind, now)
    code = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    claim = Claim(f"claim-{secrets.token_hex(4)}", f"{code[:4]}-{code[4:8]}-{code[8:]}", kind, name, now + LIFE_MS)
    connection.execute(
        insert(claims).values(
            id=claim.id,
            code_sha256=_digest(code),
            reserved=reserved,
            kind=kind,
            name=name,
            store=store,
            by=by,
            made_ms=now,
            expires_ms=claim.expires_ms,
            device=None,
        )
    )
    return claim


def _reserve(connection: Connection, kind: str, now: int) -> str:
    """Return the lowest free id of a kind; a claim that nobody redeemed in time gives its own back."""
    unused = (claims.c.kind == kind, claims.c.device.is_(None), claims.c.expires_ms <= now)
    connection.execute(update(claims).where(*unused).values(reserved=claims.c.id))
    taken = set(connection.execute(select(claims.c.reserved).where(claims.c.kind == kind)).scalars())
    return next(name for number in itertools.count(1) if (name := f"{kind}-{number}") not in taken)


def withdraw_claims(connection: Connection, by: str) -> None:
    """Close every claim of a person that nobody has redeemed."""
    still_open = (claims.c.by == by, claims.c.device.is_(None))
    connection.execute(update(claims).where(*still_open).values(expires_ms=now_ms()))


def claim_state(row: Any, now: int) -> str:
    """Return `open`, `used` or `expired`."""
    if row.device is not None:
        return "used"
    return "open" if row.expires_ms > now else "expired"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a device gets for its claim."""

    device: str
    kind: str
    store: str
    certificate_pem: str


def redeem(
    connection: Connection,
    keys: Keys,
    publisher: Publisher,
    *,
    code: str,
    csr_pem: str,
    serial: str,
    release_key: bytes | None,
    cloud_url: str,
) -> Enrolled:
    """Make the device of a claim: identity, certificate, configuration, place in the roster; once.

    Raises ClaimError, and CsrError for a bad signing request; then nothing was changed.
    """
    now = now_ms()
    serialise_commits(connection)
    claim = connection.execute(select(claims).where(claims.c.code_sha256 == _digest(code))).first()
    if claim is None:
        raise ClaimError("no such claim code: check the code, or make a new claim on the tech page")
    if claim.device is not None:
        raise ClaimError("this claim code was used already: make a new claim on the tech page")
    if claim.expires_ms <= now:
        raise ClaimError("this claim code has expired: make a new claim on the tech page")
    if claim.kind == "gateway" and release_key is None:
        raise ClaimError("a gateway must bring release_key_b64, the public half of its release key")
    device: str = claim.reserved
    # A gateway runs the store's own broker and cache, so its certificate must serve too, where others look for it.
    hosts = store_hosts(find_store(connection, claim.store)) if claim.kind == "gateway" else ()
    certificate = keys.authority.grant(csr_pem, device, server=claim.kind == "gateway", hosts=hosts)
    connection.execute(
        insert(devices).values(
            id=device,
            kind=claim.kind,
            name=claim.name or device,
            store=claim.store,
            serial=serial,
            enrolled_ms=now,
            release_key=release_key,
            since_ms=now,
            faults={},
        )
    )
    connection.execute(update(claims).where(claims.c.id == claim.id).values(device=device))
    want_configuration(connection, publisher, device, cloud_url)
    if release_key is not None and claim.kind == "gateway":
        delegate(connection, publisher, store=claim.store, gateway=device, release_key=release_key, now=now)
    publish_roster(connection, publisher, claim.store)
    return Enrolled(device, claim.kind, claim.store, certificate.decode())


def store_hosts(store: Row[Any]) -> tuple[str, ...]:
    """Return the hosts at which a store's own services are looked for. Raises ClaimError when one is none."""
    try:
        hosts = (urlsplit(store.gateway_url).hostname or "", store.local_broker.rpartition(":")[0])
        for host in filter(None, hosts):
            server_name(host)
    except ValueError as exc:
        raise ClaimError(f"store {store.id}: its gateway_url or local_broker names no host: {exc}") from exc
    return tuple(dict.fromkeys(filter(None, hosts)))


def delegate(
    connection: Connection, publisher: Publisher, *, store: str, gateway: str, release_key: bytes, now: int
) -> None:
    """Let a gateway issue leases and releases under its own key for the next 90 days."""
    publisher.want(
        connection,
        gateway,
        DELEGATION,
        lambda version: Delegation(
            store=store, gateway=gateway, public_key=release_key, expires_ms=now + DELEGATION_LIFE_MS
        ),
    )


def renew_delegations(connection: Connection, publisher: Publisher, now: int) -> list[str]:
    """Renew each gateway's delegation that ends within 60 days; return whose.

    A gateway that was taken out of service gets none: its right ends by itself.
    """
    serialise_commits(connection)
    gateways = (
        select(devices.c.id, devices.c.store, devices.c.release_key, desired.c.envelope)
        .outerjoin(desired, (desired.c.device == devices.c.id) & (desired.c.shadow == DELEGATION))
        .where(devices.c.kind == "gateway", devices.c.in_service, devices.c.release_key.is_not(None))
        .order_by(devices.c.id)
    )
    ending = [
        row
        for row in connection.execute(gateways)
        if _ends_ms(row.envelope, publisher.signer.public_key) < now + DELEGATION_RENEWAL_MS
    ]
    for row in ending:
        delegate(connection, publisher, store=row.store, gateway=row.id, release_key=row.release_key, now=now)
    return [row.id for row in ending]


def _ends_ms(envelope: bytes | None, key: Ed25519PublicKey) -> int:
    if envelope is None:
        return 0
    try:
        return verify(envelope, Delegation, key).expires_ms
    except (SignatureError, WireError):
        # Under a key that signs no more it is no use to anybody.
        return 0


def note_bad_claim(connection: Connection, serial: str, reason: str) -> None:
    """Record a refused enrolment as a security event."""
    connection.execute(
        insert(security_events).values(at_ms=now_ms(), device=serial[:63], kind="claim-refused", detail=reason)
    )
