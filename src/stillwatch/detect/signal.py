"""What a signal is: a function from calls to account-observable edges, found by its folder."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import narwhals as nw

from stillwatch.errors import PluginError, SettingsError
from stillwatch.plugins import load_entry_points, load_modules
from stillwatch.records import Family

Frame: TypeAlias = nw.LazyFrame[Any]
"""A table that an engine has yet to compute."""
SIGNAL_COLUMNS = ("account", "observable", "calls")
FRAMES = ("calls", "accounts")
DEFAULT_MAX_BITS = 10.0
"""No single observable may outweigh a thousand to one: data errors are commoner than that."""


@dataclass(frozen=True)
class Signal:
    """A named function that sees accounts with observables."""

    name: str
    family: Family
    function: Callable[..., Frame]
    max_bits: float = DEFAULT_MAX_BITS
    seeds: bool = False
    compares: bool = False
    of_tool: bool = False
    partial: bool = False
    needs: tuple[str, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def reads(self) -> str:
        """Which frame it reads: ``calls`` or ``accounts``."""
        return next(iter(inspect.signature(self.function).parameters))

    def see(self, frame: Frame) -> Frame:
        """Return lazy edges with the columns account, observable (never null) and calls."""
        edges = self.function(frame, **self.parameters)
        return edges.filter(~nw.col("observable").is_null()).select(
            nw.col("account"), nw.col("observable").cast(nw.Int64), nw.col("calls").cast(nw.Int64)
        )


_SIGNALS: dict[str, Signal] = {}


def signal(
    name: str,
    *,
    family: Family,
    needs: tuple[str, ...] = (),
    max_bits: float = DEFAULT_MAX_BITS,
    seeds: bool = False,
    compares: bool = False,
    of_tool: bool = False,
    partial: bool = False,
) -> Callable[[Callable[..., Frame]], Callable[..., Frame]]:
    """Declare a signal.

    ``needs`` names the columns without which it is skipped (and the report says so); ``max_bits`` caps what one value
    of it can say; ``seeds`` lets a value of it pick a group out of all accounts with one kind of use; ``compares`` says
    that what it sees of one account depends on the others; ``of_tool`` says that it sees the program an account uses
    rather than who uses it: strangers share programs, so all such signals together say little of one operator;
    ``partial`` says that of accounts it does not see nothing is known, rather than that they hold no such value: they
    are then no part of the comparison group.

    The function takes one frame, named ``calls`` (records.CALLS) or ``accounts``, and keyword-only parameters with
    defaults, which are its configuration; it returns a frame with account, observable and calls. Raises PluginError
    for a second signal of that name or another shape.
    """

    def register(function: Callable[..., Frame]) -> Callable[..., Frame]:
        first, *others = inspect.signature(function).parameters.values()
        if first.name not in FRAMES or any(p.kind is not p.KEYWORD_ONLY or p.default is p.empty for p in others):
            raise PluginError(
                f"signal {name!r}: take one frame named 'calls' or 'accounts', then keyword-only parameters with "
                "defaults"
            )
        known = _SIGNALS.get(name)
        if known is not None and known.function.__module__ != function.__module__:
            raise PluginError(
                f"signal {name!r} is defined in {known.function.__module__} and {function.__module__}: rename one"
            )
        _SIGNALS[name] = Signal(
            name,
            family,
            function,
            max_bits=max_bits,
            seeds=seeds,
            compares=compares,
            of_tool=of_tool,
            partial=partial,
            needs=needs,
        )
        return function

    return register


def find_signals(
    *, without: frozenset[Family] = frozenset(), parameters: Mapping[str, Mapping[str, object]] | None = None
) -> list[Signal]:
    """Load every signal, leave out whole families, and set parameters by signal name.

    Raises SettingsError for an unknown signal or parameter.
    """
    load_modules("stillwatch.detect.signals")
    load_entry_points("stillwatch.signals")
    given = dict(parameters or {})
    for name, values in given.items():
        _refuse_unknown(name, values)
    return [
        replace(s, parameters=dict(given.get(s.name, {})))
        for s in sorted(_SIGNALS.values(), key=lambda s: s.name)
        if s.family not in without
    ]


def _refuse_unknown(name: str, values: Mapping[str, object]) -> None:
    if name not in _SIGNALS:
        raise SettingsError(f"[detect.signals.{name}]: no such signal; known: {', '.join(sorted(_SIGNALS))}")
    known = list(inspect.signature(_SIGNALS[name].function).parameters)[1:]
    for parameter in values:
        if parameter not in known:
            raise SettingsError(
                f"[detect.signals.{name}]: no such parameter: {parameter}; known: {', '.join(known) or 'none'}"
            )
