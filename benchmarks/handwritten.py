"""What one would write instead: datasketch's MinHash-LSH and networkx components, over the prompts of a log.

The usual settings of its documentation: 128 permutations, word 3-grams, Jaccard 0.8. Prints the number of
groups.
"""

from __future__ import annotations

import sys
from pathlib import Path

import networkx as nx
import pyarrow.parquet as pq
from datasketch import MinHash, MinHashLSH


def group_accounts(prompts: list[str], accounts: list[str]) -> list[set[str]]:
    """Return groups of two or more accounts whose prompts are near-duplicates of each other."""
    index = MinHashLSH(threshold=0.8, num_perm=128)
    graph = nx.Graph()
    for number, (prompt, account) in enumerate(zip(prompts, accounts, strict=True)):
        words = prompt.lower().split()
        sketch = MinHash(num_perm=128)
        sketch.update_batch([" ".join(words[i : i + 3]).encode() for i in range(max(len(words) - 2, 1))])
        graph.add_edges_from((account, accounts[other]) for other in index.query(sketch))
        index.insert(number, sketch)
    return [group for group in nx.connected_components(graph) if len(group) > 1]


def main() -> None:
    """Read a log's prompts and accounts and count the groups."""
    log = pq.read_table(Path(sys.argv[1]), columns=["prompt", "account"])
    print(len(group_accounts(log["prompt"].to_pylist(), log["account"].to_pylist())))


if __name__ == "__main__":
    main()
