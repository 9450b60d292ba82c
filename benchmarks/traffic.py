"""A call log as the peers read it: arrays by call, calls by account, one text a call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 86400


@dataclass(frozen=True, eq=False)
class Traffic:
    """A canonical call log and, where there is one, its accounts table."""

    calls: pa.Table
    accounts: pa.Table | None = None

    @cached_property
    def _encoded(self) -> pa.DictionaryArray:
        return self.calls["account"].combine_chunks().dictionary_encode()

    @cached_property
    def names(self) -> list[str]:
        """Name of each account, by its number."""
        names: list[str] = self._encoded.dictionary.to_pylist()
        return names

    @cached_property
    def code(self) -> np.ndarray:
        """Number of each call's account."""
        code: np.ndarray = self._encoded.indices.to_numpy(zero_copy_only=False)
        return code

    @cached_property
    def seconds(self) -> np.ndarray:
        """Start of each call, in seconds since 1970 UTC."""
        started = pc.cast(self.calls["started_at"], pa.timestamp("us", tz="UTC"))
        seconds: np.ndarray = pc.cast(started, pa.int64()).to_numpy() / 1e6
        return seconds

    @cached_property
    def hour(self) -> np.ndarray:
        """Whole hours since 1970 UTC."""
        return (self.seconds // SECONDS_PER_HOUR).astype(np.int64)

    @cached_property
    def calls_of(self) -> list[np.ndarray]:
        """For each account its calls, in order of time."""
        order = np.lexsort((self.seconds, self.code))
        edges = np.searchsorted(self.code[order], np.arange(1, len(self.names)))
        return np.split(order, edges)

    @cached_property
    def _texts(self) -> tuple[list[str], list[str]]:
        return _read_texts(self)

    @property
    def users(self) -> list[str]:
        """Return the last user text of each call; empty if there is none."""
        return self._texts[0]

    @property
    def systems(self) -> list[str]:
        """The system text of each call; empty if there is none."""
        return self._texts[1]

    @cached_property
    def texts(self) -> list[str]:
        """System and user text of each call, as a model would read them."""
        return [f"{s}\n{u}" if s else u for s, u in zip(self.systems, self.users, strict=True)]

    def column(self, name: str) -> list[Any]:
        """Values of a column by call, ``None`` throughout where the log lacks it."""
        if name not in self.calls.column_names:
            return [None] * self.calls.num_rows
        values: list[Any] = self.calls[name].to_pylist()
        return values

    def attribute(self, name: str) -> list[Any]:
        """Values of a column of the accounts table, by account number; ``None`` where unknown."""
        if self.accounts is None or name not in self.accounts.column_names:
            return [None] * len(self.names)
        known = dict(zip(self.accounts["account"].to_pylist(), self.accounts[name].to_pylist(), strict=True))
        return [known.get(account) for account in self.names]

    def values_of(self, name: str) -> list[set[Any]]:
        """For each account the different values its calls carry in a column, nulls left out."""
        values: list[set[Any]] = [set() for _ in self.names]
        for account, value in zip(self.code.tolist(), self.column(name), strict=True):
            if value is not None:
                values[account].add(value)
        return values

    @cached_property
    def prefixes(self) -> list[set[str]]:
        """For each account the /24 (IPv4) or /48 (IPv6) of its addresses."""
        return [{prefix_of(address) for address in held} for held in self.values_of("client_address")]

    def named(self, numbers: Iterable[int]) -> frozenset[str]:
        """Return the names of these account numbers."""
        return frozenset(self.names[number] for number in numbers)


def prefix_of(address: str) -> str:
    """Return the /24 of an IPv4 address or the /48 of an IPv6 one, as text."""
    if ":" in address:
        return ":".join(address.split(":")[:3])
    return address.rpartition(".")[0]


def holders(values: list[set[Any]]) -> dict[Any, list[int]]:
    """For each value the numbers of the accounts that hold it."""
    held: dict[Any, list[int]] = defaultdict(list)
    for account, owned in enumerate(values):
        for value in sorted(owned, key=str):
            held[value].append(account)
    return dict(held)


def _read_texts(traffic: Traffic) -> tuple[list[str], list[str]]:
    users, systems = [], []
    rows = (traffic.column("messages"), traffic.column("prompt"), traffic.column("system"))
    for messages, prompt, system in zip(*rows, strict=True):
        user, told = _read_messages(messages)
        users.append(user or prompt or "")
        systems.append(told or system or "")
    return users, systems


def _read_messages(messages: str | None) -> tuple[str, str]:
    """Last user text and joined system texts of a JSON list of messages; plain text is user text."""
    if not messages:
        return "", ""
    try:
        said = orjson.loads(messages)
    except orjson.JSONDecodeError:
        return messages, ""
    if not isinstance(said, list):
        return messages, ""
    user = [_content(m) for m in said if m.get("role") == "user"]
    system = [_content(m) for m in said if m.get("role") in {"system", "developer"}]
    return (user[-1] if user else ""), "\n".join(system)


def _content(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content if isinstance(part, dict))
