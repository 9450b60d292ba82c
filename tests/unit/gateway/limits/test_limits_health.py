from __future__ import annotations

import json
from dataclasses import asdict

from limits_bench import Clock, tokens
from stillwatch.gateway.limits.health import Silent
from stillwatch.gateway.limits.limiter import Limits


def test_health_is_plain_json() -> None:
    health = asdict(Limits([tokens()], clock=Clock()).health())
    assert json.loads(json.dumps(health))["store"] == "none"


def test_nobody_need_listen() -> None:
    Silent().store_mode("failing", "reason")
    Silent().failed_open()
