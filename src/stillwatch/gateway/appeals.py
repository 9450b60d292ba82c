"""Granted appeals over what scans said: at once, and whatever the next scan says."""

from __future__ import annotations

from collections.abc import Callable

from stillwatch.gateway.nouns import Standing
from stillwatch.gateway.ports import Standings

GRANTED = Standing(appeal_granted=True)
"""No campaign and no bits: rules see an account that no scan listed, and that its appeal was granted."""


class AppealedStandings:
    """Implements ``ports.Standings``: another's, with granted appeals over it."""

    def __init__(self, standings: Standings, is_appeal_granted: Callable[[str], bool]) -> None:
        """``is_appeal_granted`` is ``DirectoryKeyring.is_appeal_granted``, asked on every call."""
        self._standings, self._is_appeal_granted = standings, is_appeal_granted

    def of(self, account: str) -> Standing:
        """Return ``GRANTED`` if the account's appeal was granted, else its standing."""
        return GRANTED if self._is_appeal_granted(account) else self._standings.of(account)
