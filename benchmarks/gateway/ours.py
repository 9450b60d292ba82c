"""Our gateway as it is measured: ``python -m benchmarks.gateway.ours PORT UPSTREAM FOLDER [SECONDS]``.

Everything is on: the parts that ``assemble.py`` puts together for these settings, with limits on every level and the
journal. Only the key comes from memory, so that the measurement needs no set-up.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.gateway.shapes import KEY, MODEL
from stillwatch.gateway.assemble import make_parts
from stillwatch.gateway.nouns import Caller, Level, Unit
from stillwatch.gateway.nulls import OneKey
from stillwatch.gateway.parts import Parts
from stillwatch.gateway.server import bind, serve
from stillwatch.gateway.settings import GatewaySettings, Journal, LimitRule, Listen, Model, Upstream

PLENTY = 1e12
"""A budget that no load exhausts: what is measured is the counting."""


def settings(port: int, upstream: int, folder: Path, *, patience: float = Listen.body_seconds) -> GatewaySettings:
    """Return settings with six budgets on four levels. A request has ``patience`` seconds to arrive.

    Output tokens on every level; calls and input tokens for the account, whose headers show all three.
    """
    wider = (Level.ORGANIZATION, Level.MODEL, Level.GLOBAL)
    budgets = [(Level.ACCOUNT, unit) for unit in (Unit.CALLS, Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS)]
    budgets += [(level, Unit.OUTPUT_TOKENS) for level in wider]
    return GatewaySettings(
        listen=Listen(port=port, header_seconds=patience, body_seconds=patience, idle_seconds=patience),
        upstreams=(Upstream("model", f"http://127.0.0.1:{upstream}", allow_private=True),),
        models=(Model(MODEL, "model"),),
        limits=tuple(LimitRule(level, unit, per_minute=PLENTY) for level, unit in budgets),
        journal=Journal(folder=folder / "journal", key_file=folder / "key"),
        directory_url=f"sqlite:///{folder}/directory.sqlite",
        standing=folder / "standing",
        admin_token_file=folder / "admin-token",
    )


def parts(chosen: GatewaySettings) -> Parts:
    """Return the parts with one key, of an account in an organization."""
    made = make_parts(chosen)
    return replace(made, keyring=OneKey(KEY, Caller("bench", organization="bench")))


def main() -> None:
    """Serve until stopped."""
    port, upstream, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    patience = float(sys.argv[4]) if len(sys.argv) > 4 else Listen.body_seconds
    chosen = settings(port, upstream, folder, patience=patience)
    serve(partial(parts, chosen), chosen.listen, bind(chosen.listen))


if __name__ == "__main__":
    main()
