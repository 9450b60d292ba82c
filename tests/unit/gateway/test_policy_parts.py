"""The policy among a gateway's parts."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.gateway.nouns import Mode
from stillwatch.gateway.nulls import NoKeys, NoLimits
from stillwatch.gateway.parts import Parts
from stillwatch.gateway.policy_parts import add_policy
from stillwatch.gateway.settings import GatewaySettings

RULE = '[[rules]]\nname = "r"\naction = "cap_n"\namount = 1\nreason = "r"\nmode = "enforce"\nuntil = 2035-01-01\n'
ENTRY = {"campaign": "C-1", "strength_bits": 9, "bits": {}, "match_weight": 3, "share": 1, "since": 5}


@dataclass
class Joined(NoLimits):
    """Keeps who joined a campaign."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def join_campaign(self, account: str, campaign: str) -> None:
        self.told.append((account, campaign))


def test_rules_standing_appeals_and_the_kill_switch_are_put_together(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULE)
    (tmp_path / "snapshot.json").write_text(
        json.dumps({"version": 1, "made_at": 7, "accounts": {"a": ENTRY, "b": ENTRY}})
    )
    settings = GatewaySettings(
        rules=tmp_path / "rules.toml", standing=tmp_path, kill_switch=tmp_path / "kill", appeal_url="https://a.example"
    )
    limiter = Joined()
    parts = Parts(settings, keyring=NoKeys(), limiter=limiter)

    async def run() -> None:
        rules = add_policy(parts, is_appeal_granted={"b"}.__contains__)
        for start in parts.starts:
            await start()
        assert [rule.url for rule in rules._rules.rules] == ["https://a.example"]
        assert parts.standings.of("a").campaign == "C-1"
        assert parts.standings.of("b").appeal_granted
        rules.set_kill_switch(on=True)
        assert [rule.mode for rule in rules._active.rules] == [Mode.SHADOW]
        for stop in parts.stops:
            await stop()

    asyncio.run(run())
    assert limiter.told == [("a", "C-1")]
    assert (tmp_path / "kill").exists()
    assert {name: says["status"] for name, says in parts.state().items()} == {"rules": "ok", "standing": "ok"}  # type: ignore[index]
