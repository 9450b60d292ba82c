"""Batches of the call log to rows of fingerprints, under the deployment's key."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.ingest.kernels.hashing import hash_rows, hash_strings
from stillwatch.ingest.kernels.rows import Prints, Source, new_prints, new_scratch, print_rows
from stillwatch.ingest.lexicon import read_lexicon, word_table
from stillwatch.ingest.masking import Sample, keep_sample
from stillwatch.ingest.names import Names, Seen
from stillwatch.store.key import derive_key

MAX_NAMES = 300_000
"""Beyond this many values a kind (but accounts) is not named in reports: memory must not grow with the calls."""
LIMIT_STATUS = (401, 402, 403, 429)
"""HTTP statuses by which a host stops a caller (RFC 9110, RFC 6585)."""
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
MICROSECONDS_PER_HOUR = 3_600_000_000
Key = tuple[np.uint64, np.uint64]


@dataclass
class Batch:
    """Fingerprints of one batch: the columns of ``records.CALLS`` but the skeleton; heads and tails to find it by."""

    columns: dict[str, pa.Array]
    prints: Prints
    names: dict[str, Names]
    samples: dict[int, Sample]


@dataclass
class Fingerprinter:
    """Turns text into fingerprints. Safe to use from several threads; returns what key and input say, nothing else.

    ``names`` collects, by kind, what the keyed values of identifiers stand for, so that the host's own report can name
    them; ``samples`` collects the texts of about one call in ``sample_every``, chosen by the keyed hash of the call.
    They live in memory only; what a report shows of them is masked first.
    """

    key: bytes
    sample_every: int = 1
    bands: bool = True
    """Whether MinHash bands are made: no signal of our own reads them."""
    names: dict[str, dict[int, str]] = field(default_factory=dict)
    samples: dict[int, Sample] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._keys: dict[str, Key] = {}
        self._lock = threading.Lock()
        self._seen: dict[str, Seen] = {}
        self._unnamed: set[str] = set()
        self._words = self._key("words")
        self._table = word_table(*self._words)
        self._lexicon = read_lexicon()

    def keyed(self, kind: str, text: str) -> int:
        """Key one value of a kind, as an int64."""
        return int(self._hash(kind, pa.array([text], pa.large_string()))[0])

    def keyed_array(self, kind: str, values: pa.Array | pa.ChunkedArray) -> pa.Array:
        """Key strings or integers of a kind to int64; null stays null. Their texts are remembered in ``names``."""
        keyed, names = self._key_column(kind, values)
        self._remember({kind: names})
        return keyed

    def fingerprint(self, batch: pa.RecordBatch | pa.Table) -> Batch:
        """Fingerprint one batch of the canonical call log."""
        columns: dict[str, pa.Array] = {"call": pa.array(self._hash("call", _one(batch["call_id"])))}
        names: dict[str, Names] = {}
        for kind in ("account", "model", "channel", "user_agent", "tls_fingerprint"):
            columns[kind], names[kind] = self._key_column(kind, batch[kind])
        columns["asn"], names["asn"] = self._key_column("asn", batch["client_asn"])
        columns["address"], columns["prefix"], names["prefix"] = self._addresses(_one(batch["client_address"]))
        columns["parameters"] = self._parameters(batch)
        columns |= _plain_columns(batch)
        prints = new_prints(len(columns["call"]), bands=self.bands)
        source = _source(batch)
        longest = max(
            int(np.diff(at).max(initial=0)) for at in (source.messages_at, source.prompt_at, source.system_at)
        )
        print_rows(
            source, self._lexicon.automaton, self._lexicon.both, self._table, *self._words, new_scratch(longest), prints
        )
        columns |= _print_columns(prints)
        return Batch(columns, prints, names, self._choose_samples(columns["call"].to_numpy(), batch))

    def remember(self, batch: Batch) -> None:
        """Add a batch's names and samples to what is known."""
        self._remember(batch.names)
        self.samples.update(batch.samples)

    def _remember(self, names: Mapping[str, Names]) -> None:
        with self._lock:
            for kind, found in names.items():
                known = self.names.setdefault(kind, {})
                if kind not in self._unnamed:
                    known.update(found.beyond(self._seen.setdefault(kind, Seen())))
                    if len(known) > MAX_NAMES and kind != "account":
                        known.clear()
                        self._seen.pop(kind)
                        self._unnamed.add(kind)

    def _key(self, kind: str) -> Key:
        if kind not in self._keys:
            raw = derive_key(self.key, f"fingerprint/{kind}")
            self._keys[kind] = (
                np.uint64(int.from_bytes(raw[:8], "little")),
                np.uint64(int.from_bytes(raw[8:16], "little")),
            )
        return self._keys[kind]

    def _hash(self, kind: str, values: pa.Array) -> NDArray[np.int64]:
        data, at, _ = _buffers(values)
        out = np.empty(len(values), np.uint64)
        hash_strings(data, at, out, *self._key(kind))
        return out.view(np.int64)

    def _key_column(self, kind: str, values: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, Names]:
        coded = _one(values).dictionary_encode()
        texts = coded.dictionary.cast(pa.large_string())
        keyed = self._hash(kind, texts)
        return pc.take(pa.array(keyed), coded.indices), Names(keyed, texts)

    def _addresses(self, addresses: pa.Array) -> tuple[pa.Array, pa.Array, Names]:
        coded = addresses.dictionary_encode()
        texts = coded.dictionary.cast(pa.large_string())
        prefixes = _prefixes(texts)
        keyed = self._hash("prefix", prefixes.fill_null(""))
        there = prefixes.is_valid().to_numpy(zero_copy_only=False)
        found = pa.array(keyed, mask=~there)
        names = Names(keyed[there], prefixes.drop_null())
        return pc.take(pa.array(self._hash("address", texts)), coded.indices), pc.take(found, coded.indices), names

    def _parameters(self, batch: pa.RecordBatch | pa.Table) -> pa.Array:
        # Each setting is one 64-bit word; a missing one is the pattern of an impossible value.
        words, known = [], np.zeros(batch.num_rows, bool)
        for name in ("temperature", "max_output_tokens", "n", "logprobs", "stream"):
            column = _one(batch[name])
            have = column.is_valid().to_numpy(zero_copy_only=False)
            value = column.cast(pa.int64()) if name != "temperature" else pc.add(column, 0.0)
            raw = value.fill_null(-1).to_numpy(zero_copy_only=False)
            words.append(np.ascontiguousarray(raw).view(np.uint64))
            known |= have
        out = np.empty(batch.num_rows, np.uint64)
        hash_rows(np.stack(words), out, *self._key("parameters"))
        return pa.array(out.view(np.int64), mask=~known)

    def _choose_samples(self, calls: NDArray[np.int64], batch: pa.RecordBatch | pa.Table) -> dict[int, Sample]:
        rows = np.flatnonzero(calls.view(np.uint64) % np.uint64(self.sample_every) == 0)
        if not len(rows):
            return {}
        chosen = pa.array(rows)
        messages = _one(batch["messages"]).take(chosen).to_pylist()
        prompts = _one(batch["prompt"]).take(chosen).to_pylist()
        out = {}
        for row, message, prompt in zip(rows, messages, prompts, strict=True):
            text = message if message is not None else prompt
            if text:
                out[int(calls[row])] = keep_sample(text)
        return out


def _one(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _buffers(values: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    """Return data, offsets and validity of a large_string array."""
    _, offsets, data = values.buffers()
    at = np.frombuffer(offsets, np.int64)[values.offset : values.offset + len(values) + 1]
    raw = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    valid = values.is_valid().to_numpy(zero_copy_only=False)
    return raw, at, valid


def _source(batch: pa.RecordBatch | pa.Table) -> Source:
    messages, prompt, system = (_buffers(_one(batch[name])) for name in ("messages", "prompt", "system"))
    return Source(*messages, *prompt, *system)


def _prefixes(addresses: pa.Array) -> pa.Array:
    """Return the /24 of an IPv4 and the /48 of an IPv6 address (RFC 6177: what one site gets); null for neither."""
    short = pc.replace_substring_regex(addresses, rf"^({_OCTET}\.{_OCTET}\.{_OCTET})\.{_OCTET}$", r"\1.0/24")
    plain = pc.not_equal(short, addresses)
    if pc.all(pc.or_kleene(plain, addresses.is_null())).as_py():
        return pc.if_else(plain, short, pa.scalar(None, pa.large_string()))
    odd = pc.fill_null(pc.invert(plain), fill_value=False)
    others = pa.array([_prefix(a) for a in addresses.filter(odd).to_pylist()], pa.large_string())
    return pc.replace_with_mask(pc.if_else(plain, short, pa.scalar(None, pa.large_string())), odd, others)


@lru_cache(1 << 17)
def _prefix(address: str) -> str | None:
    try:
        parsed = ip_address(address.strip().removeprefix("[").removesuffix("]").split("%")[0])
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    return str(ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def _plain_columns(batch: pa.RecordBatch | pa.Table) -> dict[str, pa.Array]:
    started = _one(batch["started_at"])
    micros = started.cast(pa.int64()).to_numpy()
    status = _one(batch["status"])
    out: dict[str, pa.Array] = {
        "started_at": started,
        "hour": pa.array((micros // MICROSECONDS_PER_HOUR).astype(np.int32)),
        "ceiling": _int32(batch["max_output_tokens"]),
        "samples": _int32(batch["n"]),
        "logprobs": _one(batch["logprobs"]),
        "completed": pc.fill_null(pc.and_(pc.greater_equal(status, 200), pc.less(status, 300)), fill_value=True),
        "refused_by_limit": pc.is_in(status, pa.array(LIMIT_STATUS, pa.int64())),
    }
    for name in ("tools", "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens"):
        out[name] = _int32(batch[name])
    return out


def _int32(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    # A count beyond 32 bits is nonsense from outside; it is cut to the limit, for one such row must not stop a scan.
    limits = np.iinfo(np.int32)
    below = pc.min_element_wise(_one(values), pa.scalar(limits.max, pa.int64()), skip_nulls=False)
    return pc.max_element_wise(below, pa.scalar(limits.min, pa.int64()), skip_nulls=False).cast(pa.int32())


def _print_columns(prints: Prints) -> dict[str, pa.Array]:
    empty = prints.item == 0
    out: dict[str, Any] = {
        "characters": pa.array(prints.characters),
        "words": pa.array(prints.words),
        "turns": pa.array(prints.turns),
        "language": pa.array(prints.language),
        "cues": pa.array(prints.cues),
        "system": pa.array(prints.system.view(np.int64), mask=prints.system == 0),
        "system_words": pa.array(prints.system_words),
        "item": pa.array(prints.item.view(np.int64), mask=empty),
        "artefact": pa.array(prints.artefact.view(np.int64), mask=prints.artefact == 0),
    }
    if len(prints.bands):
        out |= {f"band_{i}": pa.array(np.ascontiguousarray(prints.bands[:, i]), mask=empty) for i in range(8)}
    out |= {f"topic_{i}": pa.array(np.ascontiguousarray(prints.topics[:, i]), mask=empty) for i in range(4)}
    return out
