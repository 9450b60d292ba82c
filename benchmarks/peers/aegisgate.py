"""AegisGate Platform's rules (module v4.5.0, Apache-2.0), from their description.

Per key, added up: more than 100 prompts an hour 0.30; more than 30 % of prompts with one 50-character
structure hash 0.25; more than 60 % with a chain-of-thought phrase 0.35; more than 5 addresses 0.15; alert at
0.6. Clusters: 0.5 x address overlap + 0.5 x template overlap above 0.7. Its data-centre ranges are not
published and stay out. Our readings: the structure is the first 50 characters of the prompt (system text
first), letter case and digits folded; overlap is Jaccard.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from benchmarks.peers import Verdict
from benchmarks.peers.linking import Links
from benchmarks.peers.phrases import asks_for_reasoning
from benchmarks.peers.rate_threshold import peak_hour
from benchmarks.traffic import Traffic, holders

NAME = "AegisGate"
ALERT = 0.6
CLUSTER = 0.7
_DIGITS = re.compile(r"\d+")


def structure(text: str) -> str:
    """Return the first 50 characters with letter case and numbers folded."""
    return _DIGITS.sub("#", text[:50].lower())


def scores(traffic: Traffic) -> np.ndarray:
    """Return the sum of rules per key, by account number."""
    addresses = traffic.values_of("client_address")
    peak = peak_hour(traffic)
    total = np.zeros(len(traffic.names))
    for account, calls in enumerate(traffic.calls_of):
        texts = [traffic.texts[call] for call in calls]
        commonest = Counter(map(structure, texts)).most_common(1)[0][1]
        total[account] += 0.30 * (peak[account] > 100)
        total[account] += 0.25 * (len(texts) > 1 and commonest > 0.3 * len(texts))
        total[account] += 0.35 * (sum(map(asks_for_reasoning, texts)) > 0.6 * len(texts))
        total[account] += 0.15 * (len(addresses[account]) > 5)
    return total


def accuse(traffic: Traffic) -> Verdict:
    """Accuse keys at the alert level and every key in a cluster."""
    alerted = np.flatnonzero(scores(traffic) >= ALERT - 1e-9)
    groups = _clusters(traffic)
    accused = {*alerted.tolist(), *(account for group in groups for account in group)}
    return Verdict(traffic.named(accused), tuple(map(traffic.named, groups)))


def _clusters(traffic: Traffic) -> list[list[int]]:
    """Join keys whose pair score passes 0.7.

    Both overlaps must then be at least 0.4, so only keys that share an address are compared.
    """
    addresses = traffic.values_of("client_address")
    templates = [{structure(traffic.texts[call]) for call in calls} for calls in traffic.calls_of]
    links = Links(len(traffic.names))
    for _, sharing in sorted(holders(addresses).items()):
        for i, left in enumerate(sharing):
            for right in sharing[i + 1 :]:
                if links.root(left) != links.root(right):
                    overlap = _jaccard(addresses[left], addresses[right])
                    if (overlap + _jaccard(templates[left], templates[right])) / 2 > CLUSTER:
                        links.join((left, right))
    return links.groups()


def _jaccard(left: set[str], right: set[str]) -> float:
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared) if shared else 0.0
