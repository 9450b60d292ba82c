"""The same function over many items, on two processes: peers and studies use one core each."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS = min(2, os.cpu_count() or 1)
"""An incident and its embeddings take up to 3 GiB."""


def each(function: Callable[[Item], Result], items: Iterable[Item], *, until: float = float("inf")) -> Iterator[Result]:
    """Yield the function's result for every item, in order; begin no new item after ``until`` (time.monotonic).

    Function and items must be picklable.
    """
    # Two processes on two cores: more threads in each would only wait for one another.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    waiting, running = iter(items), deque[Future[Result]]()
    # Not forked: a fork of a process in which NumPy has started threads can hang.
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        while True:
            while len(running) < WORKERS and time.monotonic() < until:
                try:
                    running.append(pool.submit(function, next(waiting)))
                except StopIteration:
                    break
            if not running:
                return
            yield running.popleft().result()
