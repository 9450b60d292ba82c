"""Model servers behind TLS: verified by name and authority, or not talked to."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from gateway_rig import raw, request, run, running

BODY = b'{"model":"m","messages":[]}'

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a certificate for localhost, with its key in the same file."""
    path = tmp_path / "server.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    made += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(tmp_path / "key.pem"), "-out", str(path)]
    subprocess.run(made, check=True, capture_output=True)
    path.write_text(path.read_text() + (tmp_path / "key.pem").read_text())
    return path


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(len(BODY))
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("host", "trusted", "status"), [("localhost", True, 200), ("127.0.0.1", True, 502), ("localhost", False, 502)]
)
def test_the_certificate_decides(
    *, monkeypatch: pytest.MonkeyPatch, certificate: Path, host: str, trusted: bool, status: int
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate) if trusted else "/dev/null")

    async def test() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server = await asyncio.start_server(_serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        async with running(upstream=f"https://{host}:{port}") as rig:
            assert (await raw(rig.port, request(BODY))).startswith(b"HTTP/1.1 %d" % status)
        server.close()

    run(test)
