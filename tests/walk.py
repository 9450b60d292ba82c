"""One campaign from a scan to its reversal everywhere, through the commands: ``python tests/walk.py docs/walk.md``.

Two hosts, a register and a stranger on loopback, each a folder of its own; every command is a process. The page that it
writes is what the commands printed; ``integration/test_walk.py`` walks the same way and says what must come out.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
DRAFT = """
claims = [
  {rung = "volume", words = "about 2,900 completed calls at each of two hosts", said_by = "Host A", confidence = 90},
  {rung = "attribution", words = "operators affiliated with Quillfern", said_by = "Host A", confidence = 55},
]
[entity]
kind = "Company"
name = "Quillfern Model Works Ltd"
aliases = ["羽蕨模型工坊有限公司"]
city = "Port Sedge"
domains = ["quillfern.example"]
[criteria]
category = "model_extraction_attack"
authorised_use = {applies = false, words = "The terms forbid training on answers; no agreement was found."}
limbs = [{head = "terms", mark = "observed", words = "Section 4 of the terms."}]
purpose = [{head = "accounts", mark = "inferred", words = "About 100 accounts at each host share one template."}]
"""
ANSWER = "We buy access through a contractor and are asking it which accounts are ours.\n"
APPEAL = """The accounts are our contractor's. It evaluated both hosts' models for us under the enclosed agreements,
which permit automated use. Nothing was trained on the answers.
"""
CUSTOMERS = """customer,name,city,domains
B-1001,羽蕨模型工坊,,
B-1002,Quillfern Model Works,Port Sedge,quillfern.example
B-1003,Fern & Quill Stationery,Port Sedge,
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
    _traffic(way)
    a = _found(way, "host-a", "")
    _shared(way, a)
    with _served(way) as url:
        b, bits_with = _corroborated(way, url)
        feedback = _answered(way, url)
        entry, verified = _registered(way, a, b)
        screened = _screened(way)
        refused = _appealed(way, entry, verified)
        _taken_back(way, entry, url)
    received = json.loads(way.run("host-b", "share received --json", shown=False))
    bits_after, rescreened = _afterwards(way)
    return Came(
        "\n".join(way.lines), entry, bits_with, bits_after, received, feedback, screened, rescreened, verified, refused
    )


def _traffic(way: Walk) -> None:
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


def _found(way: Walk, who: str, more: str) -> str:
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


def _shared(way: Walk, campaign: str) -> None:
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
def _served(way: Walk) -> Iterator[str]:
    store = f"sqlite:///{way.folder}/host-a/.stillwatch/sharing.db"
    with serving(store, folder=way.folder / "host-a") as served:
        way.hidden[served.url] = "http://127.0.0.1:8089"
        way.show("host-a", "stillwatch share serve &", f"Serving TAXII 2.1 on {served.url}/taxii2/")
        yield f"{served.url}/taxii2/"


def _corroborated(way: Walk, url: str) -> tuple[str, float]:
    way.tell("## 4. Host B pulls, and finds the same operator in its own traffic")
    way.run("host-b", f"share pull {url} --token-file token")
    way.run("host-b", "share received", most=8)
    campaign = _found(way, "host-b", " --partners sqlite:///.stillwatch/sharing.db")
    bits = _bits(way)
    assert bits is not None, way.read("host-b", "report/campaigns.json")
    return campaign, bits


def _bits(way: Walk) -> float | None:
    (found,) = way.read("host-b", "report/campaigns.json")
    evidence = found["coordination"]["evidence"]
    said = "\n".join(f"{family}: {one['bits']:.1f} bits" for family, one in evidence.items())
    way.show("host-b", "# report/campaigns.json, coordination: is it one operator?", said)
    return float(evidence["partners"]["bits"]) if "partners" in evidence else None


def _answered(way: Walk, url: str) -> str:
    way.tell("## 5. Host B answers")
    known = json.loads(way.run("host-b", "share received --json", shown=False))
    network = next(r["object"] for r in known if r["kind"] == "network")
    since = f"{datetime.now(UTC) - timedelta(days=13):%Y-%m-%d}"
    to = f'--as "Host B" --to "Host A" --url {url} --token-file token'
    way.run("host-b", f"share sighting {network} --count 90 --since {since} {to}")
    way.run("host-b", 'share export report --as "Host B" --to "Host A" --purpose "joint defence" -o mine.json')
    way.run("host-b", f'share push mine.json --to "Host A" --purpose "joint defence" --url {url} --token-file token')
    return way.run("host-a", "share feedback", most=4)


def _registered(way: Walk, a: str, b: str) -> tuple[str, list[str]]:
    way.tell("## 6. The register: evidence of both, notice, answer, publication")
    for who, campaign in (("host-a", a), ("host-b", b)):
        way.hand_over(who, "register", "bundle.zip")
        keys = way.read(who, ".stillwatch/evidence/log/keys/vkeys.json")["keys"]
        way.write("register", f"{who}-policy.txt", "".join(f"log {k['vkey']}\n" for k in keys) + "quorum none\n")
        assert campaign
    for name in ("author", "reviewer", "judge"):
        way.run("register", f"register actor {name} --actor {name}.key")
    way.write("register", "draft.toml", DRAFT)
    said = way.run("register", "register draft draft.toml --actor author.key --origin register.example")
    entry = re.findall(r"R-[0-9a-f]{12}", said)[0]
    for who, shows in (("host-a", "About 100 accounts, one template."), ("host-b", "The same template, at our side.")):
        label = who.replace("host-a", "Host A").replace("host-b", "Host B")
        way.run(
            "register",
            f'register evidence {entry} --actor author.key --provider "{label}" --shows "{shows}" '
            f"--bundle {who}-bundle.zip --policy {who}-policy.txt",
        )
    letter = way.run("register", f"register letter {entry} --reply-to answers@register.example", most=14)
    way.write("register", "letter.txt", letter)
    way.run("register", f'register notice {entry} --actor author.key --channel "registered letter" --letter letter.txt')
    way.tell("Before the party has answered or thirty days have passed, nobody can publish. Then the party answers.")
    reasons = '--reasons "Two bundles hold; the words claim no more than they show."'
    way.run("register", f"register publish {entry} --actor reviewer.key {reasons}", code=2)
    way.write("register", "answer.txt", ANSWER)
    way.run(
        "register",
        f'register answer {entry} --actor author.key --from "its director" --stance comments --file answer.txt',
    )
    way.tell("The author of the entry may not publish it, under whatever name; a reviewer may.")
    way.run("register", f"register publish {entry} --actor author.key {reasons}", code=2)
    way.run("register", f"register publish {entry} --actor reviewer.key {reasons}")
    both = '--reasons "Two hosts that nobody controls both saw it themselves."'
    way.run("register", f"register corroborate {entry} --actor reviewer.key {both}")
    return entry, [_site(way)]


def _site(way: Walk) -> str:
    way.run("register", 'register site site --title "Example register" --contact answers@register.example --fictional')
    keys = "".join(
        way.folder.joinpath("register", f"{n}.key.vkey").read_text() for n in ("author", "reviewer", "judge")
    )
    way.write("stranger", "actors.txt", keys)
    vkeys = way.read("register", ".stillwatch/register/log/keys/vkeys.json")["keys"]
    way.write("stranger", "policy.txt", "".join(f"log {k['vkey']}\n" for k in vkeys) + "quorum none\n")
    return way.run("stranger", "register verify ../register/site --policy policy.txt --actors actors.txt")


def _screened(way: Walk) -> str:
    way.tell("## 7. Host B screens its customers against the register")
    way.write("host-b", "customers.csv", CUSTOMERS)
    return way.run(
        "host-b", "register screen customers.csv --list ../register/site --policy ../stranger/policy.txt", most=20
    )


def _appealed(way: Walk, entry: str, verified: list[str]) -> str:
    way.tell("## 8. An appeal, which succeeds")
    way.write("register", "appeal.txt", APPEAL)
    way.run(
        "register",
        f'register appeal {entry} --actor author.key --from "its counsel" --ground authorised_use --file appeal.txt',
    )
    why = '--reasons "Both agreements were shown to us and hold; the use was authorised."'
    way.tell("Who let the entry be published does not decide about it; somebody else does.")
    refused = way.run("register", f"register decide {entry} withdrawn --actor reviewer.key {why}", code=2)
    way.run("register", f"register decide {entry} withdrawn --actor judge.key {why}")
    verified.append(_site(way))
    return refused


def _taken_back(way: Walk, entry: str, url: str) -> None:
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


def _afterwards(way: Walk) -> tuple[float | None, str]:
    way.tell("## 10. What is left")
    way.run(
        "host-b",
        "scan calls.parquet --accounts accounts.parquet --out report --partners sqlite:///.stillwatch/sharing.db",
        most=1,
    )
    bits = _bits(way)
    again = way.run("host-b", "register rescreen --list ../register/site --policy ../stranger/policy.txt", most=8)
    way.tell(
        "Host B's scan still finds what it sees with its own eyes; the partner's word is gone from it. The register "
        "shows a tombstone with the whole history and the reason, and every screening that ran into the entry is told."
    )
    return bits, again


HEAD = """# A walk: one campaign from a scan to its reversal everywhere

Two hosts, a register and a stranger, each in a folder of its own on one machine; every command below was a process,
and what stands under it is what it printed (cut where it says so; the token and the port are replaced). Traffic is
simulated, names are invented, the register says on every page that it is fictional. The seconds are those of a machine
that had ten times more to do than cores. Written by
`python tests/walk.py docs/walk.md`; `tests/integration/test_walk.py` walks the same way. What was used:
[sharing](sharing.md), [bundles](bundles.md), [register](registry.md), [screening](screening.md).

"""


def main() -> None:
    """Walk in a temporary folder and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        Path(sys.argv[1]).write_text(HEAD + walk(Path(folder)).page.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
