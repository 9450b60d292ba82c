"""EvilCohort (USENIX Security 2015): communities of accounts that use the same addresses, and nothing else.

Its communities are found by modularity; Louvain on the account x address graph is used here. Our reading: a
community is accused if at least ten accounts form it and each shares two of its addresses with others, so
that one office or one carrier's address does not make a cohort.
"""

from __future__ import annotations

import networkx as nx

from benchmarks.peers import Verdict
from benchmarks.traffic import Traffic, holders

NAME = "EvilCohort-style"
LEAST_ACCOUNTS = 10
LEAST_SHARED = 2


def accuse(traffic: Traffic) -> Verdict:
    """Accuse the communities of the account-address graph."""
    graph = nx.Graph()
    for number, (_, held) in enumerate(sorted(holders(traffic.values_of("client_address")).items())):
        if len(held) > 1:
            graph.add_edges_from((("account", account), ("address", number)) for account in held)
    if not graph:
        return Verdict(frozenset())
    groups = []
    for community in nx.community.louvain_communities(graph, seed=1):
        addresses = {node for node in community if node[0] == "address"}
        accounts = community - addresses
        tied = {number for kind, number in accounts if len(addresses & set(graph[kind, number])) >= LEAST_SHARED}
        if len(tied) >= LEAST_ACCOUNTS:
            groups.append(traffic.named(tied))
    groups.sort(key=sorted)
    return Verdict(frozenset().union(*groups), tuple(groups))
