"""Tables at rest that only the deployment's key opens: Parquet modular encryption (AES-256-GCM, all of the file).

Each file has a key of its own, derived from the deployment's key and the file's name, and is bound to that name; so a
name must never be used for two different tables.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.parquet.encryption import create_decryption_properties, create_encryption_properties

from stillwatch.errors import SourceError
from stillwatch.store.key import derive_key


def write_encrypted(table: pa.Table, path: Path, *, key: bytes, name: str) -> None:
    """Write a table so that only ``read_encrypted`` with the same key and name reads it. Raises OSError."""
    locked = create_encryption_properties(
        footer_key=_file_key(key, name), aad_prefix=name.encode(), store_aad_prefix=False
    )
    pq.write_table(table, path, compression="zstd", encryption_properties=locked)


def read_encrypted(path: Path, *, key: bytes, name: str) -> pa.Table:
    """Read it back. Raises SourceError for another key, another name, a single changed bit, or what is no such file."""
    unlocked = create_decryption_properties(footer_key=_file_key(key, name), aad_prefix=name.encode())
    try:
        return pq.ParquetFile(path, decryption_properties=unlocked).read()
    except (pa.ArrowException, OSError) as problem:
        raise SourceError(
            f"{path}: cannot be decrypted: {str(problem).partition(chr(10))[0]}; it needs the key under which it was "
            "written, and its own name"
        ) from problem


def _file_key(key: bytes, name: str) -> bytes:
    return derive_key(key, f"text/{name}")
