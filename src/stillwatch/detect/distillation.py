"""The second question, distillation, answered in bits by family (see ``questions.py`` for the first)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stillwatch.detect.answers import Answer, Finding
from stillwatch.detect.group import MANY_WORDINGS, Group, has_one_back_end, is_open, take_turns
from stillwatch.detect.items import MIN_ITEM_CALLS, are_samples, carries_artefacts, public_items, sampled_items
from stillwatch.detect.questions import LEAST_AGREEMENT
from stillwatch.detect.senders import MIN_COVERED
from stillwatch.detect.summary import Summary
from stillwatch.detect.topics import ONE_QUEUE
from stillwatch.detect.uses import PRIOR_CENTIBITS
from stillwatch.records import Family

DISTILLATION_PRIOR = -4.0
"""Of the groups that agree in wording or use, one in sixteen is taken to make training data."""
VOLUME_PIVOT = 1000.0
"""Calls from which on volume speaks for training: half a bit for each doubling."""
CONCEALED_FROM = 6.0
"""Bits for one operator from which its hiding is itself a sign of what the calls are for: half a bit for each more,"""
MAX_CONCEALMENT = 2.0
"""and two at most: hiding also serves resale and free quotas."""

MIN_TIED = 0.5
"""Share of a group that its addresses and papers must tie to each other before they say that it has one operator:
companies that run one published test are each held by papers of its own."""
ONE_CHOICE_BITS = 2.0
"""Where one vendor's back end would explain a group, its wording is one choice, the vendor's, and not that of each
account: what it says beyond these bits, one strong cue's, counts half."""
BEYOND_DOUBT = 12.0
"""Bits for one operator from which on conversations count no more than half against a harvest: one operator who holds
thousands of conversations under many names may be harvesting these."""
OF_APPLICATIONS = frozenset({"new_items", "follow_ups", "volume", "output_to_input"})
"""What any application that writes something for its customers shows as well,"""
MAX_APPLICATION_BITS = 3.0
"""so that all of it together leaves the answer below even, unless wording says more, or all accounts share all topics
though no application would explain that."""
MAX_PARAPHRASE_BITS = 1.0
"""What it says of the purpose that one thing is asked for in many wordings, half a bit for each doubling from
MANY_WORDINGS on: variety is wanted in training data, or hides it; a product of many parts has many wordings too."""
MIN_QUEUE_BITS = 1.0
"""Accounts share all topics where items look dealt from one queue by this much, twice as likely as not."""
TOPICS_APART = 2.0
"""Accounts that agree with themselves twice as often as with each other have topics of their own, as customers do."""
OWNERS = (Family.TIMING, Family.IDENTITY)
"""What says that the owners are one, and not only the servers: one vendor's back end, through which strangers call for
one thing, has one network, one client and one wording, but not one purse and one calendar."""
MIN_OWNER_BITS = 2.5
"""More than a common day alone can say of strangers who share no papers (questions.MAX_LINK_BITS, LEAST_AGREEMENT).
Users of one plug-in, each on a server of its own, share wording and client too, and may all ask for the same."""


def is_distillation(group: Group, summary: Summary, coordination: Answer) -> Answer:
    """Answer whether the sub-stream looks like the making of training data, given who is behind it."""
    served = is_open(group) or _serves_strangers(group, summary, coordination)
    findings: list[Finding] = [
        _wording(group, summary, of_vendor=served and has_one_back_end(group)),
        *_novelty(group, summary, coordination),
        *_artefacts(summary),
        _conversation(summary, coordination),
        _volume(summary),
        *_concealment(coordination, openly=is_open(group), servers=_server_bits(group, coordination)),
        *_economy(summary),
        *_paraphrases(group, summary),
    ]
    findings += _application(findings, 1.0 if served else _own_topics(summary, coordination))
    return Answer(DISTILLATION_PRIOR, tuple(f for f in findings if f.bits))


def _serves_strangers(group: Group, summary: Summary, coordination: Answer) -> bool:
    """Whether one back end, or one program on many machines, would explain what holds the accounts together.

    Customers of one back end may have come on its launch day, so days and papers must speak together against it; papers
    that the log does not have count as not shared, for nobody is guilty of their lack. Against one program days, papers
    or addresses speak alone, for its users share none of them, and so do many wordings that take turns.
    """
    if has_one_back_end(group):
        unknown = LEAST_AGREEMENT if Family.IDENTITY not in coordination.families else 0.0
        return sum(coordination.family_bits(f) for f in OWNERS) + unknown < MIN_OWNER_BITS
    if take_turns(group, calls=summary.calls):
        return False
    return max(coordination.family_bits(f) for f in (*OWNERS, Family.NETWORK)) < MIN_OWNER_BITS


def _server_bits(group: Group, coordination: Answer) -> float:
    """Return what one back end says of one operator: its network and its client, which its customers share."""
    if not has_one_back_end(group):
        return 0.0
    return sum(max(0.0, coordination.family_bits(f)) for f in (Family.NETWORK, Family.ECONOMY))


def _own_topics(summary: Summary, coordination: Answer) -> float:
    """Return how far accounts have topics of their own: 0 where all share all, 1 from TOPICS_APART on, or unknown."""
    if any(f.signal == "one_queue" and f.bits >= MIN_QUEUE_BITS for f in coordination.findings):
        return 0.0
    apart = np.log(summary.topics.most / ONE_QUEUE) / np.log(TOPICS_APART / ONE_QUEUE)
    return float(np.clip(apart, 0.0, 1.0)) if np.isfinite(apart) else 1.0


def _application(findings: Sequence[Finding], share: float) -> list[Finding]:
    """Take back this share of what any application that writes something says as well."""
    common = sum(f.bits for f in findings if f.signal in OF_APPLICATIONS)
    bits = share * min(0.0, MAX_APPLICATION_BITS - common)
    says = "Any application that writes for its customers asks once, with new items, for long answers, and often."
    return [Finding("application", Family.ECONOMY, bits, says)] if bits else []


def _wording(group: Group, summary: Summary, *, of_vendor: bool) -> Finding:
    score = float((summary.cue_calls * summary.cue_score).sum()) / max(1, summary.calls) / 100.0
    if group.sent.wording is not None and group.sent.covered >= MIN_COVERED:
        # What was put into a template (a document, options) does not speak against what the template asks for.
        score = max(score, group.sent.wording)
    bits = float(np.clip(score - PRIOR_CENTIBITS / 100.0, -6.0, 8.0))
    if of_vendor and bits > ONE_CHOICE_BITS:
        bits = ONE_CHOICE_BITS + (bits - ONE_CHOICE_BITS) / 2.0
    says = (
        "The wording asks for what training data is made of."
        if bits >= 2
        else (
            "The wording says little."
            if bits > -1
            else "The wording is that of classification, documents, options or agents."
        )
    )
    return Finding("wording", Family.CONTENT, bits, says)


def _novelty(group: Group, summary: Summary, coordination: Answer) -> list[Finding]:
    if summary.item_calls < MIN_ITEM_CALLS:
        return []
    new = summary.items / summary.item_calls
    again = 1.0 - summary.item_holdings / summary.item_calls
    found = _of_one_operator(public_items(summary, 1), group, coordination)
    if are_samples(summary):
        found = sampled_items(summary, 1)
    elif new >= 0.8:
        says = f"{new:.0%} of the items are sent once only: harvest does not repeat itself."
        found.append(Finding("new_items", Family.CONTENT, 2.0, says))
    elif new >= 0.4 and not public_items(summary, 1):
        found.append(Finding("new_items", Family.CONTENT, 0.5, f"{new:.0%} of the calls bring a new item."))
    if again > 0.5:
        says = f"Accounts send their own items again ({again:.0%} of the calls), as regression tests do."
        found.append(Finding("repeated_items", Family.CONTENT, -4.0, says))
    return found


def _of_one_operator(found: list[Finding], group: Group, coordination: Answer) -> list[Finding]:
    # Where the accounts are one operator's in spite of it, common items may also be samples of one prompt, if uneven
    # ones: they say half. A class that shares a campus and a deadline also looks like one operator.
    papers = sum(max(0.0, coordination.family_bits(f)) for f in (Family.NETWORK, Family.IDENTITY))
    held = coordination.bits - (papers if group.tied < MIN_TIED else 0.0)
    return found if held < CONCEALED_FROM else [replace(f, bits=f.bits / 2.0) for f in found]


def _artefacts(summary: Summary) -> list[Finding]:
    if not carries_artefacts(summary):
        return []
    says = (
        f"{summary.carried} different opaque blobs were sent by more than one account: "
        "what was made in one session is being read in others."
    )
    return [Finding("carried_artefacts", Family.CONTENT, 4.0, says)]


def _concealment(coordination: Answer, *, openly: bool, servers: float) -> list[Finding]:
    if openly:
        return []
    bits = float(np.clip((coordination.bits - servers - CONCEALED_FROM) / 2.0, 0.0, MAX_CONCEALMENT))
    says = "One operator hides behind many names: an ordinary customer would declare itself."
    return [Finding("concealment", Family.IDENTITY, bits, says)] if bits else []


def _conversation(summary: Summary, coordination: Answer) -> Finding:
    share = summary.follow_ups / max(1, summary.calls)
    bits = 1.5 if share < 0.05 else 0.0 if share < 0.2 else -3.0 if share < 0.5 else -6.0
    if coordination.bits >= BEYOND_DOUBT:
        bits = max(bits, -3.0)
    return Finding("follow_ups", Family.ECONOMY, bits, f"{share:.0%} of the calls continue a conversation.")


def _volume(summary: Summary) -> Finding:
    # Training takes thousands of answers: a few hundred are a trial or a study (facts: 150 k to 13 M in named cases).
    bits = float(np.clip(np.log2(max(1, summary.calls) / VOLUME_PIVOT) / 2.0, -3.0, 3.0))
    return Finding("volume", Family.ECONOMY, bits, f"{summary.calls:,} calls in all.")


def _paraphrases(group: Group, summary: Summary) -> list[Finding]:
    if not take_turns(group, calls=summary.calls) or group.sent.wordings <= MANY_WORDINGS:
        return []
    bits = min(MAX_PARAPHRASE_BITS, float(np.log2(group.sent.wordings / MANY_WORDINGS)) / 2.0)
    says = f"Each account asks in turns with several of {group.sent.wordings} wordings: a program keeps to one or two."
    return [Finding("paraphrases", Family.CONTENT, bits, says)]


def _economy(summary: Summary) -> list[Finding]:
    found = []
    if summary.output_tokens and summary.input_tokens:
        ratio = summary.output_tokens / summary.input_tokens
        bits = 1.0 if ratio >= 1.0 else -2.0 if ratio < 0.1 else 0.0
        found.append(
            Finding("output_to_input", Family.ECONOMY, bits, f"{ratio:.1f} tokens are written for each one read.")
        )
    cached = summary.cached_input_tokens / summary.input_tokens if summary.input_tokens else 0.0
    if cached >= 0.5:
        found.append(Finding("caching", Family.ECONOMY, -1.0, f"{cached:.0%} of the input comes from the cache."))
    tools = summary.with_tools / max(1, summary.calls)
    if tools >= 0.5:
        found.append(Finding("tools", Family.ECONOMY, -2.0, f"{tools:.0%} of the calls offer tools, as agents do."))
    return found


def objectives(summary: Summary, names: Sequence[str]) -> dict[str, float]:
    """Return which share of the sub-stream's calls went for which use (0 = none recognised: plain answers)."""
    shares = np.bincount(summary.cue_use, weights=summary.cue_calls, minlength=len(names)) / max(1, summary.calls)
    together = {n: float(shares[[i for i, other in enumerate(names) if other == n]].sum()) for n in names}
    return {n: round(share, 4) for n, share in together.items() if share >= 0.01}
