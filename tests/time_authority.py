"""A time-stamp authority on the spot: its own root, a certificate for it, and ``openssl ts`` to answer."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from loopback import Reply

CONFIGURATION = """\
[tsa]
default_tsa = here
[here]
serial = {serial}
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


class TimeAuthority:
    """Answers RFC 3161 questions; its root certificate is in ``roots``."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, count()
        folder.mkdir()
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in "ab")
        self.root = _certificate("Root made for a test", root_key, "Root made for a test", root_key, ca=True)
        signer = _certificate("Authority made for a test", key, "Root made for a test", root_key)
        self.roots = folder / "roots.pem"
        self.roots.write_bytes(self.root.public_bytes(serialization.Encoding.PEM))
        (folder / "signer.pem").write_bytes(signer.public_bytes(serialization.Encoding.PEM))
        (folder / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def __call__(self, _: str, question: bytes) -> Reply:
        return 200, "application/timestamp-reply", self.stamp(question)

    def stamp(self, question: bytes) -> bytes:
        base = self._folder / str(next(self._number))
        base.with_suffix(".tsq").write_bytes(question)
        base.with_suffix(".serial").write_text("01\n")
        base.with_suffix(".cnf").write_text(CONFIGURATION.format(serial=base.with_suffix(".serial")))
        subprocess.run(
            ["openssl", "ts", "-reply", "-config", base.with_suffix(".cnf"), "-queryfile", base.with_suffix(".tsq"),
             "-signer", self._folder / "signer.pem", "-inkey", self._folder / "key.pem",
             "-out", base.with_suffix(".tsr")],
            check=True, capture_output=True, timeout=30,
        )  # fmt: skip
        return base.with_suffix(".tsr").read_bytes()


def _certificate(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey,
    *, ca: bool = False,
) -> x509.Certificate:  # fmt: skip
    now = datetime.now(UTC)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (subject, issuer)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer_key, hashes.SHA256())
