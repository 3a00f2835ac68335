"""Certificates that stand for themselves: who calls knows the one certificate, and asks no authority."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

VALIDITY = timedelta(days=3650)
FRESH = timedelta(days=90)
"""When less is left, the next run makes a new one."""
EARLIER = timedelta(minutes=5)
"""Clocks of callers may be behind ours."""


def self_signed(name: str) -> tuple[str, str]:
    """Return a new certificate and its key, as PEM.

    Python verifies with VERIFY_X509_STRICT since 3.13, which wants the extensions of RFC 5280.
    """
    from cryptography import x509  # noqa: PLC0415 - an optional dependency that takes its time to load
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), secret.decode()


def is_fresh(certificate: str) -> bool:
    """Return whether a text is a certificate that will be valid for some months."""
    from cryptography import x509  # noqa: PLC0415 - see `self_signed`

    try:
        return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc > datetime.now(UTC) + FRESH
    except ValueError:
        return False
