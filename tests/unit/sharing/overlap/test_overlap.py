"""Two hosts compare sets: a number first, contents by consent, and no way to try values out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("private_set_intersection", reason="openmined-psi is not installed")

from stillwatch.errors import SharingError
from stillwatch.sharing.overlap.agreement import MIN_ELEMENTS, Agreement
from stillwatch.sharing.overlap.client import find_contents, find_count
from stillwatch.sharing.overlap.psi import answer, ask, asked, pair_key
from stillwatch.sharing.overlap.server import OverlapApp, Side
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.callers import Callers
from stillwatch.sharing.taxii.http import Got
from stillwatch.store.sql import Database
from taxii_world import exchange

DAY = 86_400.0
TERMS = Agreement(("Host A", "Host B"), "cards", 7, 1000, 2, 20, "ab" * 32)
MINE = [f"pm_{n:04d}" for n in range(150)]
THEIRS = [f"pm_{n:04d}" for n in range(120, 300)]
COMMON = [f"pm_{n:04d}" for n in range(120, 150)]


@dataclass
class Wire:
    """Carries what one side asks to the other's application, without a socket."""

    app: OverlapApp
    token: str
    bodies: list[Any] = field(default_factory=list)

    def post(self, url: str, body: bytes) -> Got:
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        self.bodies.append(json.loads(body))
        reply = exchange(self.app, urlsplit(url).path, method="POST", body=body, headers=headers)
        return Got(reply.status, reply.json)


@dataclass
class Pair:
    """Host A asks, host B answers."""

    a: Side
    b: Side
    at_a: Database
    at_b: Database
    wire: Any
    log_a: list[tuple[str, str]]
    log_b: list[tuple[str, str]]
    now: list[float]

    def count(self, values: list[str] | None = None) -> int:
        return find_count(self.wire, "https://b.example", replace(self.a, values=values or MINE), self.at_a)

    def contents(self, values: list[str] | None = None) -> list[str]:
        return find_contents(self.wire, "https://b.example", replace(self.a, values=values or MINE), self.at_a)

    def consent(self, *sides: str) -> None:
        for side in sides:
            database, who = (self.at_a, self.a) if side == "a" else (self.at_b, self.b)
            who.limits(database, asker="Host A", period=TERMS.period(self.now[0])).consent()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    now = [DAY * 700]
    log_a: list[tuple[str, str]] = []
    log_b: list[tuple[str, str]] = []
    a = Side("Host A", TERMS, MINE, b"a" * 32, lambda *said: log_a.append(said), lambda: now[0])
    b = Side("Host B", TERMS, THEIRS, b"b" * 32, lambda *said: log_b.append(said), lambda: now[0])
    at_a, at_b = (open_sharing(f"sqlite:///{tmp_path}/{name}.db") for name in "ab")
    token = Callers(at_b).add_caller("Host A", read=[], write=[])
    yield Pair(a, b, at_a, at_b, Wire(OverlapApp(b, at_b), token), log_a, log_b, now)
    at_a.close()
    at_b.close()


def test_the_number_comes_first_and_is_all_that_is_learnt(pair: Pair) -> None:
    assert pair.count() == 30
    with pytest.raises(SharingError, match="no consent here"):
        pair.contents()


def test_contents_need_both_sides_consent(pair: Pair) -> None:
    pair.count()
    pair.consent("a")
    with pytest.raises(SharingError, match="answered 403: no consent here"):
        pair.contents()
    pair.consent("b")
    assert pair.contents() == COMMON


def test_below_the_agreed_minimum_nobody_can_consent(pair: Pair) -> None:
    few = [*COMMON[:19], *(f"other_{n}" for n in range(100))]
    assert pair.count(few) == 19
    for side in "ab":
        with pytest.raises(SharingError, match="19 are in common; contents are shown from 20 on"):
            pair.consent(side)


def test_consent_before_anything_was_counted_is_refused_and_a_new_count_ends_it(pair: Pair) -> None:
    with pytest.raises(SharingError, match="nothing is known"):
        pair.consent("b")
    pair.count()
    pair.consent("a", "b")
    pair.count([f"pm_{n:04d}" for n in range(100, 250)])
    with pytest.raises(SharingError, match="no consent"):
        pair.contents()


def test_contents_are_shown_of_the_set_that_was_counted_and_of_no_other(pair: Pair) -> None:
    pair.count()
    pair.consent("a", "b")
    guesses = [*MINE[:-1], "pm_0299"]
    with pytest.raises(SharingError, match="of the set that was counted"):
        pair.contents(guesses)
    # A host whose own program does not stop it is stopped by the other.
    period = TERMS.period(pair.now[0])
    forged = ask(pair.a.key(period), guesses, contents=True)
    reply = send(pair, "contents", forged.request, period)
    assert (reply.status, "of the set that was counted" in reply.json["description"]) == (403, True)


def send(pair: Pair, step: str, request: bytes, period: int, **more: Any) -> Got:
    from base64 import b64encode  # noqa: PLC0415

    body = {"agreement": TERMS.digest, "period": period, "request": b64encode(request).decode(), **more}
    got: Got = pair.wire.post(f"https://b.example/overlap/{step}", json.dumps(body).encode())
    return got


def test_enumeration_is_blocked_whatever_the_asker_does(pair: Pair) -> None:
    """An attacker without any of our limits tries a whole space of values, a set at a time."""
    period = TERMS.period(pair.now[0])
    learnt = 0
    for start in range(0, 10_000, 200):
        guesses = [f"pm_{n:04d}" for n in range(start, start + 200)]
        asking = ask(b"\x01" * 32, guesses, contents=False)
        got = send(pair, "count", asking.request, period)
        learnt += got.status == 200
    assert learnt == TERMS.runs_a_period
    # One value at a time, or two sets that differ by one, would say who is in our set.
    pair.now[0] += 7 * DAY
    small = ask(b"\x01" * 32, ["pm_0200"], contents=False)
    assert send(pair, "count", small.request, period + 1).status == 403
    assert sum("asked about" in purpose for _, purpose in pair.log_b) == learnt


def test_all_runs_of_a_period_together_stay_below_the_agreed_number(pair: Pair) -> None:
    period = TERMS.period(pair.now[0])
    for count, status in ((600, 200), (600, 403)):
        asking = ask(b"\x01" * 32, [f"g{n}" for n in range(count)], contents=False)
        assert send(pair, "count", asking.request, period).status == status
    pair.now[0] += 7 * DAY
    assert pair.count() == 30


def test_what_was_masked_in_one_period_or_for_one_partner_cannot_be_compared_with_another() -> None:
    keys = {
        pair_key(secret, TERMS, partner, period)
        for secret in (b"a" * 32, b"b" * 32)
        for partner in ("Host B", "Host C")
        for period in (1, 2)
    }
    assert len(keys) == 8
    first, second = (ask(pair_key(b"a" * 32, TERMS, "Host B", n), MINE, contents=False).request for n in (1, 2))
    assert asked(first)[1] != asked(second)[1]
    assert asked(first)[1] == asked(ask(pair_key(b"a" * 32, TERMS, "Host B", 1), MINE[::-1], contents=True).request)[1]


def test_both_sides_record_every_step_with_the_partner_and_the_purpose(pair: Pair) -> None:
    pair.count()
    pair.consent("a", "b")
    pair.contents()
    assert [p for p, _ in pair.log_a] == ["Host B"] * 3
    assert [p for p, _ in pair.log_b] == ["Host A"] * 3
    for log in (pair.log_a, pair.log_b):
        assert "number only" in log[0][1]
        assert "30 are in common" in log[1][1]
        assert "contents" in log[2][1]
        assert all("cards" in purpose for _, purpose in log)


def test_nothing_is_answered_that_cannot_be_recorded(pair: Pair) -> None:
    def fail(_recipient: str, _purpose: str) -> None:
        raise SharingError("the log is full")

    pair.wire.app = OverlapApp(replace(pair.b, record=fail), pair.at_b)
    with pytest.raises(SharingError, match="the log is full"):
        pair.count()


def test_another_agreement_period_or_caller_is_refused(pair: Pair) -> None:
    other = replace(pair.a, agreement=replace(TERMS, digest="cd" * 32))
    with pytest.raises(SharingError, match="not the agreement that we hold"):
        find_count(pair.wire, "https://b.example", other, pair.at_a)
    late = replace(pair.a, clock=lambda: pair.now[0] + 30 * DAY)
    with pytest.raises(SharingError, match="another period"):
        find_count(pair.wire, "https://b.example", late, pair.at_a)
    pair.wire.token = Callers(pair.at_b).add_caller("Host C", read=[], write=[])
    with pytest.raises(SharingError, match="answered 401"):
        pair.count()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"agreement": 1}',
        b'{"agreement": "%s", "period": "x"}' % TERMS.digest.encode(),
        b'{"agreement": "%s", "period": 100, "request": "!"}' % TERMS.digest.encode(),
        b'{"agreement": "%s", "period": 100, "request": "AAAA"}' % TERMS.digest.encode(),
        b'{"agreement": "%s", "period": 100, "found": -1}' % TERMS.digest.encode(),
    ],
)
@pytest.mark.parametrize("step", ["count", "found", "contents", "else"])
def test_nonsense_is_answered_with_an_error(pair: Pair, step: str, body: bytes) -> None:
    reply = pair.wire.post(f"https://b.example/overlap/{step}", body) if body.startswith(b"{") else None
    if reply is not None:
        assert reply.status in {400, 403, 404}


def test_a_request_with_an_element_twice_or_that_is_no_point_is_refused() -> None:
    import private_set_intersection.python as psi  # noqa: PLC0415

    good = ask(b"\x01" * 32, MINE, contents=False)
    made = psi.Request()
    made.ParseFromString(good.request)
    twice = psi.Request(encrypted_elements=[made.encrypted_elements[0]] * 2)
    short = psi.Request(encrypted_elements=[b"x"])
    off = psi.Request(encrypted_elements=[b"\x02" + b"\xff" * 32, *made.encrypted_elements[1:]])
    for bad in (twice, short):
        with pytest.raises(SharingError, match="not a request"):
            asked(bad.SerializeToString())
    with pytest.raises(SharingError, match="not a request"):
        answer(b"\x02" * 32, THEIRS, off.SerializeToString(), contents=False)


def test_an_answer_of_another_size_or_kind_is_refused() -> None:
    asking = ask(b"\x01" * 32, MINE, contents=False)
    setup, response = answer(b"\x02" * 32, THEIRS, ask(b"\x01" * 32, MINE[:-1], contents=False).request, contents=False)
    with pytest.raises(SharingError, match="another size"):
        asking.count(setup, response)
    with pytest.raises(SharingError, match="not a message"):
        asking.count(b"\xff\xff", b"\xff\xff")


def test_sets_of_at_least_so_many_may_be_compared() -> None:
    assert MIN_ELEMENTS == 100
