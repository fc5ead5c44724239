"""Enrolment leaves a whole device behind, or nothing; a refused claim says why."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edge_agent.enrol import EnrolError, enrol
from edge_agent.keys import release_key, signing_key
from edge_agent.settings import read_settings
from firmware_specs.signing import public_bytes

CLOUD_KEY = Ed25519PrivateKey.generate().public_key()


class Office:
    """The cloud's door; keeps what it was sent."""

    def __init__(self, kind: str = "gateway", **changes: str) -> None:
        self.sent: dict[str, str] = {}
        self._answer = {
            "device": f"{kind}-7",
            "kind": kind,
            "store": "demo",
            "certificate_pem": "certificate",
            "ca_pem": "authority",
            "broker": "127.0.0.1:8883",
            "signing_key_b64": base64.b64encode(public_bytes(CLOUD_KEY)).decode(),
            "cloud_url": "http://127.0.0.1:8080",
            "configuration": "",
            **changes,
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent = json.loads(request.content)
        return httpx.Response(200, json=self._answer)


def redeem(folder: Path, office: Callable[[httpx.Request], httpx.Response], world: str | None = None) -> Path:
    with httpx.Client(transport=httpx.MockTransport(office)) as client:
        return enrol("http://cloud/", " 7F3K-9QWP ", folder, virtual_world=world, http_port=8123, client=client)


def test_a_gateway_brings_its_release_key_and_proves_its_own(tmp_path: Path) -> None:
    office = Office()
    config = redeem(tmp_path / "gateway", office, "127.0.0.1:9000")
    settings = read_settings(config)
    request = x509.load_pem_x509_csr(office.sent["csr_pem"].encode())
    key = load_pem_private_key(settings.keys.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert request.is_signature_valid
    assert request.public_key() == key.public_key()
    own = release_key(settings)
    assert own is not None
    assert base64.b64decode(office.sent["release_key_b64"]) == public_bytes(own.public_key())
    assert public_bytes(signing_key(settings)) == public_bytes(CLOUD_KEY)
    assert [path.stat().st_mode & 0o777 for path in (settings.keys.key, settings.keys.release_key)] == [0o600, 0o600]
    assert (settings.device.id, settings.http.port, office.sent["claim"]) == ("gateway-7", 8123, "7F3K-9QWP")
    assert {name: driver.type for name, driver in settings.drivers.items()} == {"labels": "virtual"}


def test_a_cart_keeps_no_release_key_and_has_real_drivers_without_a_world(tmp_path: Path) -> None:
    settings = read_settings(redeem(tmp_path / "cart", Office("cart")))
    assert {name: driver.type for name, driver in settings.drivers.items()} == {"beacons": "ble", "camera": "v4l2"}
    assert release_key(settings) is None
    assert sorted(path.name for path in (tmp_path / "cart").iterdir()) == [
        "agent.toml",
        "ca.pem",
        "device.key",
        "device.pem",
        "signing.pub",
    ]


def refuses(_request: httpx.Request) -> httpx.Response:
    message = "this claim code was used already: make a new claim on the tech page"
    return httpx.Response(403, json={"error": {"code": "claim", "message": message}})


def away(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused")


@pytest.mark.parametrize(
    ("office", "expected"),
    [
        (refuses, r"403.*used already: make a new claim"),
        (away, "does not answer: connection refused"),
        (lambda _: httpx.Response(200, text="<html>"), "something else than an enrolment"),
        (lambda _: httpx.Response(502, text="bad gateway"), "502"),
        (Office("toaster"), "'toaster', which this version does not know"),
        (Office("cart", broker="nowhere"), r"cloud\.broker"),
        (Office("cart", device="../cart"), r"device\.id"),
    ],
)
def test_what_fails_leaves_nothing_behind(
    tmp_path: Path, office: Callable[[httpx.Request], httpx.Response], expected: str
) -> None:
    with pytest.raises(EnrolError, match=expected):
        redeem(tmp_path / "new", office)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_a_device_is_left_alone_and_costs_no_claim(tmp_path: Path) -> None:
    redeem(tmp_path / "cart", Office("cart"))
    second = Office("cart")
    with pytest.raises(EnrolError, match="holds a device already"):
        redeem(tmp_path / "cart", second)
    assert second.sent == {}
