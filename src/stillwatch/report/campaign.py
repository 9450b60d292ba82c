"""One campaign as the page tells it: from its entry in ``campaigns.json`` to sentences and figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stillwatch.report import figures, words
from stillwatch.report.evidence import Answer, answer
from stillwatch.report.graph import Graph, graph
from stillwatch.report.members import Members, members
from stillwatch.report.observables import Observable, observables

Json = dict[str, Any]
Pieces = list[tuple[bool, str]]

OBJECTIVES = {
    "reasoning": "step-by-step reasoning",
    "grading": "grades and preferences",
    "invention": "invented tasks and dialogues",
    "trajectories": "agent trajectories",
    "traces": "cleaned or decoded reasoning traces",
    "unsafe": "answers without refusals",
    "answers": "plain answers",
}
VERIFIED = ("kyc", "research", "education", "startup")
"""Classes of the accounts table that somebody checked, the most thorough first."""
CLAIMS = {
    "volume": "Volume",
    "coordination": "One operator",
    "attribution": "Who it is",
    "use_in_training": "A model was trained on it",
}
PLAIN_NAME = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
UNKNOWN_MEMBERS = "Who the members are is unknown: no accounts table was given, or it does not list them."


@dataclass(frozen=True)
class Substream:
    """Calls that share one template or one kind of use."""

    what: str
    key: str
    calls: str
    accounts: str
    cues: str
    strip: figures.Strip | None


@dataclass(frozen=True)
class Campaign:
    """Everything the page says about one campaign; text that ends in a full stop is a sentence."""

    anchor: str
    name: str
    objective: str
    headline: str
    scale: str
    accounts: str
    exchanges: str
    period: str
    strength: str
    strength_bits: str
    odds: str
    alarms: str
    alarms_sentence: str
    alarms_says: str
    share: str
    harm: list[str]
    next_steps: list[str]
    otherwise: list[str]
    answers: list[Answer]
    distribution: str
    wants: str
    timeline: figures.Timeline | None
    graph: Graph | None
    observables: list[Observable]
    substreams: list[Substream]
    strip: figures.Strip | None
    samples: list[Pieces]
    members: Members
    claims: list[tuple[str, str, str]]
    bundle: str
    """The command that makes this campaign's evidence bundle; empty for a name that no scan gave."""


def campaign(
    entry: Json,
    number: int,
    *,
    table: pa.Table,
    sightings: pa.Table | None,
    samples: Sequence[str],
    parameters: Mapping[str, Json],
) -> Campaign:
    """Put a campaign's entry, members, edges and samples into words. Optional keys may be missing."""
    name = str(entry.get("campaign", "unnamed"))
    people = members(table, name)
    accounts, strength = int(entry.get("accounts", people.total)), float(entry.get("strength_bits", 0.0))
    objective = _objective(str(entry.get("objective", "answers")))
    when = words.period(entry.get("first_call_at"), entry.get("last_call_at"))
    streams = [_substream(s) for s in entry.get("substreams", [])]
    rate = float(entry.get("false_alarm_rate", 1.0))
    shared = observables(entry, parameters=parameters)
    strips = {s.strip.says for s in streams if s.strip}
    return Campaign(
        anchor=f"campaign-{number}",
        name=words.name(name),
        objective=objective,
        headline=f"{words.several(accounts, 'account')} that look like one operator collecting {objective}",
        scale=_scale(entry),
        accounts=words.count(accounts),
        exchanges=words.about(int(entry.get("exchanges", 0))),
        period=when,
        strength=words.strength_word(strength),
        strength_bits=words.bits(strength),
        odds=words.odds(strength),
        alarms=words.alarms(rate),
        alarms_sentence=words.alarms_sentence(rate),
        alarms_says=str(entry.get("false_alarm_says", "")),
        share=_share(entry),
        harm=_harm(entry, people),
        next_steps=[str(s) for s in entry.get("next_steps", [])],
        otherwise=[str(s) for s in entry.get("otherwise", [])],
        answers=[
            answer("Are they one operator?", entry.get("coordination", {})),
            answer("Is this the making of training data?", entry.get("distillation", {})),
        ],
        distribution=str(entry.get("distribution", {}).get("says", "")),
        wants=_wants(entry.get("objectives", {})),
        timeline=figures.timeline(entry.get("timeline", [])),
        graph=graph(entry, shared, sightings),
        observables=shared,
        substreams=streams,
        # The hours are those of the whole campaign today; drawn once if all sub-streams say the same.
        strip=next((s.strip for s in streams if s.strip), None) if len(strips) == 1 else None,
        samples=[words.sample(s) for s in samples],
        members=people,
        claims=_claims(entry.get("claims", {})),
        bundle=_bundle(name),
    )


def _objective(key: str) -> str:
    return OBJECTIVES.get(key, words.name(key.replace("_", " ")))


def _scale(entry: Json) -> str:
    calls, done, tokens = (int(entry.get(k, 0)) for k in ("calls", "exchanges", "output_tokens"))
    failed = f" {words.about(calls - done)} more were refused or failed." if calls > done else ""
    return f"{words.about(tokens)} tokens written.{failed}"


def _wants(objectives: Mapping[str, float]) -> str:
    ranked = sorted(objectives.items(), key=lambda o: (-o[1], o[0]))
    parts = [
        f"{words.percent(share)} {'ask ' if not i else ''}for {_objective(key)}"
        for i, (key, share) in enumerate(ranked)
    ]
    return f"Of its calls {words.listing(parts)}." if parts else ""


def _share(entry: Json) -> str:
    share = entry.get("share", {})
    if "mean" not in share:
        return "An unknown part"
    low, high = (float(share.get(end, share["mean"])) for end in ("low", "high"))
    interval = f" ({words.between(low, high)})" if high - low >= 0.01 else ""
    return words.percent(float(share["mean"])) + interval


def _harm(entry: Json, people: Members) -> list[str]:
    sentences = []
    share = entry.get("share", {}).get("mean")
    if share is not None:
        other = max(0.0, 1 - float(share))
        sentences.append(
            "The members do hardly anything else."
            if other < 0.02
            else f"Suspending the accounts would also stop the other {words.percent(other)}."
        )
    if people.mostly_others:
        some = words.several(people.mostly_others, "member does", "members do")
        sentences.append(f"{some} mostly something else: look at these first.")
    verification: dict[str, int] = entry.get("verification", {})
    checked = [(v, verification[v]) for v in VERIFIED if verification.get(v)]
    if checked:
        total = sum(n for _, n in checked)
        classes = words.listing(f"{n:,} {v}" for v, n in checked) if len(checked) > 1 else checked[0][0]
        sentences.append(
            f"{words.several(total, 'member is', 'members are')} verified ({classes}): ask these before acting on them."
        )
    elif verification and set(verification) != {"unknown"}:
        sentences.append("No member is verified.")
    else:
        sentences.append(UNKNOWN_MEMBERS)
    organizations = int(entry.get("organizations", 0))
    if organizations:
        sentences.append(f"Members belong to {words.several(organizations, 'declared organization')}.")
    return sentences


def _substream(stream: Json) -> Substream:
    template = bool(stream.get("skeleton"))
    what = (
        f"Template of {int(stream.get('words', 0)):,} fixed words"
        if template
        else f"Wording that asks for {_objective(str(stream.get('use')))}"
    )
    return Substream(
        what,
        str(stream.get("skeleton") or ""),
        words.count(int(stream.get("calls", 0))),
        words.count(int(stream.get("accounts", 0))),
        ", ".join(str(c) for c in stream.get("cues", [])) or "no cues",
        figures.strip(stream.get("hours", [])),
    )


def _claims(claims: Json) -> list[tuple[str, str, str]]:
    return [
        (CLAIMS.get(rung, rung.replace("_", " ")), str(claim.get("status", "unknown")), str(claim.get("says", "")))
        for rung, claim in claims.items()
    ]


def _bundle(name: str) -> str:
    """Return a command to copy: a name with anything that a shell reads otherwise has none."""
    return f"stillwatch evidence bundle REPORT --campaign {name} -o {name}.zip" if PLAIN_NAME.fullmatch(name) else ""
