"""The policy as the gateway uses it: the rules file, read again when it changes, and the switch that stops it all."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from stillwatch.gateway.nouns import Ask, Caller, Decision, Mode, Standing
from stillwatch.gateway.policy import Rules, decide
from stillwatch.gateway.rules import RuleDefaults, read_rules
from stillwatch.gateway.watched_file import Poller, WatchedFile

log = logging.getLogger("stillwatch.gateway")


class LiveRules:
    """The ``Decider`` of ports.py.

    A new rules file is used within half a second; one with a fault is not used at all: the old rules stay, and health
    and log say so. Every rule is in shadow at once while the file ``kill_switch`` is there, ``set_kill_switch`` was
    called in this process, or ``shadow_only`` is set.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        defaults: RuleDefaults | None = None,
        kill_switch: Path | None = None,
        shadow_only: bool = False,
    ) -> None:
        """Read the rules. Raises SettingsError: a gateway does not start with rules that cannot be right."""
        first = read_rules(path, defaults=defaults) if path else Rules()
        self._file = WatchedFile(path, lambda p: read_rules(p, defaults=defaults), first) if path else None
        if self._file:
            self._file.refresh()
        self._rules = first if self._file is None else self._file.value
        self._flag, self._shadow_only = kill_switch, shadow_only
        self._killed = self._flagged()
        self._activate()
        poller = Poller(self.refresh)
        self.start, self.stop = poller.start, poller.stop
        """Look for changes twice a second, in the running loop, and end that."""

    def decide(self, caller: Caller, ask: Ask, standing: Standing, *, now: float) -> Decision:
        """Return what the rules say of this call. ``now`` is seconds since 1970."""
        return decide(self._active, caller, ask, standing, now=now)

    @property
    def killed(self) -> bool:
        """Whether every rule is in shadow, whatever it says."""
        return self._killed or self._shadow_only

    def set_kill_switch(self, *, on: bool) -> None:
        """Turn every rule to shadow at once, or back; other workers see the file within half a second.

        Raises OSError if the file cannot be written or removed; in this process the switch is thrown all the same.
        """
        self._killed = on
        self._activate()
        log.warning("kill switch %s: %s", "on" if on else "off", "all rules in shadow" if self.killed else "as written")
        if self._flag is not None and on:
            self._flag.parent.mkdir(parents=True, exist_ok=True)
            self._flag.touch()
        elif self._flag is not None:
            self._flag.unlink(missing_ok=True)

    def health(self) -> Mapping[str, object]:
        """Return what an operator should know: the rules' version and count, how many act, and what is wrong."""
        acting = sum(rule.mode is Mode.ENFORCE for rule in self._active.rules)
        problem = self._file.problem if self._file else None
        return {
            "status": problem or "ok",
            "rules_version": self._rules.version,
            "rules": len(self._rules.rules),
            "enforced": acting,
            "kill_switch": self.killed,
        }

    async def refresh(self) -> None:
        """Look at the rules file and the kill switch once."""
        if self._file is not None and await self._file.refresh_aside():
            self._rules = self._file.value
            log.info("rules %s in use: %d", self._rules.version, len(self._rules.rules))
            self._activate()
        if self._flag is not None and self._flagged() != self._killed:
            self._killed = not self._killed
            log.warning("kill switch %s", "on: all rules in shadow" if self._killed else "off")
            self._activate()

    def _activate(self) -> None:
        self._active = self._rules.in_mode(Mode.SHADOW) if self.killed else self._rules

    def _flagged(self) -> bool:
        return self._flag is not None and self._flag.exists()
