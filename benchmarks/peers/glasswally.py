"""Glasswally's composite (commit 300eedc, MIT), from the published weights of its 16 workers.

Composite = sum of weight x score x (0.4 + 0.6 x confidence) over the workers that fired, +0.08 if the cluster
has five members or more, capped at 1; 0.35 is its first effect (rate limit), 0.72 suspends the whole cluster.
Accused here = 0.35 or more. Scored 0 for want of input in a call log: H2Grpc (no HTTP/2), Embed (its 24
archetypes), RefusalProbe and SequenceModel (their word lists), the header parts of Fingerprint and the verb
of Biometric. Left out on purpose: the three rules that raise a score for a country. Each account is looked at
in the 24 hours up to its busiest hour's end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.peers import Verdict
from benchmarks.peers import glasswally_account as account_workers
from benchmarks.peers import glasswally_cluster as cluster_workers
from benchmarks.peers.glasswally_view import AccountView, ClusterView, view_accounts, view_clusters
from benchmarks.traffic import Traffic

NAME = "Glasswally"
RATE_LIMIT = 0.35
SUSPEND = 0.72

Worker = Callable[[AccountView, ClusterView], tuple[float, float]]

WORKERS: dict[str, tuple[float, Worker]] = {
    "Fingerprint": (0.14, cluster_workers.fingerprint),
    "Velocity": (0.10, account_workers.velocity),
    "Cot": (0.09, account_workers.cot),
    "Hydra": (0.08, cluster_workers.hydra),
    "TimingCluster": (0.07, cluster_workers.timing_cluster),
    "AsnClassifier": (0.07, cluster_workers.asn_classifier),
    "RolePreamble": (0.06, account_workers.role_preamble),
    "Pivot": (0.05, cluster_workers.pivot),
    "Biometric": (0.05, account_workers.biometric),
    "Watermark": (0.04, account_workers.watermark),
    "SessionGap": (0.04, account_workers.session_gap),
    "TokenBudget": (0.03, account_workers.token_budget),
}
"""Name, weight and rule of each worker whose inputs a call log has."""


def composite(account: AccountView, cluster: ClusterView) -> float:
    """Return the published sum over workers; a worker answers score and confidence."""
    total = 0.0
    for weight, worker in WORKERS.values():
        score, confidence = worker(account, cluster)
        total += weight * min(score, 1.0) * (0.4 + 0.6 * confidence)
    total += 0.08 * (len(cluster.accounts) >= 5)
    return min(total, 1.0)


def scores(traffic: Traffic) -> tuple[np.ndarray, list[ClusterView]]:
    """Return the composite by account number, and each account's cluster."""
    views = view_accounts(traffic)
    clusters = view_clusters(traffic, views)
    found = [composite(view, cluster) for view, cluster in zip(views, clusters, strict=True)]
    return np.array(found), clusters


def accuse(traffic: Traffic) -> Verdict:
    """Accuse accounts at the first effect, and clusters of three or more with a suspended member."""
    composites, clusters = scores(traffic)
    accused = set(np.flatnonzero(composites >= RATE_LIMIT).tolist())
    for account in np.flatnonzero(composites >= SUSPEND).tolist():
        if len(clusters[account].accounts) >= 3:
            accused.update(clusters[account].accounts)
    groups = {tuple(c.accounts) for a, c in enumerate(clusters) if a in accused and len(c.accounts) > 1}
    return Verdict(traffic.named(accused), tuple(traffic.named(accused & set(g)) for g in sorted(groups)))
