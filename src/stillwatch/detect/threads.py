"""Work on arrays, side by side: the interpreter's lock is free while NumPy sorts, Arrow hashes and kernels.py loops."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

THREADS = 2
"""Pieces of work done at once; what comes out does not depend on it."""
T = TypeVar("T")


def each(work: Callable[..., T], *of: Any) -> list[T]:
    """Map over several threads; the results stand in the order of what they are made of."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, *of))
