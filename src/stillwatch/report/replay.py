"""``replay.html``: what rules would have done to whom, as one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.report import words
from stillwatch.report.html import render

Json = Mapping[str, Any]
ACTIONS = {
    "allow": "Allow",
    "pace": "Pace to {} tokens a second",
    "lower_limits": "Lower limits to {:.0%}",
    "cap_n": "At most {} samples a call",
    "cap_output_tokens": "At most {} output tokens",
    "strip_logprobs": "Strip log-probabilities",
    "withhold_reasoning": "Withhold reasoning",
    "ask_verification": "Ask for verification",
    "suspend": "Suspend",
}
"""How an action is written, with its amount."""
KINDS = {
    "pace": "Pace",
    "lower_limits": "Lower limits",
    "cap_n": "Cap samples a call",
    "cap_output_tokens": "Cap output tokens",
}
"""How these are written without one."""
NOTHING = "\u2013"


@dataclass(frozen=True)
class Group:
    """What happens to one group of accounts, in words; a dash where nothing does."""

    accounts: str
    calls: str
    tokens: str
    withheld: str
    revenue: str
    forgone: str


@dataclass(frozen=True)
class Line:
    """One line of a table: what it is about, and what happens to campaigns and to innocents."""

    title: str
    says: str
    campaigns: Group
    innocents: Group
    note: str = ""


@dataclass(frozen=True)
class Account:
    """One innocent account that would have been touched."""

    name: str
    verification: str
    rules: str
    calls: str
    withheld: str
    forgone: str


@dataclass(frozen=True)
class ReplayPage:
    """All that the template writes."""

    title: str
    period: str
    verdict: str
    summary: list[str]
    cautions: list[str]
    priced: bool
    rules: list[Line]
    actions: list[Line]
    verifications: list[Line]
    innocents: list[Account]
    unlisted: str
    version: str


def render_replay(summary: Json) -> str:
    """Return the page of a replay's summary (``gateway/replay.py``). The same summary gives the same bytes."""
    return render(replay_page(summary), template="replay.html")


def replay_page(summary: Json) -> ReplayPage:
    """Put a replay's summary into words."""
    first, last = summary["first_call_at"], summary["last_call_at"]
    when = words.period(first, last) if first else "no calls"
    innocents = int(summary["touched"]["innocents"]["accounts"])
    return ReplayPage(
        title=f"What the rules would have done, {when} - Stillwatch",
        period=when,
        verdict=_verdict(summary),
        summary=_sentences(summary, when),
        cautions=[*summary["notes"], *(f"{r['count']:,} rows: {r['kind']}." for r in summary["rejects"])],
        priced=bool(summary["priced"]),
        rules=[_rule(rule, priced=summary["priced"]) for rule in summary["by_rule"]],
        actions=[_line(action_words(a["action"], None), a, priced=summary["priced"]) for a in summary["by_action"]],
        verifications=[_line(v["verification"], v, priced=summary["priced"]) for v in summary["by_verification"]],
        innocents=[_account(row, priced=summary["priced"]) for row in summary["innocents"]],
        unlisted=words.count(max(0, innocents - len(summary["innocents"]))) if innocents else "0",
        version=str(summary["rules_version"]),
    )


def action_words(action: str, amount: float | None) -> str:
    """Write an action with its size."""
    if amount is None:
        return KINDS.get(action, ACTIONS[action])
    return ACTIONS[action].format(amount if action == "lower_limits" else words.count(amount))


def _verdict(summary: Json) -> str:
    campaigns, innocents = (int(summary["touched"][g]["accounts"]) for g in ("campaigns", "innocents"))
    if not campaigns and not innocents:
        return "These rules would have touched nobody."
    if not innocents:
        return f"These rules would have touched {words.several(campaigns, 'account')}, all of them in campaigns."
    who = words.several(innocents, "account")
    if not campaigns:
        return f"These rules would have touched {who}, none of them in a campaign."
    return f"These rules would have touched {words.several(campaigns, 'account')} of campaigns, and {who} in none."


def _sentences(summary: Json, when: str) -> list[str]:
    everything, touched = summary["all"], summary["touched"]
    calls = sum(int(everything[g]["calls"]) for g in everything)
    accounts = sum(int(everything[g]["accounts"]) for g in everything)
    sentences = [f"Replayed over {words.several(calls, 'call')} by {words.several(accounts, 'account')}, {when}."]
    for group, who in (("campaigns", "campaigns"), ("innocents", "accounts in no campaign")):
        of = int(everything[group]["calls"])
        share = words.percent(touched[group]["calls"] / of) if of else "none"
        sentences.append(f"Of the calls of {who}, {share} would have been touched.")
    if summary["priced"]:
        lost = [words.count(touched[g]["forgone"]) for g in ("campaigns", "innocents")]
        sentences.append(f"Forgone at list price: {lost[0]} from campaigns, {lost[1]} from accounts in none.")
    return sentences


def _rule(rule: Json, *, priced: bool) -> Line:
    spared = sum(int(rule[g]["spared"]) for g in ("campaigns", "innocents"))
    slow = sum(rule[g]["slower_seconds"] for g in ("campaigns", "innocents"))
    notes = [f"spared by an allow rule: {words.several(spared, 'call')}"] if spared else []
    if slow >= 1:
        notes.append(f"answers take {words.several(round(slow / 60), 'minute')} longer in all")
    says = f"{action_words(rule['action'], rule['amount'])}; {rule['mode']} in the file"
    return _line(rule["rule"], rule, priced=priced, says=says, note="; ".join(notes))


def _line(title: str, entry: Json, *, priced: bool, says: str = "", note: str = "") -> Line:
    campaigns, innocents = (_group(entry[g], priced=priced) for g in ("campaigns", "innocents"))
    return Line(words.name(title), says, campaigns, innocents, note)


def _group(sums: Json, *, priced: bool) -> Group:
    if not sums["accounts"]:
        return Group(*[NOTHING] * 6)
    return Group(
        words.count(sums["accounts"]),
        words.count(sums["calls"]),
        words.about(sums["output_tokens"]),
        words.about(sums["withheld_tokens"]),
        words.about(sums["revenue"]) if priced else NOTHING,
        words.about(sums["forgone"]) if priced else NOTHING,
    )


def _account(row: Json, *, priced: bool) -> Account:
    return Account(
        words.name(row["account"]),
        row["verification"],
        "; ".join(row["rules"]),
        f"{words.count(row['calls'])} of {words.count(row['all_calls'])}",
        words.about(row["withheld_tokens"]),
        words.about(row["forgone"]) if priced else NOTHING,
    )
