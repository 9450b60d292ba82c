"""The hosts' part of the walk: one operator's traffic divided, found, shared, answered, and taken back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from taxii_world import serving
from walking import Walk

SCENARIO = """
description = "One operator with accounts at two hosts, among people and honest heavy use."
start = {start}
days = 12

[[block]]
kind = "human"
accounts = 900
calls = 8000

[[block]]
kind = "campaign"
campaign = "A"
accounts = 200
calls = 6000
first_day = 1
days = 11
use = "reasoning"
languages = ["en"]

[[block]]
kind = "benchmark_run"
accounts = 40
calls = 1600
first_day = 3
days = 6

[[block]]
kind = "popular_app"
accounts = 120
calls = 1200
"""


def divide_traffic(way: Walk) -> None:
    """Compose traffic of one operator among innocents, and give each of two hosts the calls of its own customers."""
    way.tell("## 1. One operator, two hosts")
    for who in ("host-a", "host-b", "register", "stranger"):
        (way.folder / who).mkdir()
    start = datetime.now(UTC) - timedelta(days=13)
    scenario = way.folder / "both.toml"
    scenario.write_text(SCENARIO.format(start=f"{start:%Y-%m-%dT00:00:00Z}"), encoding="utf-8")
    way.run(".", "simulate both.toml --out both", shown=False)
    counts = {who: _share(way.folder, who, even=who == "host-a") for who in ("host-a", "host-b")}
    told = "; ".join(
        f"{who} sees {calls:,} calls of {accounts:,} accounts" for who, (calls, accounts) in counts.items()
    )
    way.tell(
        "Labelled traffic of the last two weeks (`stillwatch simulate`): 200 accounts of one operator among 1,060 of "
        f"people and honest heavy use. Each account is a customer of one of two hosts: {told}. Neither host sees the "
        "other's calls."
    )


def _share(folder: Path, who: str, *, even: bool) -> tuple[int, int]:
    counts = []
    for name in ("calls", "accounts"):
        whole = pq.read_table(folder / f"both/{name}.parquet")
        mine = [(zlib.crc32(a.encode()) % 2 == 0) is even for a in whole["account"].to_pylist()]
        part = whole.filter(pa.array(mine))
        pq.write_table(part, folder / who / f"{name}.parquet")
        counts.append(part.num_rows)
    return counts[0], counts[1]


def find_campaign(way: Walk, who: str, more: str) -> str:
    """Scan a host's traffic, keep the evidence, and return the name of the campaign that was found."""
    if who == "host-a":
        way.tell("## 2. Host A finds a campaign")
    way.run(who, f"evidence append calls.parquet --origin log.{who}.example --folder .stillwatch/evidence")
    way.run(
        who,
        f"scan calls.parquet --accounts accounts.parquet --out report --evidence .stillwatch/evidence{more}",
        most=9,
    )
    (found,) = way.read(who, "report/campaigns.json")
    way.run(who, f"evidence bundle report --campaign {found['campaign']} -o bundle.zip", most=2)
    return str(found["campaign"])


def share(way: Walk, campaign: str) -> None:
    """Show what would leave the first host, let the second one in, and share."""
    way.tell("## 3. Host A looks at what would leave, and shares it")
    way.run("host-a", 'share export report --as "Host A" --dry-run', most=26)
    way.run("host-a", "share collection Campaigns")
    token = way.run(
        "host-a", 'share caller "Host B" --read Campaigns --write Campaigns --as "Host B"', shown=False
    ).strip()
    way.hidden[token] = "<token>"
    way.show("host-a", 'stillwatch share caller "Host B" --read Campaigns --write Campaigns --as "Host B"', token)
    way.write("host-b", "token", token).chmod(0o600)
    way.run(
        "host-a",
        f'share export report --campaign {campaign} --as "Host A" --to "Host B" --purpose "joint defence" '
        "--collection Campaigns --bundle bundle.zip",
    )


@contextmanager
def served(way: Walk) -> Iterator[str]:
    """Serve the first host's collections and yield the address."""
    store = f"sqlite:///{way.folder}/host-a/.stillwatch/sharing.db"
    with serving(store, folder=way.folder / "host-a") as served:
        way.hidden[served.url] = "http://127.0.0.1:8089"
        way.show("host-a", "stillwatch share serve &", f"Serving TAXII 2.1 on {served.url}/taxii2/")
        yield f"{served.url}/taxii2/"


def corroborate(way: Walk, url: str) -> tuple[str, float]:
    """Pull and scan at the second host; return its campaign, and the bits that the partner's word adds."""
    way.tell("## 4. Host B pulls, and finds the same operator in its own traffic")
    way.run("host-b", f"share pull {url} --token-file token")
    way.run("host-b", "share received", most=8)
    campaign = find_campaign(way, "host-b", " --partners sqlite:///.stillwatch/sharing.db")
    bits = show_bits(way)
    assert bits is not None, way.read("host-b", "report/campaigns.json")
    return campaign, bits


def show_bits(way: Walk) -> float | None:
    """Show what speaks for one operator at the second host, and return the partner's part; None without one."""
    (found,) = way.read("host-b", "report/campaigns.json")
    evidence = found["coordination"]["evidence"]
    said = "\n".join(f"{family}: {one['bits']:.1f} bits" for family, one in evidence.items())
    way.show("host-b", "# report/campaigns.json, coordination: is it one operator?", said)
    return float(evidence["partners"]["bits"]) if "partners" in evidence else None


def answer(way: Walk, url: str) -> str:
    """Send the second host's sighting and campaign back, and return what the first host is told."""
    way.tell("## 5. Host B answers")
    known = json.loads(way.run("host-b", "share received --json", shown=False))
    network = next(r["object"] for r in known if r["kind"] == "network")
    since = f"{datetime.now(UTC) - timedelta(days=13):%Y-%m-%d}"
    to = f'--as "Host B" --to "Host A" --url {url} --token-file token'
    way.run("host-b", f"share sighting {network} --count 90 --since {since} {to}")
    way.run("host-b", 'share export report --as "Host B" --to "Host A" --purpose "joint defence" -o mine.json')
    way.run("host-b", f'share push mine.json --to "Host A" --purpose "joint defence" --url {url} --token-file token')
    return way.run("host-a", "share feedback", most=4)


def take_back(way: Walk, entry: str, url: str) -> None:
    """Revoke at both hosts what the register took back, and pull."""
    way.tell("## 9. Revocation everywhere")
    way.tell(
        "Each host hands the register's decision to one command. It verifies the entry, finds which of the host's own "
        "campaigns the evidence was about, and revokes what left for it."
    )
    back = f"share withdraw --entry ../register/site/entries/{entry}.json --policy ../stranger/policy.txt"
    way.run("host-a", f'{back} --to "all partners" --purpose "appeal granted"')
    way.run("host-b", f'{back} --to "Host A" --purpose "appeal granted" -o revoked.json')
    way.run(
        "host-b", f'share push revoked.json --to "Host A" --purpose "appeal granted" --url {url} --token-file token'
    )
    way.run("host-b", f"share pull {url} --token-file token")
    way.run("host-b", "share received", most=8)
    way.run("host-a", "share list", most=6)
