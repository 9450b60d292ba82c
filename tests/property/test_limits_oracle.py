"""Whatever callers do, the ledger answers as a slow and obvious one does, and never more is used than there was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from limits_bench import Books, tokens
from stillwatch.gateway.limits.hold import Held
from stillwatch.gateway.nouns import Level

MINUTE = {"a": 6000, "b": 6000, "": 9000}
"""Tokens a minute of two accounts and of all together."""
HOLD, BLOCK = 1024, 512


@dataclass(eq=False)
class Call:
    """A call of the obvious ledger: what it may deliver, what it delivered, what it still lacks."""

    account: str
    held: Fraction = Fraction(HOLD)
    undelivered: Fraction = Fraction(HOLD)


@dataclass
class Obvious:
    """Every budget is one level, every hold is looked up in the list of calls, and all are exact fractions."""

    level: dict[str, Fraction] = field(default_factory=lambda: {k: Fraction(v) for k, v in MINUTE.items()})
    calls: list[Call] = field(default_factory=list)
    queue: list[Call] = field(default_factory=list)

    def wait(self, seconds: Fraction) -> None:
        for name in self.level:
            self.level[name] = min(Fraction(MINUTE[name]), self.level[name] + seconds * MINUTE[name] / 60)

    def unheld(self, name: str) -> Fraction:
        return self.level[name] - sum(c.held for c in self.calls if name in ("", c.account))

    def waiting(self, name: str) -> list[Call]:
        return [c for c in self.queue if name in ("", c.account)]

    def admit(self, account: str) -> Call | None:
        for name in (account, ""):
            if self.unheld(name) - sum(-c.undelivered for c in self.waiting(name)) < HOLD:
                return None
        call = Call(account)
        self.calls.append(call)
        return call

    def room(self, call: Call, name: str) -> Fraction:
        waiting = self.waiting(name)
        if call not in waiting:
            return self.unheld(name) - sum(-c.undelivered for c in waiting)
        return self.unheld(name) - (0 if waiting[0] is call else -waiting[0].undelivered)

    def book(self, call: Call) -> None:
        used = call.held - max(call.undelivered, Fraction(0))
        for name in (call.account, ""):
            self.level[name] -= used
        call.held -= used

    def capture(self, call: Call, tokens_: int) -> bool:
        """Return whether it may go on."""
        call.undelivered -= tokens_
        if call.undelivered >= BLOCK:
            return True
        lacking = max(-call.undelivered, Fraction(0))
        room = min(self.room(call, name) for name in (call.account, ""))
        for more in (lacking + BLOCK, lacking):
            if room >= more and (more or lacking):
                self.queue = [c for c in self.queue if c is not call]
                self.book(call)
                call.held += more
                call.undelivered += more
                return True
        if not lacking:
            return True
        self.pause(call, room)
        return False

    def pause(self, call: Call, room: Fraction) -> None:
        if call not in self.queue:
            self.book(call)
            self.queue.append(call)
        if room > 0 and all(self.waiting(name)[0] is call for name in (call.account, "")):
            call.held += room
            call.undelivered += room
            if call.held > Fraction(min(MINUTE.values()), 2):
                self.book(call)

    def release(self, call: Call) -> None:
        used = call.held - call.undelivered
        self.calls.remove(call)
        self.queue = [c for c in self.queue if c is not call]
        for name in (call.account, ""):
            level = self.level[name]
            self.level[name] = (
                level - used if used <= call.held else max(level - used, min(level, Fraction(-MINUTE[name])))
            )


# Eighths of a second and whole tokens: floats hold them exactly for as long as a test runs.
steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 240)),
        st.tuples(st.just("admit"), st.sampled_from("ab")),
        st.tuples(st.just("capture"), st.integers(0, 7), st.sampled_from([0, 100, 512, 1024, 3000])),
        st.tuples(st.just("capture"), st.integers(0, 7), st.sampled_from([1024, 2048, 3000])),
        st.tuples(st.just("release"), st.integers(0, 7)),
    ),
    min_size=10,
    max_size=80,
)


def books() -> Books:
    return Books([tokens(per_minute=6000), tokens(Level.GLOBAL, per_minute=9000)])


@given(steps)
@settings(max_examples=400, deadline=None)
def test_it_answers_as_the_obvious_ledger_does(script: Sequence[tuple[object, ...]]) -> None:
    fast, slow = books(), Obvious()
    open_calls: list[tuple[Held, Call]] = []
    for word, *rest in script:
        if word == "wait":
            seconds = int(rest[0]) / 8  # type: ignore[call-overload]
            fast.clock.now += seconds
            slow.wait(Fraction(seconds))
        elif word == "admit":
            held, call = fast.admit(str(rest[0])), slow.admit(str(rest[0]))
            assert (held is None) == (call is None)
            if held is not None and call is not None:
                open_calls.append((held, call))
        elif open_calls:
            held, call = open_calls[int(rest[0]) % len(open_calls)]  # type: ignore[call-overload]
            if word == "capture":
                assert (held.capture(float(str(rest[1]))) == 0) == slow.capture(call, int(str(rest[1])))
            else:
                held.release()
                slow.release(call)
                open_calls.remove((held, call))
    for name in "ab":
        budget = fast.plan(name).outputs[0]
        budget.refill(fast.clock.now)
        assert abs(budget.level - float(slow.level[name])) < 1e-3


@given(steps)
@settings(max_examples=400, deadline=None)
def test_no_window_sees_more_than_a_burst_and_the_refill(script: Sequence[tuple[object, ...]]) -> None:
    """Besides, a stream that was paused when the window began may hand on what it had paused with."""
    fast = books()
    open_calls: list[Held] = []
    paused: dict[Held, tuple[float, float]] = {}
    handed_on: list[tuple[float, float, float]] = []
    for word, *rest in script:
        if word == "wait":
            fast.clock.now += int(rest[0]) / 8  # type: ignore[call-overload]
        elif word == "admit":
            held = fast.admit(str(rest[0]))
            open_calls += [] if held is None else [held]
        elif open_calls:
            held = open_calls[int(rest[0]) % len(open_calls)]  # type: ignore[call-overload]
            if word == "capture":
                asked_at, chunk = paused.pop(held, (fast.clock.now, float(str(rest[1]))))
                if held.capture(chunk if asked_at == fast.clock.now else 0.0) == 0:
                    handed_on.append((asked_at, fast.clock.now, chunk))
                else:
                    paused[held] = (asked_at - 1e-9, chunk)
            else:
                held.release()
                paused.pop(held, None)
                open_calls.remove(held)
    for _, start, _ in handed_on:
        total = 0.0
        for asked_at, at, chunk in handed_on:
            total += chunk if start <= asked_at and start <= at else 0.0
            assert total <= 9000 + 150 * (at - start) + 1e-3 or at < start


@given(steps)
@settings(max_examples=100, deadline=None)
def test_when_all_calls_ended_nothing_is_held_and_nobody_waits(script: Sequence[tuple[object, ...]]) -> None:
    fast = books()
    open_calls: list[Held] = []
    for word, *rest in script:
        if word == "admit":
            held = fast.admit(str(rest[0]))
            open_calls += [] if held is None else [held]
        elif word == "capture" and open_calls:
            open_calls[int(rest[0]) % len(open_calls)].capture(float(str(rest[1])))  # type: ignore[call-overload]
    for held in open_calls:
        held.release()
    for name in "ab":
        for budget in fast.plan(name).budgets():
            assert (round(budget.holds, 6), budget.waiting, budget.queue) == (0, 0, {})
