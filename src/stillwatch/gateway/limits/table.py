"""A table of bounded size that forgets only what it may.

A cache that forgets the oldest would let a flood of new accounts push out the debts of those who flood.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from itertools import islice
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

EXAMINED = 64
"""How many of the oldest entries are looked at when the table is full: some microseconds each time."""


class TableFull(Exception):  # noqa: N818  (the caller turns it into a refusal)
    """Every entry that was looked at is in use; a newcomer has to wait."""


class Table(Generic[K, V]):
    """At most ``most`` values, made where missing. ``forgot`` is told whenever some were forgotten."""

    def __init__(self, most: int, *, is_idle: Callable[[V], bool], forgot: Callable[[], None]) -> None:
        self._most, self._is_idle, self._forgot = most, is_idle, forgot
        self._values: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[V]:
        return iter(list(self._values.values()))

    def find(self, key: K) -> V | None:
        """Return the value, or None."""
        return self._values.get(key)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value, made where missing. Raises TableFull where there is no room."""
        value = self._values.get(key)
        if value is None:
            if len(self._values) >= self._most:
                self._forget()
            value = self._values[key] = make()
        return value

    def _forget(self) -> None:
        """Drop the idle among the oldest and look at the others again later."""
        before = len(self._values)
        for key in list(islice(self._values, EXAMINED)):
            value = self._values.pop(key)
            if not self._is_idle(value):
                self._values[key] = value
        if len(self._values) == before:
            raise TableFull
        self._forgot()
