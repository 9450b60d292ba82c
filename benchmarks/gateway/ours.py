"""Our gateway as it is measured: ``python -m benchmarks.gateway.ours PORT UPSTREAM FOLDER [SECONDS]``.

Everything is on, put together by ``assemble.py``: a directory with its key, limits on four levels, the example rules,
the journal, the metrics. The caller is an account that a scan has listed, in a campaign too weak for any rule: every
rule is looked at and every level is counted, and no effect changes the call.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.gateway.shapes import KEY, MODEL
from benchmarks.machine import ROOT
from stillwatch.gateway.assemble import make_parts
from stillwatch.gateway.directory.credential import hash_secret, make_salt, parse_credential
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.directory.tables import keys, microseconds
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.policy_parts import SNAPSHOT
from stillwatch.gateway.server import bind, serve
from stillwatch.gateway.settings import GatewaySettings, Journal, LimitRule, Listen, Model, Upstream
from stillwatch.gateway.standing import VERSION

PLENTY = 1e12
"""A budget that no load exhausts: what is measured is the counting."""

ACCOUNT = "bench"
WEAK = {"campaign": "weak", "strength_bits": 1.0, "bits": {}, "match_weight": 1.0, "share": 0.1, "since": 0.0}
"""Below every threshold of the example rules."""


def settings(port: int, upstream: int, folder: Path, *, patience: float = Listen.body_seconds) -> GatewaySettings:
    """Return settings with nine budgets on four levels. A request has ``patience`` seconds to arrive.

    Calls and output tokens on every level; also input tokens for the account, whose headers show all three.
    """
    levels = (Level.ACCOUNT, Level.ORGANIZATION, Level.CAMPAIGN, Level.GLOBAL)
    budgets = [(level, unit) for level in levels for unit in (Unit.CALLS, Unit.OUTPUT_TOKENS)]
    budgets.append((Level.ACCOUNT, Unit.INPUT_TOKENS))
    return GatewaySettings(
        listen=Listen(port=port, header_seconds=patience, body_seconds=patience, idle_seconds=patience),
        upstreams=(Upstream("model", f"http://127.0.0.1:{upstream}", allow_private=True),),
        models=(Model(MODEL, "model"),),
        limits=tuple(LimitRule(level, unit, per_minute=PLENTY) for level, unit in budgets),
        rules=ROOT / "docs" / "examples" / "rules.toml",
        journal=Journal(folder=folder / "journal", key_file=folder / "key"),
        directory_url=f"sqlite:///{folder}/directory.sqlite",
        standing=folder / "standing",
        admin_token_file=folder / "admin-token",
    )


def prepare(chosen: GatewaySettings) -> None:
    """Write what the gateway reads: the account with its key, which every measurement knows, and its standing."""
    credential = parse_credential(KEY)
    assert credential is not None
    values = {"organization": ACCOUNT, "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
    with Directory(chosen.directory_url) as directory:
        directory.accounts.add(ACCOUNT, values, by=ACCOUNT, now=time.time())
        row = {"id": credential.id, "account": ACCOUNT, "label": "", "created_at": microseconds(time.time())}
        salt = make_salt()
        row |= {"salt": salt, "hash": hash_secret(salt, credential.secret)}
        with directory.database.change() as change:
            change.connection.execute(keys.insert().values(**row, changed=change.number))
    chosen.standing.mkdir(parents=True, exist_ok=True)
    snapshot = {"version": VERSION, "made_at": time.time(), "accounts": {ACCOUNT: WEAK}, "campaigns": {}}
    (chosen.standing / SNAPSHOT).write_text(json.dumps(snapshot))


def main() -> None:
    """Serve until stopped."""
    port, upstream, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    patience = float(sys.argv[4]) if len(sys.argv) > 4 else Listen.body_seconds
    chosen = settings(port, upstream, folder, patience=patience)
    prepare(chosen)
    serve(partial(make_parts, chosen), chosen.listen, bind(chosen.listen))


if __name__ == "__main__":
    main()
