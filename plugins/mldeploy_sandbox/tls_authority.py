"""A certificate authority of the sandbox's own, so that TLS to 127.0.0.1 can be verified like TLS to AWS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mldeploy.whole_file import write_whole

VALIDITY = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files of a server certificate for 127.0.0.1 and localhost; `bundle` is the system's authorities and ours."""

    certificate: Path
    key: Path
    authority: Path
    bundle: Path


def server_certificate(folder: Path) -> Certificate:
    """Return the sandbox's server certificate; made at the first call, with an authority whose key is thrown away."""
    files = Certificate(
        certificate=folder / "server.pem",
        key=folder / "server.key",
        authority=folder / "authority.pem",
        bundle=folder / "bundle.pem",
    )
    if files.bundle.exists():
        return files
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("mldeploy sandbox", authority_key, "mldeploy sandbox", authority_key, is_authority=True)
    server = _certificate("127.0.0.1", server_key, "mldeploy sandbox", authority_key, is_authority=False)
    write_whole(files.key, _private_bytes(server_key))
    write_whole(files.certificate, server.public_bytes(serialization.Encoding.PEM))
    own = authority.public_bytes(serialization.Encoding.PEM)
    write_whole(files.authority, own)
    write_whole(files.bundle, _system_authorities() + own)
    return files


def _certificate(
    subject: str,
    subject_key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(subject_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(subject_key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not is_authority:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _system_authorities() -> bytes:
    path = ssl.get_default_verify_paths().cafile
    return Path(path).read_bytes() if path else b""
