"""A hundred thousand malformed requests against a running gateway, seeded: no crash, no hang, no failure inside.

``python -m benchmarks.gateway.fuzz [INPUTS] [SEED]``: good requests with bytes changed, cut, repeated and put in
elsewhere, in head and body. Every input is answered with a proper status or a closed connection; afterwards the gateway
serves, holds nothing open, and its log tells of no failure.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import uvloop

from benchmarks.gateway.processes import running
from benchmarks.gateway.proxies import JSON_PORT, LOAD_CORE, NGINX, NGINX_ANSWER, proxy
from benchmarks.gateway.shapes import ANSWER, KEY, MODEL, PATH

PORT = 18791
AT_ONCE = 256
PATIENCE_SECONDS = 0.2
"""How long the gateway waits for the rest of a request: many inputs have none."""

WAIT_SECONDS = 20.0
"""Far longer than any of the gateway's deadlines here: whatever takes this long hangs."""

SPLICES = (
    *(b"\r\n", b"\n", b"\r", b"\0", b"\xff", b" ", b"\t", b":", b",", b";", b"%00", b"%2e", b"../", b"?", b"#", b"\\"),
    *(
        b"content-length: 1\r\n",
        b"transfer-encoding: chunked\r\n",
        b"expect: 100-continue\r\n",
        b"\r\n\r\n",
        b"0\r\n\r\n",
    ),
    *(
        b"host: y\r\n",
        b"upgrade: h2c\r\nconnection: upgrade\r\n",
        b"content-encoding: gzip\r\n",
        b"HTTP/1.1",
        b"GET / ",
    ),
    *(
        b'"model"',
        b'"stream":true',
        b'"n":1e9',
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"null",
        b"NaN",
        b"-1",
        b"\\u0000",
        b"\\ud800",
    ),
    b"[" * 2000,
)


def good(draw: random.Random) -> bytes:
    """Return a request that the gateway would answer."""
    path = draw.choice(
        (PATH, "/v1/completions", "/v1/responses", "/v1/embeddings", "/v1/messages", "/v1/models", "/healthz")
    )
    body = b'{"model":"%s","messages":[{"role":"user","content":"hi"}],"max_tokens":5,"n":1}' % MODEL.encode()
    method = "GET" if path in {"/v1/models", "/healthz"} else "POST"
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n%s" % (len(body), body)


def mutate(whole: bytes, draw: random.Random) -> bytes:
    """Return the request with one to four changes."""
    data = bytearray(whole)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(data) + 1)
        kind = draw.randrange(5)
        if kind == 0:
            data[at:at] = draw.choice(SPLICES)
        elif kind == 1 and at < len(data):
            data[at] = draw.randrange(256)
        elif kind == 2:
            del data[at : at + draw.randint(1, 20)]
        elif kind == 3:
            data[at:at] = data[max(at - draw.randint(1, 60), 0) : at]
        else:
            del data[at:]
    return bytes(data)


async def send(data: bytes) -> str:
    """Send one input and nothing more; return the first status, or ``closed`` or ``hang``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            writer.write(data)
            said = await reader.read()
    except TimeoutError:
        return "hang"
    except ConnectionError:
        return "closed"
    finally:
        writer.close()
    if not said:
        return "closed"
    return said[9:12].decode("latin-1") if said.startswith(b"HTTP/1.1 ") else "nonsense"


async def fuzz(inputs: int, seed: int) -> Counter[str]:
    """Send all inputs, some at once; return how they were answered."""
    draw = random.Random(seed)
    answers: Counter[str] = Counter()

    async def worker(count: int) -> None:
        for _ in range(count):
            answers[await send(mutate(good(draw), draw))] += 1

    await asyncio.gather(*(worker(inputs // AT_ONCE) for _ in range(AT_ONCE)))
    assert await send(good(random.Random(3))) == "200", "the gateway does not serve any more"
    return answers


def main() -> None:
    """Fuzz and print. Raises AssertionError for what must not be."""
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        answers = NGINX_ANSWER.format(port=JSON_PORT, answer=ANSWER)
        conf = folder / "answers.conf"
        conf.write_text(NGINX.format(folder=folder, name="answers", body=answers))
        with (
            running("answers", ["nginx", "-c", conf, "-p", folder], JSON_PORT, core=LOAD_CORE),
            proxy("ours", folder, PORT, JSON_PORT, str(PATIENCE_SECONDS)) as gateway,
        ):
            before = gateway.rss_mib()
            found = uvloop.run(fuzz(inputs, seed))
            print(f"{inputs:,} inputs, seed {seed}: {dict(found.most_common())}")
            print(f"memory {before:.0f} -> {gateway.rss_mib():.0f} MiB")
            log = Path(f"/tmp/bench-gateway-ours-{PORT}.log").read_text()  # noqa: S108
    assert not found["hang"]
    assert not found["nonsense"]
    assert not found["500"]
    assert "failed inside" not in log, log
    assert KEY not in log


if __name__ == "__main__":
    main()
