"""Pools of prompts by kind of use: the package's own, or any Parquet files with a column ``text``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import ScenarioError
from stillwatch.simulate.draws import I64
from stillwatch.simulate.grammar import expand_many

SIZES = {
    "human": 12_000,
    "eval": 8_000,
    "rag": 3_000,
    "classification": 4_000,
    "agent": 1_500,
    "distillation": 24_000,
    "followup": 1_500,
    "answer": 1_500,
    "assignment": 40,
    "result": 800,
}
"""Texts made for each kind of the package's own pools: enough that chance repeats stay rare in the demo, few enough to be
made in two seconds. ``eval`` is small because public benchmarks are: thousands of items that everybody runs."""

EXTERNAL_KINDS = ("human", "eval", "rag", "classification", "agent", "distillation")
"""Kinds a Parquet pool may name in its column ``kind``; without the column a pool is ``human``."""


@dataclass(frozen=True)
class Pool:
    """Texts of one kind, plain and as they stand inside JSON, ordered so that neighbours are alike."""

    plain: pa.LargeStringArray
    escaped: pa.LargeStringArray
    out_chars: I64
    groups: I64

    def __len__(self) -> int:
        return len(self.plain)


@dataclass
class Pools:
    """Pools by kind; kinds that no file brought are made from the package's own patterns when first asked for."""

    outside: Mapping[str, Pool] = field(default_factory=dict)
    seed: int = 1
    _made: dict[str, Pool] = field(default_factory=dict)

    def of(self, kind: str) -> Pool:
        """Return the pool of this kind."""
        if kind in self.outside:
            return self.outside[kind]
        if kind not in self._made:
            self._made[kind] = _own_pool(kind, self.seed)
        return self._made[kind]


def read_pools(paths: Iterable[Path], *, seed: int = 1) -> Pools:
    """Read prompt pools from Parquet files and folders of them. Raises ScenarioError where there is no column ``text``."""
    rows: dict[str, list[tuple[str, str, int, str]]] = {}
    said: dict[str, list[str]] = {"followup": [], "answer": []}
    for path in _parquet_files(paths):
        _read_file(path, rows, said)
    outside = {kind: _sorted_pool(entries) for kind, entries in sorted(rows.items())}
    for kind, texts in said.items():
        if len(texts) >= 200:  # fewer would be repeated so often that they look like a template
            outside[kind] = make_pool(sorted(set(texts)))
    return Pools(outside, seed)


def make_pool(
    texts: Sequence[str], out_chars: Sequence[int] | None = None, groups: Sequence[int] | None = None
) -> Pool:
    """Make a pool of texts; lone surrogates become question marks, as Arrow and JSON are UTF-8."""
    clean = [t.encode("utf-8", "replace").decode() for t in texts]
    escaped = [orjson.dumps(t)[1:-1] for t in clean]
    return Pool(
        plain=pa.array(clean, pa.large_string()),
        escaped=pa.array(escaped, pa.large_binary()).cast(pa.large_string()),
        out_chars=np.asarray(out_chars if out_chars is not None else [0] * len(clean), np.int64),
        groups=np.asarray(groups if groups is not None else [0] * len(clean), np.int64),
    )


def read_list(name: str) -> list[str]:
    """Return the patterns of a bundled prompt file, one a line; ``#`` starts a comment line."""
    text = (files("stillwatch.simulate") / "prompts" / f"{name}.txt").read_text("utf-8")
    return [line.replace("\\n", "\n") for line in text.splitlines() if line and not line.startswith("#")]


@cache
def read_slots() -> dict[str, list[str]]:
    """Return the lists behind ``$name`` in the bundled patterns."""
    text = (files("stillwatch.simulate") / "prompts" / "slots.toml").read_text("utf-8")
    return {name: [str(v) for v in values] for name, values in tomllib.loads(text).items()}


def _own_pool(kind: str, seed: int) -> Pool:
    patterns = read_list(kind)
    random = Random(f"{kind} {seed}")
    if kind != "human":
        made = expand_many(patterns, read_slots(), count=SIZES[kind], random=random)
        random.shuffle(made)
        return make_pool(made)
    share = max(1, SIZES[kind] // len(patterns))
    texts: list[str] = []
    groups: list[int] = []
    for number, pattern in enumerate(patterns):
        made = expand_many([pattern], read_slots(), count=share, random=random)
        texts += made
        groups += [number // 4] * len(made)  # the file keeps a topic together: four neighbouring patterns are one
    order = sorted(range(len(texts)), key=lambda i: (groups[i], random.random()))
    return make_pool([texts[i] for i in order], None, [groups[i] for i in order])


def _parquet_files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            named = sorted(p for p in path.glob("*.parquet") if "text" in pq.read_schema(p).names)
        else:
            named = [path]
        if not named:
            raise ScenarioError(
                f"{path}: no Parquet file with a column 'text' in this folder; name a file or another folder"
            )
        found += named
    return found


def _read_file(path: Path, rows: dict[str, list[tuple[str, str, int, str]]], said: dict[str, list[str]]) -> None:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as problem:
        raise ScenarioError(f"{path}: not a readable Parquet file: {problem}") from problem
    if "text" not in table.column_names:
        raise ScenarioError(f"{path}: a prompt pool needs a column 'text'; this file has {table.column_names}")
    for row in table.to_pylist():
        if not row["text"]:
            continue
        kind = str(row.get("kind") or "human")
        if kind not in EXTERNAL_KINDS:
            raise ScenarioError(f"{path}: kind {kind!r} is not one of {', '.join(EXTERNAL_KINDS)}")
        group = "/".join(str(row.get(k) or "") for k in ("lang", "source", "user", "subset"))
        rows.setdefault(kind, []).append((group, str(row["text"]), int(row.get("out_chars") or 0), path.name))
        for turn in (row.get("turns") or [])[1:]:
            if turn.get("text") and kind == "human":
                said["followup" if turn.get("role") == "user" else "answer"].append(str(turn["text"]))


def _sorted_pool(entries: list[tuple[str, str, int, str]]) -> Pool:
    entries = sorted(entries)
    names = {name: i for i, name in enumerate(dict.fromkeys(e[0] for e in entries))}
    return make_pool([e[1] for e in entries], [e[2] for e in entries], [names[e[0]] for e in entries])
