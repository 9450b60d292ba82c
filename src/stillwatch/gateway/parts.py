"""The parts of one gateway process, as the proxy uses them. ``assemble.py`` puts the real ones together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from stillwatch.gateway.call import Call
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.nulls import NoJournal, NoLimits, NoRules, NoStandings
from stillwatch.gateway.ports import Decider, Keyring, Limiter, Recorder, Standings
from stillwatch.gateway.settings import GatewaySettings

Step = Callable[[], Awaitable[None]]


@dataclass
class Parts:
    """The proxy's neighbours.

    ``starts`` run in order inside the event loop before the first call, ``stops`` in reverse order after the last.
    ``states`` say how each part is: "ok", what is wrong, or a mapping whose ``status`` says so.
    """

    settings: GatewaySettings
    keyring: Keyring
    limiter: Limiter = field(default_factory=NoLimits)
    standings: Standings = field(default_factory=NoStandings)
    decider: Decider = field(default_factory=NoRules)
    recorder: Recorder = field(default_factory=NoJournal)
    metrics: Metrics = field(default_factory=Metrics)
    observers: list[Callable[[Call], None]] = field(default_factory=list)
    """Told of each call when its record is finished; none may wait or raise."""
    starts: list[Step] = field(default_factory=list)
    stops: list[Step] = field(default_factory=list)
    promise: Callable[[str, int], bytes] | None = None
    """What an answer says of its call's place in the evidence log, by call id and beginning; None: nothing."""
    states: dict[str, Callable[[], object]] = field(default_factory=dict)

    def state(self) -> Mapping[str, object]:
        """Return how each part is."""
        return {name: says() for name, says in self.states.items()}
