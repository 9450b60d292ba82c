"""Flip every byte of a small bundle, one bit each, one at a time: verification fails, or the byte means nothing.

    python benchmarks/evidence/flip_bytes.py [--every N]

A byte means nothing where the verifier says the same as before and every file has the same digest: then it
is slack of the compression. Prints how many bytes of each kind there are as JSON; exit code 1 if a byte changes what is
said. The suite flips a sample of them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from bundles import BEACON, Host
from stillwatch.evidence import verify


def flip(data: bytes, at: int, path: Path, good: verify.Verification) -> str:
    """Return what became of one flipped byte."""
    path.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
    try:
        found = verify.Verification(path)
    except (verify.Refused, *verify.BROKEN):
        return "refused"
    same = (found.steps, found.verdicts) == (good.steps, good.verdicts)
    return "means nothing" if same and found.manifest["digests"] == good.manifest["digests"] else "CHANGES WHAT IS SAID"


def main() -> int:
    """Flip, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only each N-th byte")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        host = Host(Path(work) / "host", calls=8)
        host.fix_list()
        bundle = host.bundle(beacon=BEACON, disclose=frozenset({"account", "call_id"}))
        good, data = verify.Verification(bundle), bundle.read_bytes()
        path = Path(work) / "flipped.zip"
        kinds = Counter(flip(data, at, path, good) for at in range(0, len(data), given.every))
    print(json.dumps({"bytes": len(data), "sha256": sha256(data).hexdigest(), **kinds}, indent=1))
    return 1 if kinds["CHANGES WHAT IS SAID"] else 0


if __name__ == "__main__":
    sys.exit(main())
