"""One campaign from a scan to its reversal everywhere, through the commands: ``python tests/walk.py docs/walk.md``.

Two hosts, a register and a stranger on loopback, each a folder of its own; every command is a process. The page that it
writes is what the commands printed; ``integration/test_walk.py`` walks the same way and says what must come out.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import walk_hosts as hosts
import walk_register as registry
from walking import Walk

HEAD = """# A walk: one campaign from a scan to its reversal everywhere

Two hosts, a register and a stranger, each in a folder of its own on one machine; every command below was a process,
and what stands under it is what it printed (cut where it says so; the token and the port are replaced). Traffic is
simulated, names are invented, the register says on every page that it is fictional. The seconds are those of a machine
that had three times more to do than cores. Written by
`python tests/walk.py docs/walk.md`; `tests/integration/test_walk.py` walks the same way. What was used:
[sharing](sharing.md), [bundles](bundles.md), [register](registry.md), [screening](screening.md).

"""


@dataclass(frozen=True)
class Came:
    """What came out, for whoever checks it."""

    page: str
    entry: str
    bits_with: float
    bits_after: float | None
    received: list[dict[str, Any]]
    feedback: str
    screened: str
    rescreened: str
    verified: list[str]
    refused: str


def walk(folder: Path) -> Came:
    """Walk the whole way. Raises AssertionError, with what was printed, if a command does not end as it should."""
    way = Walk(folder)
    hosts.divide_traffic(way)
    a = hosts.find_campaign(way, "host-a", "")
    hosts.share(way, a)
    with hosts.served(way) as url:
        b, bits_with = hosts.corroborate(way, url)
        feedback = hosts.answer(way, url)
        entry, verified = registry.register(way, a, b)
        screened = registry.screen(way)
        refused = registry.appeal(way, entry, verified)
        hosts.take_back(way, entry, url)
    received = json.loads(way.run("host-b", "share received --json", shown=False))
    bits_after, rescreened = _afterwards(way)
    return Came(
        "\n".join(way.lines), entry, bits_with, bits_after, received, feedback, screened, rescreened, verified, refused
    )


def _afterwards(way: Walk) -> tuple[float | None, str]:
    way.tell("## 10. What is left")
    way.run(
        "host-b",
        "scan calls.parquet --accounts accounts.parquet --out report --partners sqlite:///.stillwatch/sharing.db",
        most=1,
    )
    bits = hosts.show_bits(way)
    again = way.run("host-b", "register rescreen --list ../register/site --policy ../stranger/policy.txt", most=8)
    way.tell(
        "Host B's scan still finds what it sees with its own eyes; the partner's word is gone from it. The register "
        "shows a tombstone with the whole history and the reason, and every screening that ran into the entry is told."
    )
    return bits, again


def main() -> None:
    """Walk in a temporary folder and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        Path(sys.argv[1]).write_text(HEAD + walk(Path(folder)).page.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
