"""Enrolment: claims for field techs, and the one door that a device without identity may knock at."""

import base64
import binascii
from typing import Any

import msgspec
import segno
from fastapi import APIRouter, Request
from sqlalchemy import select, update

from cloud_broker.api.auth import Tech, need_store
from cloud_broker.api.bodies.claims import ClaimMade, ClaimView, Enrol, Enrolled, NewClaim
from cloud_broker.api.context import Cloud
from cloud_broker.api.errors import ApiError
from cloud_broker.api.throttle import ENROLMENTS
from cloud_broker.clock import now_ms
from cloud_broker.live import Notice
from cloud_broker.registry import claims as enrolment
from cloud_broker.registry.authority import CsrError
from cloud_broker.registry.devices import UnknownError, find_device, find_store, view
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import claims
from firmware_specs import signing

router = APIRouter(tags=["enrolment"])


@router.post("/api/stores/{store}/claims", status_code=201, response_model=ClaimMade)
def make(store: str, body: NewClaim, cloud: Cloud, person: Tech) -> dict[str, Any]:
    """Let one device into the store within ten minutes."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        claim = enrolment.make_claim(connection, store=store, kind=body.kind, name=body.name, by=person.name)
    link = f"{cloud.settings.public_url}/enrol#{claim.code}"
    return {
        "id": claim.id,
        "code": claim.code,
        "kind": claim.kind,
        "name": claim.name,
        "expires_ms": claim.expires_ms,
        "state": "open",
        "qr_svg": segno.make(link, error="m").svg_inline(scale=6, border=2),
        "command": (
            f"edge-agent enrol --cloud {cloud.settings.public_url} --claim {claim.code} --folder ./{claim.kind}"
        ),
    }


@router.get("/api/stores/{store}/claims", response_model=list[ClaimView])
def all_claims(store: str, cloud: Cloud, person: Tech) -> list[dict[str, Any]]:
    """Return claims, newest first, without their codes."""
    need_store(person, store)
    now = now_ms()
    with reading(cloud.engine) as connection:
        query = select(claims).where(claims.c.store == store).order_by(claims.c.made_ms.desc()).limit(100)
        return [
            {
                "id": row.id,
                "kind": row.kind,
                "name": row.name,
                "state": enrolment.claim_state(row, now),
                "expires_ms": row.expires_ms,
                "device": row.device,
                "by": row.by,
            }
            for row in connection.execute(query)
        ]


@router.delete("/api/claims/{claim}", status_code=204)
def withdraw(claim: str, cloud: Cloud, person: Tech) -> None:
    """Close a claim that nobody has used."""
    with cloud.engine.begin() as connection:
        row = connection.execute(select(claims).where(claims.c.id == claim)).first()
        if row is None:
            raise UnknownError(f"no claim {claim!r}")
        need_store(person, row.store)
        connection.execute(update(claims).where(claims.c.id == claim).values(expires_ms=now_ms()))


@router.post("/enrol", response_model=Enrolled)
def enrol(body: Enrol, cloud: Cloud, request: Request) -> dict[str, Any]:
    """Redeem a claim; the device proves that it holds the key it asks a certificate for."""
    asker = request.client.host if request.client else ""
    ENROLMENTS.check(asker)
    try:
        release_key = base64.b64decode(body.release_key_b64, validate=True) if body.release_key_b64 else None
    except binascii.Error as exc:
        raise ApiError(422, "invalid", "release_key_b64: not base64", "release_key_b64") from exc
    if release_key is not None and len(release_key) != 32:
        raise ApiError(422, "invalid", "release_key_b64: an Ed25519 public key has 32 bytes", "release_key_b64")
    try:
        with cloud.engine.begin() as connection:
            device = enrolment.redeem(
                connection,
                cloud.keys,
                cloud.publisher,
                code=body.claim,
                csr_pem=body.csr_pem,
                serial=body.serial,
                release_key=release_key,
                cloud_url=cloud.settings.public_url,
            )
            place = find_store(connection, device.store)
            shown = view(find_device(connection, device.device))
    except (enrolment.ClaimError, CsrError) as exc:
        ENROLMENTS.failed(asker)
        with cloud.engine.begin() as connection:
            enrolment.note_bad_claim(connection, body.serial, str(exc))
        field = "claim" if isinstance(exc, enrolment.ClaimError) else "csr_pem"
        raise ApiError(403 if field == "claim" else 422, "claim", str(exc), field) from exc
    cloud.send()
    cloud.tell(Notice("device", device.store, shown))
    public = signing.public_bytes(cloud.keys.signer.public_key)
    return {
        **msgspec.to_builtins(device),
        "ca_pem": cloud.keys.authority.pem.decode(),
        "broker": cloud.settings.broker.address,
        "signing_key_b64": base64.b64encode(public).decode(),
        "cloud_url": cloud.settings.public_url,
        "configuration": {
            "gateway_url": place.gateway_url,
            "local_broker": place.local_broker,
            "store": device.store,
        },
    }
