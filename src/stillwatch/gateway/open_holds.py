"""Holds of calls that another gateway is serving, until it reports how they ended or falls silent."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from stillwatch.gateway.ports import Hold

MAX_HOLDS = 200_000
"""Open calls at once, some 100 MB; beyond, the oldest are given back, which only favours the caller."""


class OpenHolds:
    """Holds by call id. One that nobody mentions for ``keep_seconds`` is given back: a crashed gateway leaks none.

    ``clock`` gives seconds and is never set: a wall clock that jumps ahead would end every open call.
    """

    def __init__(self, keep_seconds: float, *, clock: Callable[[], float] = monotonic) -> None:
        self._keep, self._clock = keep_seconds, clock
        self._open: OrderedDict[str, tuple[float, Hold]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def put(self, call_id: str, hold: Hold) -> bool:
        """Keep a hold; tell whether it was kept.

        A second one of an id that is open is not: callers can choose ids in some gateways, and a stream whose hold
        another one replaced would be free.
        """
        self.sweep()
        if call_id in self._open:
            return False
        self._open[call_id] = (self._clock() + self._keep, hold)
        return True

    def get(self, call_id: str) -> Hold | None:
        """Return the hold and keep it longer; None if it is not known, or no longer."""
        found = self._open.get(call_id)
        if found is None:
            return None
        self._open[call_id] = (self._clock() + self._keep, found[1])
        self._open.move_to_end(call_id)
        return found[1]

    def end(self, call_id: str) -> bool:
        """Give a hold back; tell whether it was known."""
        found = self._open.pop(call_id, None)
        if found is None:
            return False
        found[1].release()
        return True

    def sweep(self) -> None:
        """Give back what fell silent: the longest silent come first, so this looks at no other."""
        now = self._clock()
        while self._open:
            call_id, (until, hold) = next(iter(self._open.items()))
            if until > now and len(self._open) < MAX_HOLDS:
                return
            del self._open[call_id]
            hold.release()

    def end_all(self) -> None:
        """Give everything back, at shutdown."""
        for call_id in list(self._open):
            self.end(call_id)
