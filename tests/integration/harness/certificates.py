"""Throw-away certificate authorities and server certificates."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


@dataclass
class Certificates:
    """Paths of a CA certificate and of a server certificate and key signed by it, all PEM."""

    ca: Path
    cert: Path
    key: Path

    def server_options(self) -> dict[str, Path]:
        return {"ca": self.ca, "cert": self.cert, "key": self.key}


def make_certificates(directory: Path, name: str) -> Certificates:
    """A new CA called `name` and a certificate of it for 127.0.0.1, valid for a day."""
    directory.mkdir(parents=True, exist_ok=True)
    authority_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    server_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} CA")])
    server = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} server")])
    made = Certificates(directory / "ca.pem", directory / "cert.pem", directory / "key.pem")

    def sign(subject: x509.Name, key: rsa.RSAPrivateKey, is_authority: bool) -> bytes:
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(authority).public_key(key.public_key())
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
                   .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True))
        if not is_authority:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    made.ca.write_bytes(sign(authority, authority_key, True))
    made.cert.write_bytes(sign(server, server_key, False))
    made.key.write_bytes(server_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                  serialization.NoEncryption()))
    made.key.chmod(0o600)
    return made
