"""Send a composed harvest through Stillwatch's policy, limiter and scans, day by day, at four steps of evasion.

    python -m runs.harvest_runs OUT [PIECE…]

A piece is one step of the ladder under one host with one seed, one JSON file in OUT/pieces; what is there is not made
again.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import NamedTuple

from stillwatch.gateway.nouns import Level, Mode, Unit
from stillwatch.gateway.policy import Rules
from stillwatch.gateway.rules import read_rules
from stillwatch.gateway.settings import LimitRule
from stillwatch.simulate.compose import compose
from stillwatch.simulate.scenario import read_scenario
from stillwatch_lab.campaigns.harvest import Host, run_harvest
from stillwatch_lab.campaigns.offered import read_offered

HERE = Path(__file__).parent
SCENARIO = HERE / "harvest.toml"
SUSPEND = HERE / "harvest-suspend.toml"
EXAMPLE = HERE.parents[1] / "docs" / "examples" / "rules.toml"
STEPS = (0, 2, 3, 5)
"""docs/simulate.md: all shared; own cards, addresses and days; forty wordings; four calls an account among real use."""
SCAN_DAYS = (2, 3, 4, 5, 7, 9, 11)
"""Daily at first, then every second day: a scan of 20,000 calls takes 8 seconds of one core."""
ACCOUNT = LimitRule(Level.ACCOUNT, Unit.OUTPUT_TOKENS, per_minute=20_000)
"""docs/gateway-start.md."""
CAMPAIGN = LimitRule(Level.CAMPAIGN, Unit.OUTPUT_TOKENS, per_minute=16, burst=1_000)
"""An eighth of what this harvest draws. The 20,000 of docs/gateway-start.md would be about that for 13 million
exchanges in eight weeks (at 900 tokens: 145,000 a minute); they would not touch a harvest of 2,400."""
SEEDS = (7, 8, 9)
"""Each composes traffic of its own and draws the deployment's key."""
CALLS = "calls.parquet"


class Play(NamedTuple):
    """One harvest under one host."""

    step: int
    host: str
    seed: int

    @property
    def name(self) -> str:
        """Name its piece."""
        return f"step-{self.step}-{self.host}-{self.seed}"

    @property
    def traffic(self) -> str:
        """Name the folder of its traffic, which all hosts share."""
        return f"traffic-{self.step}-{self.seed}"


def hosts(seed: int) -> dict[str, Host]:
    """Name what a host may do: suspend early, not scan at all, or enforce all of the rules that our docs begin with."""
    limits = (ACCOUNT, CAMPAIGN)
    return {
        "suspending": Host(read_rules(SUSPEND).in_mode(Mode.ENFORCE), limits, SCAN_DAYS, seed),
        "unwatched": Host(Rules(), limits),
        "example": Host(read_rules(EXAMPLE).in_mode(Mode.ENFORCE), limits, SCAN_DAYS, seed),
    }


def plays() -> list[Play]:
    """List every piece: first all that one seed shows."""
    return [Play(step, host, seed) for seed in SEEDS for step in STEPS for host in hosts(seed)]


def make_traffic(play: Play, out: Path) -> Path:
    """Compose the traffic of a step and seed if it is not there."""
    folder = out / play.traffic
    if not (folder / CALLS).exists():
        compose(SCENARIO, out=folder, ladder=play.step, seed=play.seed)
    return folder


def run(play: Play, out: Path) -> dict[str, object]:
    """Let the days of one step's traffic pass under one host."""
    folder = make_traffic(play, out)
    scenario, host = read_scenario(SCENARIO), hosts(play.seed)[play.host]
    started = time.process_time()
    offered = read_offered(folder)
    days = run_harvest(
        offered,
        host,
        start=scenario.start.timestamp(),
        days=scenario.days,
        work=out / play.name,
        on_day=lambda day: print(play.name, json.dumps(day), flush=True),
    )
    return {
        **play._asdict(),
        "scan_days": list(host.scan_days),
        "calls": len(offered.calls),
        "accounts": len(offered.callers),
        "wanted": offered.harvest,
        "cpu_seconds": round(time.process_time() - started, 1),
        "days": days,
    }


def main(out: Path, wanted: list[str]) -> None:
    """Make what is missing; ``traffic-STEP-SEED`` is a piece too, which those of that step and seed need."""
    (out / "pieces").mkdir(parents=True, exist_ok=True)
    for play in plays():
        if play.traffic in wanted:
            make_traffic(play, out)
        path = out / "pieces" / f"{play.name}.json"
        if not path.exists() and (not wanted or play.name in wanted):
            path.write_text(json.dumps(run(play, out), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
