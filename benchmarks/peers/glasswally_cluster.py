"""Glasswally's workers that look at a cluster or at shared infrastructure: each answers score and confidence.

The numbers are the published ones; see ``glasswally.py``.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

from benchmarks.peers.glasswally_account import SILENT, step
from benchmarks.peers.glasswally_view import AccountView, ClusterView

BIG_CLOUD = frozenset({16509, 14618, 15169, 396982, 8075})
"""Amazon (two), Google (two), Microsoft. Its own list is not published; these are the registered numbers."""
VPS = frozenset({14061, 16276, 24940, 20473, 63949})
"""DigitalOcean, OVH, Hetzner, Vultr, Akamai (Linode)."""


def fingerprint(account: AccountView, _cluster: ClusterView) -> tuple[float, float]:
    """Several TLS fingerprints, or one that ten accounts share; the lists of known ones are not here."""
    confidence = min(1.0, len(account.seconds) / 20)
    score = 0.20 * (len(account.tls) >= 3) + 0.15 * (account.tls_holders >= 10)
    return (score * (0.4 + 0.6 * confidence), confidence) if score else SILENT


def hydra(_account: AccountView, cluster: ClusterView) -> tuple[float, float]:
    """Size of the cluster, its cards and subnets, and what its members share."""
    return _hydra(cluster)


@cache
def _hydra(cluster: ClusterView) -> tuple[float, float]:
    """Return the same for every member, so it is counted once a cluster."""
    size = len(cluster.accounts)
    if size < 3:
        return SILENT
    score = 0.40 * min(1.0, size / 25) + min(0.35, 0.07 * len(cluster.payments))
    score += min(0.15, 0.03 * len(cluster.prefixes))
    most = _commonest([payment[:3] for payment in cluster.payments])
    score += 0.20 * (most >= 3 and most >= 0.4 * len(cluster.payments))
    score += 0.25 if cluster.methods_shared >= 2 else 0.15 * (size >= 4 and cluster.methods_shared == 1)
    score += 0.12 * (_commonest([payment[:2] for payment in cluster.payments]) >= 4)
    return min(score, 1.0), min(1.0, cluster.calls / 100)


def timing_cluster(account: AccountView, _cluster: ClusterView) -> tuple[float, float]:
    """Five or more accounts in one second, again and again."""
    most, before, gaps = account.same_second
    if most < 5:
        return SILENT
    score = 0.50 * min(1.0, (most - 5) / 7) + 0.30 * (before >= 3)
    score += step(-gaps, (-0.15, 0.20), (-0.35, 0.10))
    return min(score, 1.0), min(1.0, most / 12)


def asn_classifier(account: AccountView, cluster: ClusterView) -> tuple[float, float]:
    """Cloud addresses of the account and of its cluster."""
    own = 0.35 if account.asns & VPS else 0.20 if account.asns & BIG_CLOUD else 0.0
    around = _cloud_around(cluster)
    if own + around < 0.15:
        return SILENT
    return own + around, (0.80 if account.asns & VPS else 0.60) if own else 0.70


@cache
def _cloud_around(cluster: ClusterView) -> float:
    if len(cluster.accounts) < 3 or not cluster.asns:
        return 0.0
    cloud = sum(asn in BIG_CLOUD or asn in VPS for asn in cluster.asns)
    return 0.40 * (cloud >= 0.6 * len(cluster.asns)) + 0.10 * (_commonest(cluster.asns) >= 0.7 * len(cluster.asns))


def pivot(account: AccountView, cluster: ClusterView) -> tuple[float, float]:
    """See a change of model in the 24 hours, and five members who changed to the same one within six."""
    changed = any(now != before for now, before in zip(account.models[1:], account.models, strict=False))
    score = 0.20 * changed
    together = max((count for model, count in cluster.switched.items() if model in account.models), default=0)
    if together >= 5:
        score += min(1.0, 0.20 + 0.80 * together / 30)
    return (min(score, 1.0), 0.85) if score else SILENT


def _commonest(values: list[int] | list[str]) -> int:
    return Counter(values).most_common(1)[0][1] if values else 0
