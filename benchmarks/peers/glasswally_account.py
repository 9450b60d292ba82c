"""Glasswally's workers that look at one account: each answers score and confidence (0, 0 = did not fire).

The numbers are the published ones; see ``glasswally.py``.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from benchmarks.peers.glasswally_view import AccountView, ClusterView, preamble, variation
from benchmarks.peers.phrases import asks_for_reasoning, domain_of

SILENT = (0.0, 0.0)
_INVISIBLE = re.compile(r"invisible (?:character|unicode)|zero-width", re.IGNORECASE)
_ZERO_WIDTH = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")
_BUDGETS = np.array([1024 * 2**i for i in range(7)] + [128_000, 200_000])
_TASKS = re.compile(r"1[.)].*2[.)].*3[.)]", re.DOTALL)


def step(value: float, *levels: tuple[float, float]) -> float:
    """Return the part of the first level that the value exceeds, levels in falling order; else 0."""
    return next((part for level, part in levels if value > level), 0.0)


def velocity(account: AccountView, _cluster: ClusterView) -> tuple[float, float]:
    """How many calls in the hour, how evenly spaced, how alike in tokens, how many at night (UTC)."""
    hour = account.last_hour
    if len(hour) < 5:
        return SILENT
    tokens = np.array([account.tokens[i] for i in hour if account.tokens[i] is not None], dtype=float)
    score = step(len(hour), (200, 0.45), (60, 0.25))
    score += step(1 - variation(np.diff(account.seconds[hour])), (0.70, 0.30), (0.50, 0.15))
    score += 0.15 * (len(tokens) > 1 and variation(tokens) < 0.15)
    score += 0.10 * (np.mean(account.seconds % 86400 < 6 * 3600) > 0.5)
    confidence = min(1.0, len(account.seconds) / 50)
    return min(score, 1.0) * (0.5 + 0.5 * confidence), confidence


def cot(account: AccountView, _cluster: ClusterView) -> tuple[float, float]:
    """Phrases that ask for reasoning, and one capability domain."""
    said = [asks_for_reasoning(text) for text in map("\n".join, zip(account.systems, account.texts, strict=True))]
    hour = [said[i] for i in account.last_hour]
    domains = [domain for text in account.texts if (domain := domain_of(text))]
    score = 0.40 * any(said) + 0.35 * (len(hour) >= 5 and sum(hour) >= 0.2 * len(hour))
    if domains:
        score += 0.25 * (Counter(domains).most_common(1)[0][1] >= 0.7 * len(account.texts))
    return (score, 0.90) if score else SILENT


def role_preamble(account: AccountView, _cluster: ClusterView) -> tuple[float, float]:
    """One preamble reused by the account and held by others; its 31 phrases are not published."""
    keys = [k for k in map(preamble, account.systems, account.texts) if k is not None]
    if not keys:
        return SILENT
    share = Counter(keys).most_common(1)[0][1] / len(account.texts)
    held = max(account.preamble_holders.values())
    score = 0.0
    if len(account.texts) >= 5:
        score += step(share, (0.8 - 1e-9, 0.35), (0.6 - 1e-9, 0.20))
    score += step(held, (9, 0.50), (4, 0.35), (2, 0.18))
    score += 0.15 * any(_TASKS.search(key) for key in set(keys))
    confidence = 0.90 if held >= 3 else 0.75 if share >= 0.6 else 0.55
    return (score, confidence) if score >= 0.15 else SILENT


def biometric(account: AccountView, _cluster: ClusterView) -> tuple[float, float]:
    """How alike the prompts of the hour are in length and opening; without the verb, which needs a tagger."""
    texts = [account.texts[i] for i in account.last_hour]
    if len(texts) < 10:
        return SILENT
    shapes = Counter((len(text) // 100, text.split(maxsplit=1)[0] if text.strip() else "") for text in texts)
    shares = np.array(list(shapes.values())) / len(texts)
    entropy = float(-(shares * np.log2(shares)).sum() / np.log2(len(texts)))
    lengths = variation(np.array([len(text) for text in texts], dtype=float))
    opening = Counter(text[:30] for text in texts).most_common(1)[0][1] / len(texts)
    score = step(-entropy, (-0.20, 0.45), (-0.40, 0.20)) + step(-lengths, (-0.10, 0.25), (-0.20, 0.10))
    score += step(opening, (0.60, 0.30), (0.40, 0.15))
    confidence = min(1.0, len(account.texts) / 50)
    return min(score, 1.0) * (0.3 + 0.7 * confidence), confidence


def watermark(account: AccountView, _cluster: ClusterView) -> tuple[float, float]:
    """Questions about invisible characters, and such characters."""
    score = 0.50 * any(map(_INVISIBLE.search, account.texts)) + 0.35 * any(map(_ZERO_WIDTH.search, account.texts))
    return (score, 0.80) if score else SILENT


def session_gap(account: AccountView, _cluster: ClusterView) -> tuple[float, float]:
    """Sessions, split where 120 s pass, that come at even distances and in even sizes."""
    breaks = np.flatnonzero(np.diff(account.seconds) >= 120)
    if len(account.seconds) < 8 or len(breaks) < 3:
        return SILENT
    starts = np.concatenate([[0], breaks + 1])
    gaps = variation(np.diff(account.seconds)[breaks])
    sizes = variation(np.diff([*starts, len(account.seconds)]).astype(float))
    score = step(-gaps, (-0.05, 0.55), (-0.08, 0.40), (-0.15, 0.20))
    score += 0.25 * (sizes < 0.10 and gaps < 0.15) + 0.10 * (len(starts) > 20)
    confidence = 0.88 if gaps < 0.05 else 0.75 if gaps < 0.08 else 0.55
    return (score, confidence) if score >= 0.15 else SILENT


def token_budget(account: AccountView, _cluster: ClusterView) -> tuple[float, float]:
    """Ceilings at round budgets, or that climb in steps."""
    ceilings = np.array(account.ceilings, dtype=float)
    if len(ceilings) < 6:
        return SILENT
    nearest = _BUDGETS[np.abs(ceilings[:, None] - _BUDGETS).argmin(axis=1)]
    parts = [
        0.30 * (np.mean((ceilings >= 0.9 * nearest) & (ceilings <= nearest)) >= 0.7),
        _climb(np.unique(ceilings)),
    ]
    parts.append(0.10 * (np.median(ceilings) > 2000))
    score = float(sum(parts))
    return (score, 0.82 if sum(p > 0 for p in parts) >= 2 else 0.60) if score >= 0.20 else SILENT


def _climb(values: np.ndarray) -> float:
    """Return the part for four or more different ceilings in geometric, else arithmetic, steps."""
    if len(values) < 4:
        return 0.0
    ratios = values[1:] / values[:-1]
    if ratios.mean() >= 1.5 and variation(ratios) < 0.25:
        return 0.45
    return 0.35 * (variation(np.diff(values)) < 0.20)
