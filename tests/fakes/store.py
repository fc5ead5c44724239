"""A small store for tests: its map, its catalogue, and a device's signing request."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmware_specs.desired import Beacon, Point, Shelf, Site, Zone
from firmware_specs.gtin import normal, with_check_digit


def _square(left: float, bottom: float, size: float) -> list[Point]:
    right, top = left + size, bottom + size
    return [Point(left, bottom), Point(right, bottom), Point(right, top), Point(left, top)]


SITE = Site(
    store="demo",
    version=1,
    name={"en": "Corner shop", "zh": "小店"},
    width_m=12.0,
    height_m=8.0,
    level="g",
    shelves=[
        Shelf(id=f"shelf-{number}", level="g", x_m=2.0 + 3 * number, y_m=2.0, width_m=0.8, depth_m=4.0)
        for number in range(3)
    ],
    zones=[
        Zone(id="entrance", level="g", name={"en": "Entrance", "zh": "入口"}, polygon=_square(0.5, 0.5, 3)),
        Zone(id="dairy", level="g", name={"en": "Dairy", "zh": "乳品"}, polygon=_square(6, 4.5, 3)),
    ],
    beacons=[
        Beacon(
            id=f"beacon-{number}",
            level="g",
            uuid="7d1f4a60-5c3e-4b8e-9a53-2f6d0b9c8e11",
            major=1,
            minor=number,
            x_m=float(2 * number),
            y_m=4.0,
            z_m=2.8,
            power_1m_dbm=-59,
        )
        for number in range(6)
    ],
)

CATALOGUE: list[dict[str, Any]] = [
    {
        "gtin": normal(with_check_digit(f"69099990{number:04d}")),
        "name": {"en": f"Biscuit {number}", "zh": f"饼干{number}号"},
        "category": "snacks",
        "unit": "100 g",
        "price_minor": 500 + 25 * number,
    }
    for number in range(12)
]


def csr_pem() -> str:
    """Return a signing request for a new P-256 key."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()
