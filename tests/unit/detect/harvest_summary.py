"""A harvest in numbers, for the tests of both questions."""

from dataclasses import replace
from typing import Any

import numpy as np

from stillwatch.detect.summary import Summary
from stillwatch.detect.topics import TopicSpread
from stillwatch.detect.uses import score_cues
from stillwatch.records import Cue


def summary(calls: int = 5_000, cues: Cue | int = Cue.EXTERNALISED | Cue.REASONING, **others: Any) -> Summary:
    """Return a harvest by fifty accounts: new items, no follow-ups, long answers, any account with any topic."""
    table = score_cues(np.array([int(cues)]))
    made = Summary(
        calls=calls,
        completed=calls,
        output_tokens=900 * calls,
        input_tokens=100 * calls,
        cached_input_tokens=0,
        follow_ups=0,
        with_tools=0,
        first=0,
        last=10**12,
        cues=table.cues,
        cue_calls=np.array([calls]),
        cue_score=table.score,
        cue_use=table.use,
        items=calls,
        item_holdings=calls,
        item_calls=calls,
        accounts=np.arange(50),
        account_calls=np.full(50, calls // 50),
        topics=TopicSpread(1.0, 0.02),
        hours=np.arange(24),
        hour_calls=np.full(24, calls // 24),
        hour_accounts=np.full(24, 50),
    )
    return replace(made, **others)
