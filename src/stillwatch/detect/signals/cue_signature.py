"""Accounts whose prompts show the same set of cues."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("cue_signature", family=Family.CONTENT, needs=("cues",), max_bits=6.0, seeds=True)
def cue_signature(calls: Frame) -> Frame:
    """See which combination of cues (records.Cue) each account's prompts show.

    Catches: one instruction reworded many times: the wording changes, what it asks for does not.
    Misses: campaigns that ask for plain answers.
    False alarms: users of one published prompt.
    Source: Anthropic, February 2026; Google GTIG, February 2026 (reasoning trace coercion).
    """
    asked = calls.filter(nw.col("cues") > 0)
    return asked.group_by("account", "cues").agg(calls=nw.len()).rename({"cues": "observable"})
