"""Check a register's entry, or its whole site, offline: python verify_register.py SITE|ENTRY.json.

Needs Python 3.11, the package ``cryptography``, and ``verify.py`` beside it: take both from somewhere else than the
site. A policy (c2sp.org/tlog-policy) says which log keys you trust; without one the site only proves itself. The file
of actors has a vkey a line: the keys of those who may write and review; without one any key may be anybody's.

Checked are: the checkpoint's signatures; that each change is in the log; that it says what the log committed to; that
it is signed by who made it and for its place, or else said to be by a mere name; that changes follow each other as the
rules allow (told again below, from docs/registry.md: evidence, notice, answer or deadline, a reviewer who is not the
author, a year at most). Of a site also: that the log is whole, and that no change
of a public entry is withheld. Not checked, for no program can: whether what was recorded is true.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

try:
    from stillwatch.evidence import verify
except ImportError:  # without Stillwatch: the file of this name beside this one
    import verify  # type: ignore[import-not-found,no-redef]

Json = dict[str, Any]
DAY, MIN_NOTICE, MAX_TERM, MAX_TOTAL = 86_400, 30, 365, 5 * 365
PUBLIC = ["alleged", "corroborated", "officially_listed", "contested", "under_review", "upheld", "corrected"]
SETTLED = [status for status in PUBLIC if status != "under_review"]


def to(after: str, *befores: str) -> dict[str, set[str]]:
    """Return what leads to one status from several."""
    return {before: {after} for before in befores}


TABLE: dict[str, dict[str, set[str]]] = {
    "draft": {"": {"draft"}},
    "amend": to("draft", "draft", "notified"),
    "evidence": {s: {s} for s in PUBLIC} | to("draft", "draft", "notified"),
    "notice": {s: {s} for s in PUBLIC} | to("notified", "draft", "notified"),
    "answer": {s: {s, "contested"} for s in SETTLED} | {s: {s} for s in ("notified", "under_review")},
    "publish": {"notified": {"alleged", "contested"}},
    "renew": {s: {s} for s in SETTLED},
    "corroborate": to("corroborated", "alleged", "upheld", "corrected"),
    "list": {s: {"officially_listed"} for s in SETTLED if s != "officially_listed"},
    "appeal": to("under_review", *SETTLED),
    "review": to("under_review", *SETTLED),
    "decide": {"under_review": {"upheld", "corrected", "withdrawn"}},
    "withdraw": to("withdrawn", "draft", "notified", *PUBLIC),
    "expire": to("expired", *PUBLIC),
    "erase": {s: {s} for s in ("withdrawn", "expired")},
}
need = verify.need


class Replay:
    """Goes through an entry's changes and refuses what the rules forbid; afterwards it knows the entry's status."""

    def __init__(self, name: str) -> None:
        self.name, self.status, self.at, self.published, self.expires = name, "", 0, 0, 0
        self.authors, self.deciders, self.keys = set[str](), set[str](), set[str]()
        self.evidence: list[Json] = []
        self.notices: list[tuple[int, int, int]] = []  # sent, deadline, pieces of evidence that it told of
        self.answers: list[tuple[int, str]] = []
        self.party, self.counted = Json(), 0

    def take(self, change: Json) -> None:
        """Check and apply one change."""
        step, at, by = change["step"], change["at"], change["by"]
        what = f"{self.name}: {step}"
        need(self.status in TABLE[step], f"{what}: not for an entry that is {self.status or 'not drafted'}")
        need(isinstance(at, int) and at >= self.at, f"{what}: dated before the change that it follows")
        need(by.strip(), f"{what}: by nobody")
        key = change.get("key", "")
        need(not self.status or bool(key) == bool(self.keys), f"{what}: some of the entry's changes are not signed")
        self.keys |= {key} - {""}
        over = self.status in PUBLIC and self.expires <= at
        need(not over or step in {"expire", "withdraw", "answer"}, f"{what}: after the entry's time was over")
        after = getattr(self, f"_{step}", self._settle)(change, what)
        need(after in TABLE[step][self.status], f"{what}: leads to {after} from {self.status}")
        self.status, self.at = after, at

    def status_at(self, now: int) -> str:
        """Return the status, expired once the time is over."""
        return "expired" if self.status in PUBLIC and self.expires <= now else self.status

    def _draft(self, change: Json, what: str) -> str:
        need(change["claims"] and change["criteria"], f"{what}: without claims or criteria")
        self.party = change["entity"]
        self.authors |= actor(change)
        return "draft"

    _amend = _draft

    def _evidence(self, change: Json, what: str) -> str:
        piece = change["evidence"]
        need(piece.get("bundle") or piece.get("url"), f"{what}: neither a bundle nor a source")
        self.evidence.append(piece)
        self.authors |= actor(change)
        return self.status if self.status in PUBLIC else "draft"

    def _notice(self, change: Json, what: str) -> str:
        need(self.evidence, f"{what}: before there was evidence")
        need(
            change["deadline"] - change["at"] >= MIN_NOTICE * DAY, f"{what}: a deadline of less than {MIN_NOTICE} days"
        )
        self.notices.append((change["at"], change["deadline"], len(self.evidence)))
        return self.status if self.status in PUBLIC else "notified"

    def _answer(self, change: Json, what: str) -> str:
        need(change.get("text", "").strip() or change.get("sha256"), f"{what}: an answer without words")
        self.answers.append((change["at"], change["stance"]))
        disputes = change["stance"] == "disputes" and self.status in SETTLED
        return "contested" if disputes else self.status

    def _publish(self, change: Json, what: str) -> str:
        self._heard(change, what)
        self._term(change, what, begun=change["at"])
        official = any(e.get("authority") for e in self.evidence)
        need(self.party["kind"] != "Person" or official, f"{what}: a person whom no authority listed")
        self.published = change["at"]
        return "contested" if any(stance == "disputes" for _, stance in self.answers) else "alleged"

    def _renew(self, change: Json, what: str) -> str:
        need(len(self.evidence) > self.counted, f"{what}: without new evidence")
        self._heard(change, what)
        self._term(change, what, begun=self.published)
        return self.status

    def _corroborate(self, change: Json, what: str) -> str:
        self._heard(change, what)
        seen = [e for e in self.evidence if e.get("bundle") and not e.get("repeats")]
        owners = {(e.get("owner") or e["provider"]).casefold() for e in seen}
        need(len(owners) >= 2, f"{what}: by {len(owners)} independent provider(s)")
        return "corroborated"

    def _list(self, change: Json, what: str) -> str:
        self._heard(change, what)
        need(any(e.get("authority") for e in self.evidence), f"{what}: without the official list")
        return "officially_listed"

    def _decide(self, change: Json, what: str) -> str:
        need(change["reasons"].strip(), f"{what}: without reasons")
        had_a_part = actor(change) & (self.authors | self.deciders)
        need(not had_a_part, f"{what}: by {change['by']}, who had a part in it before")
        self.deciders |= actor(change)
        struck = set(change.get("struck", ()))
        kept = [e.get("bundle", "") not in struck for e in self.evidence]
        self.notices = [(sent, until, sum(kept[:told])) for sent, until, told in self.notices]
        self.counted = sum(kept[: self.counted])
        self.evidence = [e for e, keep in zip(self.evidence, kept, strict=True) if keep]
        need(self.evidence, f"{what}: no evidence is left")
        if change.get("corrections"):
            names = {self.party["name"], *self.party.get("aliases", ()), *self.party.get("previous_names", ())}
            need(change["corrections"]["entity"]["name"] in names, f"{what}: names another party")
            need(change["corrections"]["entity"]["kind"] == self.party["kind"], f"{what}: names another kind of party")
            self.party = change["corrections"]["entity"]
        return str(change["outcome"])

    def _expire(self, change: Json, what: str) -> str:
        need(change["at"] >= self.expires, f"{what}: before its time")
        return "expired"

    def _settle(self, change: Json, _what: str) -> str:
        ends = {"appeal": "under_review", "review": "under_review", "withdraw": "withdrawn"}
        return ends.get(change["step"], self.status)

    def _heard(self, change: Json, what: str) -> None:
        need(not actor(change) & self.authors, f"{what}: by {change['by']}, who wrote the entry or brought evidence")
        need(change["reasons"].strip(), f"{what}: without reasons")
        self.deciders |= actor(change)
        need(self.evidence and self.notices, f"{what}: without evidence, or without notice")
        sent, deadline, told = self.notices[-1]
        need(told >= len(self.evidence), f"{what}: the party was not told of all the evidence")
        answered = any(at >= sent for at, _ in self.answers)
        need(answered or change["at"] >= deadline, f"{what}: before the party answered or its deadline passed")

    def _term(self, change: Json, what: str, *, begun: int) -> None:
        at, expires = change["at"], change["expires_at"]
        need(at < expires <= at + MAX_TERM * DAY, f"{what}: for longer than {MAX_TERM} days, or not at all")
        need(expires <= begun + MAX_TOTAL * DAY, f"{what}: for longer than five years in all")
        self.expires, self.counted = expires, len(self.evidence)


def actor(change: Json) -> set[str]:
    """Return who made a change, by name and by bare key (base64 has + too): one in common is the same person."""
    return {change["by"], change.get("key", "").split("+", 2)[-1]} - {""}


def check_signature(change: Json, place: str, what: str) -> None:
    """Refuse a change that is not signed (RFC 8032) by the key that it names, for this place."""
    key, mine = verify.Key(change["key"], (1, 1)), {name: v for name, v in change.items() if name != "signature"}
    need(key.name == change["by"], f"{what}: by {change['by']}, with a key of {key.name}")
    text = f"stillwatch.register-change/1\n{place}\n".encode() + verify.canonical(mine)
    key.check(text, verify.unbase64(change["signature"], what), what)


class Checked:
    """An entry's file that holds: ``replay`` is None where its history was erased; ``actors``: the keys that count."""

    def __init__(self, data: bytes, policy: verify.Policy, *, seen: bytes | None, actors: set[str] | None) -> None:
        said = verify.parse(data, "the entry's file")
        need(said["format"] == "stillwatch.register-entry/1", "the entry's file: of another format")
        self.name, self.log = (
            str(said["entry"]),
            verify.Checkpoint(said["checkpoint"].encode(), policy, "the checkpoint"),
        )
        need(self.log.origin == said["origin"], "the entry's file: its checkpoint is of another log")
        if seen:
            other = verify.Checkpoint(seen, policy, "the checkpoint that you have seen")
            same = (other.origin, other.size) != (self.log.origin, self.log.size) or other.root == self.log.root
            need(same, f"the log has forked: two signed checkpoints of size {self.log.size:,}; keep both")
        self.actors, self.before = actors, "-"
        self.indices = [leaf["index"] for leaf in said["leaves"]]
        need(self.indices and self.indices == sorted(set(self.indices)), f"{self.name}: leaves out of order, or twice")
        changes = [self._change(leaf, number) for number, leaf in enumerate(said["leaves"], 1)]
        self.replay = None if changes[0] is None else Replay(self.name)
        if self.replay is None:
            last = changes.pop()
            need(last is not None and last["step"] == "erase" and not any(changes), f"{self.name}: closed, not erased")
        for change in changes if self.replay else ():
            need(change is not None, f"{self.name}: a change that cannot be opened")
            self.replay.take(change or {})  # type: ignore[union-attr]

    def _change(self, leaf: Json, number: int) -> Json | None:
        index, raw = leaf["index"], leaf["leaf"].encode()
        what = f"entry {index} of the log"
        check_proof(leaf["proof"].encode(), raw, index, self.log)
        said = verify.parse(raw, what)
        need(verify.canonical(said) == raw, f"{what}: not canonical JSON")
        mine = {"kind": "register", "entry": self.name, "step": number, "v": 1}
        need(said == {**mine, "private": said.get("private")}, f"{what}: not step {number} of {self.name}")
        place, self.before = f"{self.log.origin}\n{self.name}\n{self.before}", verify.sha256(raw).hex()
        if leaf.get("erased"):
            return None
        change = verify.parse(verify.check_opening(leaf, raw, set())["note"].encode(), what)
        trusted = self.actors is None or change.get("key") in self.actors
        need(trusted, f"{what}: by {change['by']}, with no key that you trust")
        if "key" in change or "signature" in change:
            check_signature(change, place, what)
        return change

    def says(self, now: int) -> str:
        """Return what is proved, in one line."""
        count = f"{len(self.indices)} changes, the last is entry {self.indices[-1]} of the log"
        if self.replay is None:
            return f"{self.name}: erased; {count}"
        who = f"signed with {len(self.replay.keys)} key(s)" if self.replay.keys else "BY NAMES THAT NOBODY SIGNED FOR"
        return (
            f"{self.name}: {self.replay.status_at(now).replace('_', ' ')}: {self.replay.party['name']}; {count}; {who}"
        )


def check_proof(data: bytes, entry: bytes, index: int, log: verify.Checkpoint) -> None:
    """Check a .tlog-proof of an entry under the log's checkpoint (RFC 9162 section 2.1.3.2)."""
    head, _, note = data.partition(b"\n\n")
    lines, what = head.decode().split("\n"), f"the proof of entry {index}"
    need(lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {index}"], f"{what}: it is of something else")
    need(note == log.note and 0 <= index < log.size, f"{what}: under another checkpoint")
    at, last, value = index, log.size - 1, verify.sha256(b"\0" + entry)
    for line in lines[2:]:
        sibling = verify.unbase64(line, what)
        need(last, f"{what}: too long")
        right = at & 1 or at == last
        value = verify.sha256(b"\1" + sibling + value if right else b"\1" + value + sibling)
        while right and not at & 1 and at:
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    need(last == 0 and value == log.root, f"{what}: it does not lead to the signed root")


def log_entries(site: Path, size: int) -> Iterator[tuple[int, bytes]]:
    """Yield index and bytes of every entry of the log's copy (C2SP tlog-tiles: entry bundles of up to 256)."""
    for number in range(-(-size // 256)):
        width = min(256, size - 256 * number)
        path = f"{number:03d}" if number < 1000 else f"x{number // 1000:03d}/{number % 1000:03d}"
        name = site / "log/tile/entries" / path
        file = io.BytesIO((name if width == 256 else name.with_name(f"{name.name}.p") / str(width)).read_bytes())
        for at in range(width):
            yield 256 * number + at, file.read(int.from_bytes(file.read(2), "big"))
        need(not file.read(1), f"{name}: more entries than the log has")


def check_site(
    site: Path, policy: verify.Policy, *, seen: bytes | None, actors: set[str] | None, now: int
) -> list[str]:
    """Check every entry of a site, that the log is whole, and that nothing of a public entry is withheld."""
    log = verify.Checkpoint((site / "checkpoint").read_bytes(), policy, "checkpoint")
    mine: dict[str, list[int]] = {}

    def leaves() -> Iterator[tuple[int, bytes]]:
        for index, entry in log_entries(site, log.size):
            said = json.loads(entry)
            if said["kind"] == "register":
                mine.setdefault(said["entry"], []).append(index)
            yield index, entry

    root = verify.root_of(leaves(), io.BufferedReader(io.BytesIO(b"")), log.size)
    need(root == log.root, "log: its entries do not lead to the signed root")
    said = [f"log: all {log.size:,} entries lead to the signed root"]
    table = io.StringIO((site / "register.csv").read_bytes().decode("utf-8"), newline="")
    listed = {row["entry"]: row for row in csv.DictReader(table)}
    files = {path.stem: path for path in (site / "entries").glob("*.json")}
    need(set(files) == set(listed), "register.csv: it lists other entries than there are")
    for name, path in sorted(files.items()):
        found = Checked(path.read_bytes(), policy, seen=seen, actors=actors)
        need(found.name == name and found.log.note == log.note, f"{path.name}: of another entry or checkpoint")
        need(found.indices == mine.get(name), f"{name}: the log has changes of it that the site withholds")
        status = "erased" if found.replay is None else found.replay.status
        shown = listed[name]["status"]
        need(
            shown in {status, "expired" if status in PUBLIC else status},
            f"{name}: listed as {shown}, but it is {status}",
        )
        said.append(found.says(now))
    return said


def report(
    target: Path,
    policy: Path | None,
    seen: Path | None,
    say: Callable[[str], object],
    *,
    now: int,
    actors: Path | None = None,
) -> int:
    """Check, tell what holds, and return the exit code: 0 all of it holds, 1 something does not."""
    try:
        known = None if actors is None else {line.strip() for line in actors.read_text("utf-8").splitlines()}
        where = policy or (target if target.is_dir() else target.parent.parent) / "policy.txt"
        trust, other = verify.Policy(where.read_text("utf-8"), str(where)), seen.read_bytes() if seen else None
        if target.is_dir():
            lines = check_site(target, trust, seen=other, actors=known, now=now)
        else:
            lines = [Checked(target.read_bytes(), trust, seen=other, actors=known).says(now)]
    except verify.Refused as problem:
        say(verify.plain(f"REFUSED: {problem}"))
        return 1
    except verify.BROKEN as problem:
        say(verify.plain(f"REFUSED: malformed ({problem!r})"))
        return 1
    say("\n".join(map(verify.plain, lines)))
    say("Each change is in the log, says what the log committed to, and followed the rules.")
    if policy is None:
        say("The log's key is the site's own word: bring it from elsewhere with --policy.")
    if actors is None:
        say("Whose the authors' and reviewers' keys are is the site's word too: bring them with --actors.")
    say("A log proves what was recorded, not that it is true.")
    return 0


def main() -> int:
    """Check what the command line names."""
    parser = argparse.ArgumentParser(description="Check a register's entry or site, offline.")
    parser.add_argument("target", type=Path, help="the site's folder, or entries/R-….json of it")
    parser.add_argument("--policy", type=Path, help="your tlog-policy: the log keys that you trust")
    parser.add_argument("--seen", type=Path, help="a checkpoint of this log that you have from elsewhere")
    parser.add_argument("--actors", type=Path, help="vkeys, one a line, of those whose changes you accept")
    given = parser.parse_args()
    return report(given.target, given.policy, given.seen, print, now=int(time.time()), actors=given.actors)


if __name__ == "__main__":
    sys.exit(main())
