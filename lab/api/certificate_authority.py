"""The certificate authority of the lab's ACM, made when the API starts: its state is in memory, as all of the API."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# ACM user guide, "ACM certificate characteristics": 198 days since February 2026.
VALID = timedelta(days=198)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "flask-on-aws lab"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _validity(builder: x509.CertificateBuilder, lasts: timedelta) -> x509.CertificateBuilder:
    # A clock that is a little slow accepts it.
    now = datetime.now(UTC) - timedelta(minutes=5)
    return builder.not_valid_before(now).not_valid_after(now + lasts).serial_number(x509.random_serial_number())


def _make_root() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("ACM of the lab")
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return key, _validity(builder, timedelta(days=3650)).sign(key, hashes.SHA256())


_KEY, _ROOT = _make_root()
ROOT_PEM = _ROOT.public_bytes(serialization.Encoding.PEM)


def issue(names: list[str]) -> tuple[bytes, bytes]:
    """Certificate and private key, in PEM, for the names; the first is its common name."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    builder = x509.CertificateBuilder().issuer_name(_ROOT.subject).public_key(key.public_key())
    builder = builder.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(_KEY.public_key())
    builder = builder.add_extension(authority, critical=False)
    certificate = _validity(builder, VALID).sign(_KEY, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private
