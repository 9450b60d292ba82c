"""The first question, one operator, answered in bits by family; ``distillation.py`` answers the second.

Each answer is prior odds plus evidence; evidence of one family is capped, so that no family decides alone. A campaign
needs both, and at least two families for the first. The numbers in the tables below are log2 likelihood ratios argued
from published figures (facts cited beside them) and held against composed traffic in ``benchmarks/``; what a strength
is worth is not argued but measured: ``calibration.py`` counts how often innocent traffic reaches it.
"""

from __future__ import annotations

import numpy as np

from stillwatch.detect.answers import Answer, Finding
from stillwatch.detect.cells import Cell
from stillwatch.detect.group import MANY_WORDINGS, Group, mean_bits
from stillwatch.detect.items import MIN_ITEM_CALLS, SAMPLED_BITS, are_samples, public_items, sampled_items
from stillwatch.detect.load import MAX_BITS as MAX_LOAD_BITS
from stillwatch.detect.load import MIN_EXPECTED, Load, taking_turns
from stillwatch.detect.merging import OWN_SHARE
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.senders import MIN_COVERED, PUBLIC_SHARE
from stillwatch.detect.strands import USE, Floats
from stillwatch.detect.summary import PURE_SHARE, Summary
from stillwatch.detect.topics import ONE_QUEUE, TopicSpread, queue_bits
from stillwatch.detect.uses import Use
from stillwatch.records import Family

COORDINATION_PRIOR = -8.0
"""Of the groups of strangers with one kind of use in a log, one in 256 is taken to be one operator."""
MAX_TOOL_BITS = 2.5
"""What one client and its settings can say of one operator, all signals together: a published tool explains it."""
MAX_WORDING_BITS = 5.0
"""What one template can say: strangers who use one published prompt share it too."""
MAX_SIZE_BITS = 3.0
"""And how many send it, half a bit for each doubling from five on."""
MAX_QUEUE_BITS = 3.0
"""What items that look dealt from one queue can say: users of one tool may ask about everything, too."""
MAX_ROTATION_BITS = 3.0
"""What turns with many templates can say, a bit for each doubling from MANY_WORDINGS on."""
MIN_WITNESS = 1.0
"""Users of one tool may also ask about everything: that items look dealt from one queue says all it can only where
timing, network or identity hold the accounts by this much, less where they do by less, or where they have MANY_WORDINGS
that nobody else has."""
LEAST_AGREEMENT = -1.0
"""What it takes from the answer that nothing of a family is shared: addresses and papers can be bought apiece."""
MAX_LINK_BITS = {Family.TIMING: 3.0}
"""What agreement of one family can say: a class, a launch or a deadline brings strangers together on one day too."""
LEAST_BITS = 0.05
"""Less is not worth a sentence."""
PEOPLE_ERRORS = 2.0
"""Topics tell people from a queue only where people's ratio is above a queue's by so many errors (one in 44)."""
MAX_OWN_TOPICS = 6.0
"""What own topics can take, each doubling one bit: an operator may also have dealt whole subjects to accounts."""
OWN_TOPICS = 1.5
"""Where calls of one account surely agree this many times as often as those of two, accounts have topics of their
own."""


def one_operator(
    group: Group, summary: Summary, load: Load, *, entities: int, accounts: int, everybody: TopicSpread
) -> Answer:
    """Answer whether the group's accounts are one operator's.

    ``accounts`` is how many the whole log has, ``everybody`` how far people in general keep to topics of their own.
    """
    bits, tool = mean_bits(_wordings(group) or group.cells)
    # Whether anything speaks of people at all is asked of uses too, where an account may have more calls.
    personal = max(_personal(bits), _personal(mean_bits(group.cells)[0]))
    witness = 1.0 if group.sent.wordings >= MANY_WORDINGS else float(np.clip(personal / MIN_WITNESS, 0.0, 1.0))
    return _answer(
        _same_content(group, entities, accounts),
        *_sharding(summary, everybody=everybody, witness=witness),
        *([] if public_items(summary, 0) else _rotation(group)),
        *taking_turns(load),
        _same_tool(tool),
        *_links(group, bits),
    )


def most_for_one_operator(group: Group, *, entities: int, accounts: int) -> float:
    """Return the bits that ``one_operator`` can come to at most, whatever the group's calls show.

    What accounts and wording say is known before anybody looks at the calls; all that these can add is added.
    """
    bits, tool = mean_bits(_wordings(group) or group.cells)
    calls = group.sent.calls / PURE_SHARE
    dealt = Finding("one_queue", Family.CONTENT, max(MAX_QUEUE_BITS, SAMPLED_BITS[0]), "")
    avoiding = Finding("complementary_load", Family.TIMING, MAX_LOAD_BITS, "")
    return _answer(
        _same_content(group, entities, accounts),
        *([dealt] if calls >= MIN_ITEM_CALLS else []),
        *_rotation(group),
        *([avoiding] if calls * (calls - 1.0) / 2.0 >= MIN_EXPECTED else []),
        _same_tool(tool),
        *_links(group, bits),
    ).bits


def _answer(*findings: Finding) -> Answer:
    return Answer(COORDINATION_PRIOR, tuple(f for f in findings if abs(f.bits) >= LEAST_BITS))


def _links(group: Group, bits: Floats) -> list[Finding]:
    """Say what each family but content says of the accounts, given its bits on average over them."""
    return [
        Finding(
            f"shared_{family}",
            family,
            float(np.clip(bits[column], LEAST_AGREEMENT, MAX_LINK_BITS.get(family, np.inf))),
            _link_says(group, family, float(bits[column])),
        )
        for column, family in enumerate(FAMILIES)
        if family is not Family.CONTENT and abs(bits[column]) >= LEAST_BITS
    ]


def _personal(bits: Floats) -> float:
    """Return the most that a family says of who an account's user is and when it works."""
    return float(max(bits[FAMILIES.index(f)] for f in (Family.TIMING, Family.NETWORK, Family.IDENTITY)))


def _same_tool(bits: float) -> Finding:
    # Strangers who use one published tool share its client, its settings and its habits, and only these.
    says = "Their client, settings and habits agree, as those of one operator do, and of everybody who uses one tool."
    return Finding("shared_tool", Family.ECONOMY, min(bits, MAX_TOOL_BITS), says)


def _same_content(group: Group, entities: int, accounts: int) -> Finding:
    if all((c.kind, c.value) == (USE, Use.BARE) for c in group.cells):
        return Finding("shared_content", Family.CONTENT, 0.0, "They have no wording in common: single questions.")
    templates = _wordings(group)
    words = round(group.sent.words)
    outside = max(1, min((c.holders - len(c.strands) for c in (templates or group.cells)), default=0))
    rarity = max(0.0, np.log2(accounts / outside))
    # Eight fixed words recur by chance in a crowd, twenty hardly, in one wording or in several that an account sends.
    # More words make it no likelier that one operator sends them: a published prompt is long too.
    specific = min(MAX_WORDING_BITS, words * max(1.0, group.sent.turns) / 4.0)
    size = min(MAX_SIZE_BITS, max(0.0, np.log2(entities / 5.0) / 2.0))
    bits = (min(specific if templates else 3.0, rarity) + size) * _own_part(group.sent.own_share)
    if group.sent.own_share < PUBLIC_SHARE:
        bits = 0.0
        says = (
            f"Most who send this wording are not among the {entities} accounts ({group.sent.own_share:.0%} are): it is "
            "public, and who sends it is nobody's."
        )
    elif templates:
        says = (
            f"{entities} accounts that claim to be strangers send templates of {words} words on average; "
            f"{outside if outside > 1 else 'hardly any'} others do."
        )
    else:
        says = f"{entities} accounts that claim to be strangers ask for the same thing in many wordings."
    return Finding("shared_content", Family.CONTENT, float(bits), says)


def _wordings(group: Group) -> list[Cell]:
    """Return the group's cells of wording where these have most of its calls, none elsewhere.

    Its uses are the same calls once more, divided otherwise: an account has few in each, which say less of its days.
    """
    return [c for c in group.cells if c.kind != USE] if group.sent.covered >= MIN_COVERED else []


def _own_part(own_share: float) -> float:
    """Return what is left of a wording's evidence where others send it too: all from OWN_SHARE on, none if public.

    Of a campaign's wording hardly any sender is missed; others who send it are strangers who came upon it.
    """
    return float(np.clip((own_share - PUBLIC_SHARE) / (OWN_SHARE - PUBLIC_SHARE), 0.0, 1.0))


def _rotation(group: Group) -> list[Finding]:
    bits = float(np.clip(np.log2(max(1, group.sent.wordings) / MANY_WORDINGS), 0.0, MAX_ROTATION_BITS))
    if not bits:
        return []
    says = (
        f"They take turns with {group.sent.wordings} templates that hardly anybody else sends: one tool has one or two."
    )
    return [Finding("rotating_wordings", Family.CONTENT, bits, says)]


def _sharding(summary: Summary, *, everybody: TopicSpread, witness: float) -> list[Finding]:
    """Judge how the items are spread over the accounts (facts/detection.md, ranked signals 5 and 7)."""
    if summary.item_calls < MIN_ITEM_CALLS:
        return []
    if are_samples(summary):
        return sampled_items(summary, 0)
    if found := public_items(summary, 0):
        return found
    topics = summary.topics
    sure = everybody.ratio - PEOPLE_ERRORS * everybody.error > ONE_QUEUE
    bits = min(MAX_QUEUE_BITS, queue_bits(topics, everybody.ratio)) * witness if sure else 0.0
    if bits > LEAST_BITS:
        says = "Any account could have sent any other's items: they look dealt from one queue, without repetition."
        return [Finding("one_queue", Family.CONTENT, bits, says)]
    if topics.least > OWN_TOPICS:
        says = (
            f"Accounts stay with topics of their own ({topics.ratio:.1f} times more alike inside one than between two)."
        )
        bits = -float(np.clip(2.0 + np.log2(topics.least / OWN_TOPICS), 2.0, MAX_OWN_TOPICS))
        return [Finding("own_topics", Family.CONTENT, bits, says)]
    return []


def _link_says(group: Group, family: Family, bits: float) -> str:
    strongest = [o for c in group.cells for o in c.observables if o[1] == str(family)]
    if bits < 0:
        return f"Averaged over the accounts it speaks against one operator ({bits:.1f} bits), whatever some share."
    if not strongest:
        return f"Averaged over the accounts it speaks for one operator ({bits:.1f} bits), by no single value."
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
