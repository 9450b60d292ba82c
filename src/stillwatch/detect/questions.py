"""The two questions, one operator and distillation, answered in bits by family.

Each answer is prior odds plus evidence; evidence of one family is capped, so that no family decides alone. A campaign
needs both, and at least two families for the first. The numbers in the tables below are log2 likelihood ratios argued
from published figures (facts cited beside them) and held against composed traffic in ``benchmarks/``; what a strength
is worth is not argued but measured: ``calibration.py`` counts how often innocent traffic reaches it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stillwatch.detect.answers import Answer, Finding
from stillwatch.detect.groups import Group, mean_bits
from stillwatch.detect.items import MIN_ITEM_CALLS, public_items
from stillwatch.detect.load import Load, taking_turns
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.strands import USE
from stillwatch.detect.summary import Summary
from stillwatch.detect.topics import TopicSpread
from stillwatch.detect.uses import PRIOR_CENTIBITS, Use
from stillwatch.records import Family

COORDINATION_PRIOR = -8.0
"""Of the groups of strangers with one kind of use in a log, one in 256 is taken to be one operator."""
DISTILLATION_PRIOR = -4.0
"""Of the groups that agree in wording or use, one in sixteen is taken to make training data."""
MAX_TOOL_BITS = 2.5
"""What one client and its settings can say of one operator, all signals together: a published tool explains it."""
MAX_WORDING_BITS = 5.0
"""What one template can say: strangers who use one published prompt share it too."""
PUBLIC_SHARE = 0.6
"""Where fewer of those who send a wording are in the group, it is public by the log's own testimony: the group was
picked among its users because they agree a little, and must be held by something else."""
MIN_WITNESS = 1.0
"""Users of one tool may also ask about everything: that items look dealt from one queue says something only where
timing, network or identity hold the accounts by this much,"""
MANY_WORDINGS = 5
"""or they take turns with so many templates that nobody else has: a tool has one."""
LEAST_AGREEMENT = -1.0
"""What it takes from the answer that nothing of a family is shared: addresses and papers can be bought apiece."""
LEAST_BITS = 0.05
"""Less is not worth a sentence."""
MIN_CARRIED = 10
"""Opaque blobs that went from account to account: fewer are a logo, a key or a test fixture that a program carries,"""
MIN_CARRIED_SHARE = 0.2
"""and as a habit they are in at least one call in five (OpenAI, October 2026: replayed reasoning)."""
ONE_QUEUE = 1.3
"""Calls of one account that surely agree in topics less than this many times as often as those of two look dealt,"""
MAX_OWN_TOPICS = 6.0
"""What own topics can take, each doubling one bit: an operator may also have dealt whole subjects to accounts."""
OWN_TOPICS = 1.5
"""and where they surely agree more often than this, accounts have topics of their own. People in general must have."""
VOLUME_PIVOT = 1000.0
"""Calls from which on volume speaks for training: half a bit for each doubling."""
CONCEALED_FROM = 6.0
"""Bits for one operator from which its hiding is itself a sign of what the calls are for: half a bit for each more,"""
MAX_CONCEALMENT = 2.0
"""and two at most: hiding also serves resale and free quotas."""


def one_operator(
    group: Group, summary: Summary, load: Load, *, entities: int, accounts: int, everybody: TopicSpread
) -> Answer:
    """Answer whether the group's accounts are one operator's.

    ``accounts`` is how many the whole log has, ``everybody`` how far people in general keep to topics of their own.
    """
    bits, tool = mean_bits(group)
    personal = max(bits[FAMILIES.index(f)] for f in (Family.TIMING, Family.NETWORK, Family.IDENTITY))
    witness = personal >= MIN_WITNESS or group.wordings >= MANY_WORDINGS
    findings = [
        _same_content(group, entities, accounts),
        *_sharding(summary, entities, everybody=everybody, witness=witness),
        *_rotation(group, summary),
        *taking_turns(load),
        _same_tool(tool),
    ]
    for column, family in enumerate(FAMILIES):
        if family is Family.CONTENT or abs(bits[column]) < LEAST_BITS:
            continue
        findings.append(
            Finding(
                f"shared_{family}",
                family,
                max(LEAST_AGREEMENT, float(bits[column])),
                _link_says(group, family, float(bits[column])),
            )
        )
    return Answer(COORDINATION_PRIOR, tuple(f for f in findings if abs(f.bits) >= LEAST_BITS))


def _same_tool(bits: float) -> Finding:
    # Strangers who use one published tool share its client, its settings and its habits, and only these.
    says = "Their client, settings and habits agree, as those of one operator do, and of everybody who uses one tool."
    return Finding("shared_tool", Family.ECONOMY, min(bits, MAX_TOOL_BITS), says)


def _same_content(group: Group, entities: int, accounts: int) -> Finding:
    if all((c.kind, c.value) == (USE, Use.BARE) for c in group.cells):
        return Finding("shared_content", Family.CONTENT, 0.0, "They have no wording in common: single questions.")
    templates = [c for c in group.cells if c.kind != USE]
    words = max((c.words for c in templates), default=0)
    outside = max(1, min((c.holders - len(c.strands) for c in (templates or group.cells)), default=0))
    rarity = max(0.0, np.log2(accounts / outside))
    # Eight fixed words recur by chance in a crowd, twenty hardly. More words make it no likelier that one operator
    # sends them: a published prompt is long too.
    specific = min(MAX_WORDING_BITS, words / 4.0)
    size = min(4.0, max(0.0, np.log2(entities / 5.0) / 2.0))
    bits = min(specific if templates else 3.0, rarity) + size
    if group.own_share < PUBLIC_SHARE:
        bits = 0.0
        says = (
            f"Most who send this wording are not among the {entities} accounts ({group.own_share:.0%} are): it is "
            "public, and who sends it is nobody's."
        )
    elif templates:
        says = (
            f"{entities} accounts that claim to be strangers send one template of at least {words} words; "
            f"{outside if outside > 1 else 'hardly any'} others do."
        )
    else:
        says = f"{entities} accounts that claim to be strangers ask for the same thing in many wordings."
    return Finding("shared_content", Family.CONTENT, float(bits), says)


def _rotation(group: Group, summary: Summary) -> list[Finding]:
    bits = float(np.clip(np.log2(max(1, group.wordings) / MANY_WORDINGS) / 3.0, 0.0, 1.0))
    if not bits or public_items(summary, 0):
        return []
    says = f"They take turns with {group.wordings} templates that hardly anybody else sends: one tool has one or two."
    return [Finding("rotating_wordings", Family.CONTENT, bits, says)]


def _sharding(summary: Summary, entities: int, *, everybody: TopicSpread, witness: bool) -> list[Finding]:
    """Judge how the items are spread over the accounts (facts/detection.md, ranked signals 5 and 7)."""
    if summary.item_calls < MIN_ITEM_CALLS:
        return []
    if found := public_items(summary, 0):
        return found
    topics = summary.topics
    if witness and topics.most < ONE_QUEUE < everybody.least:
        says = "Any account could have sent any other's items: they look dealt from one queue, without repetition."
        return [Finding("one_queue", Family.CONTENT, float(np.clip(np.log2(entities / 4.0) / 1.5, 0.0, 3.0)), says)]
    if topics.least > OWN_TOPICS:
        says = (
            f"Accounts stay with topics of their own ({topics.ratio:.1f} times more alike inside one than between two)."
        )
        bits = -float(np.clip(2.0 + np.log2(topics.least / OWN_TOPICS), 2.0, MAX_OWN_TOPICS))
        return [Finding("own_topics", Family.CONTENT, bits, says)]
    return []


def _link_says(group: Group, family: Family, bits: float) -> str:
    strongest = [o for c in group.cells for o in c.observables if o[1] == str(family)]
    if bits < 0 or not strongest:
        return f"Nothing of this family holds them together ({bits:.1f} bits on average)."
    name, _, _, holders, elsewhere, _ = max(strongest, key=lambda o: (o[5] * o[3], o[0], o[2]))
    words = SIGNAL_WORDS.get(name, name.replace("_", " "))
    return (
        f"Accounts agree on {words}: the commonest value is held by {int(holders)} of them "
        f"and by {int(elsewhere)} in the comparison group."
    )


SIGNAL_WORDS = {
    "address": "client addresses",
    "prefix": "client networks",
    "asn": "network operators",
    "tls_fingerprint": "the TLS fingerprint of their client",
    "user_agent": "the user agent",
    "parameters": "the exact sampling parameters",
    "model": "the model",
    "payment": "the payment instrument",
    "device": "the sign-up device",
    "email_domain": "the e-mail domain",
    "sign_up": "the hours in which they were created",
    "start_day": "the day of their first call",
    "stop_day": "the day of their last call",
    "handover": "the hour in which they took over from others that had stopped",
    "lifetime": "how long they live",
    "round_the_clock": "the hours of the day they use",
    "lockstep": "the very hours they are active in",
    "workload": "the number of calls",
    "answer_length": "the length of answers",
    "follow_ups": "how seldom they follow up",
    "caching": "how little is read from the cache",
    "ceiling_use": "how far they use the output ceiling",
    "model_switch": "the day they turned to another model",
    "client_contradiction": "a TLS fingerprint that contradicts the user agent",
}


def is_distillation(summary: Summary, coordination: Answer) -> Answer:
    """Answer whether the sub-stream looks like the making of training data, given who is behind it."""
    findings: list[Finding] = [
        _wording(summary),
        *_novelty(summary),
        *_artefacts(summary),
        _conversation(summary),
        _volume(summary),
        *_concealment(coordination),
    ]
    findings += _economy(summary)
    return Answer(DISTILLATION_PRIOR, tuple(f for f in findings if f.bits))


def _wording(summary: Summary) -> Finding:
    mean = float((summary.cue_calls * summary.cue_score).sum()) / max(1, summary.calls) - PRIOR_CENTIBITS
    bits = float(np.clip(mean / 100.0, -6.0, 8.0))
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


def _novelty(summary: Summary) -> list[Finding]:
    if summary.item_calls < MIN_ITEM_CALLS:
        return []
    new = summary.items / summary.item_calls
    again = 1.0 - summary.item_holdings / summary.item_calls
    found = public_items(summary, 1)
    if new >= 0.8:
        says = f"{new:.0%} of the items are sent once only: harvest does not repeat itself."
        found.append(Finding("new_items", Family.CONTENT, 2.0, says))
    elif new >= 0.4 and not found:
        found.append(Finding("new_items", Family.CONTENT, 0.5, f"{new:.0%} of the calls bring a new item."))
    if again > 0.5:
        says = f"Accounts send their own items again ({again:.0%} of the calls), as regression tests do."
        found.append(Finding("repeated_items", Family.CONTENT, -4.0, says))
    return found


def _artefacts(summary: Summary) -> list[Finding]:
    """Judge opaque blobs that went from account to account: one belongs to the session it was made in."""
    if summary.carried < MIN_CARRIED or summary.carried_calls < MIN_CARRIED_SHARE * summary.calls:
        return []
    says = (
        f"{summary.carried} different opaque blobs were sent by more than one account: "
        "what was made in one session is being read in others."
    )
    return [Finding("carried_artefacts", Family.CONTENT, 4.0, says)]


def _concealment(coordination: Answer) -> list[Finding]:
    bits = float(np.clip((coordination.bits - CONCEALED_FROM) / 2.0, 0.0, MAX_CONCEALMENT))
    says = "One operator hides behind many names: an ordinary customer would declare itself."
    return [Finding("concealment", Family.IDENTITY, bits, says)] if bits else []


def _conversation(summary: Summary) -> Finding:
    share = summary.follow_ups / max(1, summary.calls)
    bits = 1.5 if share < 0.05 else 0.0 if share < 0.2 else -3.0 if share < 0.5 else -6.0
    return Finding("follow_ups", Family.ECONOMY, bits, f"{share:.0%} of the calls continue a conversation.")


def _volume(summary: Summary) -> Finding:
    # Training takes thousands of answers: a few hundred are a trial or a study (facts: 150 k to 13 M in named cases).
    bits = float(np.clip(np.log2(max(1, summary.calls) / VOLUME_PIVOT) / 2.0, -3.0, 3.0))
    return Finding("volume", Family.ECONOMY, bits, f"{summary.calls:,} calls in all.")


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
