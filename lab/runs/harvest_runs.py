"""Send a composed harvest through Stillwatch's policy, limiter and scans, day by day, at three steps of evasion.

    python -m runs.harvest_runs OUT [PIECE…]

A piece is one step of the ladder under one host, one JSON file in OUT/pieces; what is there is not made again.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

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
SEED = 7
CALLS = "calls.parquet"


def hosts() -> dict[str, Host]:
    """Name what a host may do: suspend early, not scan at all, or enforce all of the rules that our docs begin with."""
    limits = (ACCOUNT, CAMPAIGN)
    return {
        "suspending": Host(read_rules(SUSPEND).in_mode(Mode.ENFORCE), limits, SCAN_DAYS),
        "unwatched": Host(Rules(), limits),
        "example": Host(read_rules(EXAMPLE).in_mode(Mode.ENFORCE), limits, SCAN_DAYS),
    }


def pieces() -> dict[str, tuple[int, str]]:
    """Name every piece: a step and a host."""
    return {f"step-{step}-{host}": (step, host) for host in hosts() for step in STEPS}


def make_traffic(step: int, out: Path) -> Path:
    """Compose the step's traffic if it is not there."""
    folder = out / f"traffic-{step}"
    if not (folder / CALLS).exists():
        compose(SCENARIO, out=folder, ladder=step, seed=SEED)
    return folder


def run(step: int, name: str, out: Path) -> dict[str, object]:
    """Let the days of one step's traffic pass under one host."""
    folder = make_traffic(step, out)
    scenario = read_scenario(SCENARIO)
    started = time.process_time()
    offered = read_offered(folder)
    days = run_harvest(
        offered,
        hosts()[name],
        start=scenario.start.timestamp(),
        days=scenario.days,
        work=out / f"step-{step}-{name}",
        on_day=lambda day: print(step, name, json.dumps(day), flush=True),
    )
    return {
        "step": step,
        "host": name,
        "scan_days": list(hosts()[name].scan_days),
        "calls": len(offered.calls),
        "accounts": len(offered.callers),
        "wanted": offered.harvest,
        "cpu_seconds": round(time.process_time() - started, 1),
        "days": days,
    }


def main(out: Path, wanted: list[str]) -> None:
    """Make what is missing; ``traffic-N`` is a piece too, which those of step N need."""
    for step in STEPS:
        if f"traffic-{step}" in wanted:
            make_traffic(step, out)
    (out / "pieces").mkdir(parents=True, exist_ok=True)
    for piece, (step, name) in pieces().items():
        path = out / "pieces" / f"{piece}.json"
        if not path.exists() and (not wanted or piece in wanted):
            path.write_text(json.dumps(run(step, name, out), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
