"""The cloud's keys: the authority that certifies devices, and the Ed25519 key that signs what is pushed.

Made at set-up in a folder that only we may read. The signing key stands behind `Signer`, so that a
hardware module can take its place.
"""

import fcntl
import ipaddress
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from firmware_specs import signing

DEVICE_LIFE = timedelta(days=90)
AUTHORITY_LIFE = timedelta(days=3650)
# Devices may boot with a clock that is behind; a certificate must not be from their future.
BACKDATED = timedelta(days=1)


class CsrError(ValueError):
    """A certificate signing request that cannot be granted."""


class Signer(Protocol):
    """Signs what the cloud pushes."""

    @property
    def public_key(self) -> Ed25519PublicKey:
        """The half that devices learn at enrolment."""

    def sign(self, message: Struct, attached: Sequence[bytes] = ()) -> bytes:
        """Return the message in a signed envelope, with the blobs that ride along."""


@dataclass(frozen=True, slots=True)
class FileSigner:
    """A signer whose key is a file."""

    key: Ed25519PrivateKey

    @property
    def public_key(self) -> Ed25519PublicKey:
        """See `Signer`."""
        return self.key.public_key()

    def sign(self, message: Struct, attached: Sequence[bytes] = ()) -> bytes:
        """See `Signer`."""
        return signing.sign(message, self.key, attached)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only we may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(path.name + ".part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@dataclass(frozen=True, slots=True)
class Authority:
    """Issues X.509 certificates whose common name is the client's identity at the broker."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The authority's certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        common_name: str,
        public_key: ec.EllipticCurvePublicKey,
        *,
        server: bool = False,
        hosts: Sequence[str] = (),
        life: timedelta,
    ) -> bytes:
        """Return a certificate in PEM; a server's one names loopback and `hosts` too.

        Raises ValueError for a host that is neither an address nor a name.
        """
        now = datetime.now(UTC)
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(self.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(now + life)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses if server else uses[:1]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        names: list[x509.GeneralName] = [x509.DNSName(common_name)]
        if server:
            names += [name for name in map(server_name, ("localhost", "127.0.0.1", *hosts)) if name not in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def grant(self, csr_pem: str, common_name: str, *, server: bool, hosts: Sequence[str] = ()) -> bytes:
        """Return the certificate for a signing request, under the name that we chose; a server's for its hosts too.

        Raises CsrError when the request proves no possession of a P-256 key, ValueError for a host that is none.
        """
        try:
            csr = x509.load_pem_x509_csr(csr_pem.encode())
            valid = csr.is_signature_valid
            key = csr.public_key()
        except (ValueError, InvalidSignature, UnsupportedAlgorithm) as exc:
            raise CsrError(f"csr_pem: not a certificate signing request: {exc}") from exc
        if not valid:
            raise CsrError("csr_pem: its own signature does not match")
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise CsrError("csr_pem: the key must be on P-256")
        return self.issue(common_name, key, server=server, hosts=hosts, life=DEVICE_LIFE)


@dataclass(frozen=True, slots=True)
class Keys:
    """The authority and the signer, from the folder where set-up made them."""

    authority: Authority
    signer: Signer
    folder: Path

    def ensure_process(self, name: str, *, server: bool = False, hosts: Sequence[str] = ()) -> None:
        """Make sure that one of our own processes has its certificate, a server one that names all its hosts.

        Raises ValueError for a host that is neither an address nor a name.
        """
        with _alone(self.folder):
            path = self.folder / f"{name}.crt"
            if path.exists() and _names(path) >= set(map(server_name, hosts)):
                return
            key = _key(self.folder / f"{name}.key")
            certificate = self.authority.issue(name, key.public_key(), server=server, hosts=hosts, life=AUTHORITY_LIFE)
            write_private(path, certificate)


def server_name(host: str) -> x509.GeneralName:
    """Return a host as a certificate names it. Raises ValueError when it is neither an address nor a name."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return x509.DNSName(host.encode("idna").decode())


def _names(certificate: Path) -> set[x509.GeneralName]:
    extensions = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions
    return set(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        write_private(path, _pem(ec.generate_private_key(ec.SECP256R1())))
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # The cloud's processes start together on a new folder: two of them must not make two authorities.
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_authority(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Aisle device authority")
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_private(folder / "ca.key", _pem(key))
    write_private(folder / "ca.crt", certificate.public_bytes(serialization.Encoding.PEM))


def open_keys(folder: Path) -> Keys:
    """Return the keys in `folder`, made there on the first call."""
    with _alone(folder):
        if not (folder / "ca.crt").exists():
            _make_authority(folder)
        if not (folder / "signing.key").exists():
            write_private(folder / "signing.key", Ed25519PrivateKey.generate().private_bytes_raw())
    ca_key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    signing_key = Ed25519PrivateKey.from_private_bytes((folder / "signing.key").read_bytes())
    return Keys(Authority(ca_key, certificate), FileSigner(signing_key), folder)
