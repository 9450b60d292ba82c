"""Pools of prompts by kind of use: the package's own, or any Parquet files with the columns ``text`` and ``kind``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import ScenarioError
from stillwatch.simulate.texts import COMPOSED, WRAPS, Pool, code_pool, composed_pool, make_pool, own_pool

EXTERNAL_KINDS = ("human", "eval", "rag", "classification", "agent", "distillation")
"""Kinds a Parquet pool may name in its column ``kind``."""

READ = ("text", "kind", "out_chars", "lang", "source", "user", "subset", "turns")
"""Columns of a Parquet pool that are read; the first two must be there."""

FEWEST_SAID = 200
"""Fewer follow-ups or answers than this would be repeated so often that they look like a template: ours are used."""


@dataclass
class Pools:
    """Pools by kind; kinds that no file brought are made from the package's own patterns when first asked for."""

    outside: Mapping[str, Pool] = field(default_factory=dict)
    seed: int = 1
    _made: dict[tuple[str, int], Pool] = field(default_factory=dict)

    def of(self, kind: str, style: int = 0) -> Pool:
        """Return the pool of this kind; ``style`` picks how tasks and answers are put together, where they are."""
        if kind in self.outside:
            return self.outside[kind]
        key = (kind, style % len(WRAPS) if kind in COMPOSED else 0)
        if key not in self._made:
            self._made[key] = self._make(*key)
        return self._made[key]

    def _make(self, kind: str, style: int) -> Pool:
        if kind in COMPOSED:
            return composed_pool(kind, style, self.of)
        if kind == "code":
            return code_pool(self.of("distillation"))
        return own_pool(kind, self.seed)


def read_pools(paths: Iterable[Path], *, seed: int = 1) -> Pools:
    """Read prompt pools from Parquet files and folders of them.

    Raises ScenarioError, with the file and the column, where there is no such file or no column ``text`` or ``kind``.
    In a folder, files without ``text`` are passed over: traces lie beside prompts.
    """
    rows: dict[str, list[tuple[str, str, int]]] = {}
    said: dict[str, list[str]] = {"followup": [], "answer": []}
    for path in _parquet_files(paths):
        _read_file(path, rows, said)
    outside = {kind: _sorted_pool(entries) for kind, entries in sorted(rows.items())}
    for kind, texts in said.items():
        if len(texts) >= FEWEST_SAID:
            outside[kind] = make_pool(sorted(set(texts)))
    return Pools(outside, seed)


def _parquet_files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ScenarioError(f"{path}: no such prompt file or folder")
        named = sorted(p for p in path.glob("*.parquet") if "text" in _columns(p)) if path.is_dir() else [path]
        if not named:
            raise ScenarioError(f"{path}: no Parquet file with a column 'text' in this folder; name another")
        found += named
    return found


def _columns(path: Path) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except (OSError, pa.ArrowInvalid) as problem:
        raise ScenarioError(f"{path}: not a readable Parquet file: {problem}") from problem


def _read_file(path: Path, rows: dict[str, list[tuple[str, str, int]]], said: dict[str, list[str]]) -> None:
    columns = _columns(path)
    for name in READ[:2]:
        if name not in columns:
            raise ScenarioError(f"{path}: no column {name!r}; prompts need 'text' and 'kind', this has {columns}")
    for row in pq.read_table(path, columns=[c for c in READ if c in columns]).to_pylist():
        if not row["text"]:
            continue
        kind = str(row["kind"])
        if kind not in EXTERNAL_KINDS:
            raise ScenarioError(f"{path}: column 'kind': {kind!r} is not one of {', '.join(EXTERNAL_KINDS)}")
        group = "/".join(str(row.get(k) or "") for k in ("lang", "source", "user", "subset"))
        rows.setdefault(kind, []).append((group, str(row["text"]), int(row.get("out_chars") or 0)))
        for turn in (row.get("turns") or [])[1:]:
            if turn.get("text") and kind == "human":
                said["followup" if turn.get("role") == "user" else "answer"].append(str(turn["text"]))


def _sorted_pool(entries: list[tuple[str, str, int]]) -> Pool:
    entries = sorted(entries)
    names = {name: i for i, name in enumerate(dict.fromkeys(e[0] for e in entries))}
    return make_pool([e[1] for e in entries], [e[2] for e in entries], [names[e[0]] for e in entries])
