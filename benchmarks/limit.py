"""The limit: DuckDB reads and hashes the text column of a log, and does nothing else. Prints the hash."""

from __future__ import annotations

import sys

import duckdb


def main() -> None:
    """Hash every prompt of the file named on the command line."""
    query = "SELECT count(*), bit_xor(hash(prompt)) FROM read_parquet($1)"
    print(duckdb.execute(query, [sys.argv[1]]).fetchall())


if __name__ == "__main__":
    main()
