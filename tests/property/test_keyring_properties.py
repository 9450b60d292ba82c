"""Keys against hostile strings, and the copy in memory against asking the directory itself."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from directories import NOW
from stillwatch.gateway import keyring as keyring_module
from stillwatch.gateway.directory.credential import (
    ALPHABET,
    Credential,
    make_credential,
    parse_credential,
    parse_key_id,
)
from stillwatch.gateway.directory.database import open_database
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.keyring import DirectoryKeyring

_FOLDER = tempfile.TemporaryDirectory()
_DIRECTORY = Directory(f"sqlite:///{_FOLDER.name}/directory.sqlite")
_DIRECTORY.accounts.add("acme", {}, by="me", now=NOW)
_KEY = _DIRECTORY.keys.issue("acme", by="me", now=NOW)
_COPY = DirectoryKeyring(open_database(f"sqlite:///{_FOLDER.name}/directory.sqlite"))

characters = st.sampled_from(ALPHABET)
credentials = st.builds(
    Credential, st.text(characters, min_size=12, max_size=12), st.text(characters, min_size=40, max_size=40)
)


@given(st.text())
def test_no_text_makes_reading_a_key_raise(text: str) -> None:
    assert parse_credential(text) is None
    parse_key_id(text)
    assert _COPY.find(text) is None
    assert _COPY.find("sw-" + text) is None


@given(credentials)
def test_every_credential_is_read_back(made: Credential) -> None:
    assert parse_credential(made.text) == made
    assert parse_key_id(made.text) == parse_key_id(made.text[:15]) == made.id


@given(credentials)
def test_no_guess_opens_a_key(guess: Credential) -> None:
    assert _COPY.find(guess.text) is None
    assert _COPY.find(Credential(_KEY.id, guess.secret).text) is None
    assert _COPY.find(Credential(guess.id, _KEY.secret).text) is None


@given(st.integers(0, len(_KEY.text) - 1), st.characters())
def test_a_key_with_one_character_changed_opens_nothing(at: int, character: str) -> None:
    changed = _KEY.text[:at] + character + _KEY.text[at + 1 :]
    assert (_COPY.find(changed) is not None) == (changed == _KEY.text)


@given(st.integers(0, len(_KEY.text)), st.text(min_size=1))
def test_a_key_with_anything_put_in_opens_nothing(at: int, more: str) -> None:
    assert _COPY.find(_KEY.text[:at] + more + _KEY.text[at:]) is None


@given(st.lists(st.integers(0, len(_KEY.text) - 1), min_size=1, max_size=52, unique=True))
def test_part_of_a_key_opens_nothing(left_out: list[int]) -> None:
    assert _COPY.find("".join(c for i, c in enumerate(_KEY.text) if i not in left_out)) is None


steps = st.lists(
    st.tuples(
        st.sampled_from(["issue", "brief", "rotate", "revoke", "plan", "remove", "poll", "wait", "reopen"]),
        st.integers(0, 5),
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(steps)
def test_after_a_poll_the_copy_says_what_the_directory_says(chosen: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _Story(Path(folder)).play(chosen)


class _Story:
    """Changes to a directory, and a copy that must agree with it after every poll."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/directory.sqlite"
        self.directory = Directory(self.url)
        self.now = NOW
        self.made: list[Credential] = [make_credential()]
        self.copy = self.reopen()

    def reopen(self) -> DirectoryKeyring:
        self.copy = DirectoryKeyring(open_database(self.url), clock=lambda: self.now)
        return self.copy

    def play(self, chosen: list[tuple[str, int]]) -> None:
        packed_again_at, keyring_module.MAX_CHANGED = keyring_module.MAX_CHANGED, 6
        try:
            for step, number in chosen:
                self.do(step, number)
            self.do("poll", 0)
        finally:
            keyring_module.MAX_CHANGED = packed_again_at
            self.directory.close()

    def do(self, step: str, number: int) -> None:
        account = f"account {number % 2}"
        there = any(a["account"] == account for a in self.directory.accounts.list())
        if step in {"issue", "brief"}:
            if not there:
                self.directory.accounts.add(account, {}, by="me", now=self.now)
            ends = self.now + 5 if step == "brief" else None
            self.made.append(self.directory.keys.issue(account, expires_at=ends, by="me", now=self.now))
        elif step in {"rotate", "revoke"}:
            self.on_a_key(step, number)
        elif step == "plan" and there:
            self.directory.accounts.set(account, {"plan": f"plan {self.now}"}, by="me", now=self.now)
        elif step == "remove" and there:
            self.directory.accounts.remove(account, by="me", now=self.now)
        elif step == "wait":
            self.now += number
        elif step == "reopen":
            self.reopen()
        elif step == "poll":
            self.copy.poll()
            self.check()

    def on_a_key(self, step: str, number: int) -> None:
        valid = [k for k in self.directory.keys.list() if k.state(self.now) == "valid" and k.successor is None]
        if not valid:
            return
        key = valid[number % len(valid)].key
        if step == "revoke":
            self.directory.keys.revoke(key, by="me", now=self.now)
        else:
            self.made.append(self.directory.keys.rotate(key, grace_seconds=number, by="me", now=self.now))

    def check(self) -> None:
        known = {k.key: k for k in self.directory.keys.list()}
        for made in self.made:
            key = known.get(f"sw-{made.id}")
            found = self.copy.find(made.text)
            assert (found is not None) == (key is not None and key.state(self.now) == "valid")
            if found is not None and key is not None:
                account = self.directory.accounts.get(key.account)
                assert (found.account, found.plan) == (key.account, account["plan"] or "")
