from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from directories import NOW
from stillwatch.errors import DirectoryUnavailableError
from stillwatch.gateway import keyring as keyring_module
from stillwatch.gateway.directory.credential import make_credential
from stillwatch.gateway.directory.database import open_database
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.keyring import ASK_SECONDS, POLL_SECONDS, STALE_SECONDS, DirectoryKeyring, KeyringHealth
from stillwatch.gateway.nouns import Caller
from stillwatch.gateway.ports import Keyring


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


class Gateway:
    """A directory, and a copy of it in a worker that polls when the test says so."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "directory.sqlite"
        self.url = f"sqlite:///{self.path}"
        self.directory = Directory(self.url)
        self.directory.accounts.add("acme", {"plan": "pro"}, by="me", now=NOW)
        self.clock, self.uptime = Clock(), Clock(0.0)
        self.seen: list[KeyringHealth] = []
        self.copy = self.open_copy()

    def open_copy(self) -> DirectoryKeyring:
        database = open_database(self.url)
        return DirectoryKeyring(database, clock=self.clock, monotonic=self.uptime, on_refresh=self.seen.append)

    def issue(self, account: str = "acme", expires_at: float | None = None) -> str:
        return self.directory.keys.issue(account, by="me", now=NOW, expires_at=expires_at).text


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    made = Gateway(tmp_path)
    yield made
    made.copy.stop()


def test_it_is_what_the_proxy_needs(gateway: Gateway) -> None:
    needed: Keyring = gateway.copy
    assert needed.find("nothing") is None


def test_a_key_is_found_with_its_account_after_the_next_poll(gateway: Gateway) -> None:
    credential = gateway.issue()
    assert gateway.copy.find(credential) is None
    gateway.copy.poll()
    assert gateway.copy.find(credential) == Caller("acme", credential[:15], None, "pro", "none", NOW)


def test_a_key_is_found_by_a_copy_that_is_opened_later(gateway: Gateway) -> None:
    credential = gateway.issue()
    assert gateway.open_copy().find(credential) is not None


def test_a_revoked_key_is_refused_after_the_next_poll(gateway: Gateway) -> None:
    credential = gateway.issue()
    copies = [gateway.copy, gateway.open_copy()]
    gateway.copy.poll()
    gateway.directory.keys.revoke(credential, by="me", now=NOW)
    for copy in copies:
        assert copy.find(credential) is not None
        copy.poll()
        assert copy.find(credential) is None


def test_a_caller_is_current_while_its_credential_would_be_found_again(gateway: Gateway) -> None:
    lasting, ending = gateway.issue(), gateway.issue(expires_at=NOW + 10)
    gateway.copy.poll()
    callers = [gateway.copy.find(credential) for credential in (lasting, ending)]
    assert all(caller is not None and gateway.copy.is_current(caller) for caller in callers)
    stranger = Caller("acme", lasting[:15], None, "pro", "none", NOW)
    assert stranger == callers[0]
    assert not gateway.copy.is_current(stranger)
    gateway.clock.now = NOW + 10
    gateway.directory.keys.revoke(lasting, by="me", now=NOW)
    gateway.copy.poll()
    assert not any(caller is not None and gateway.copy.is_current(caller) for caller in callers)


def test_a_caller_whose_account_changed_is_looked_up_anew(gateway: Gateway) -> None:
    credential = gateway.issue()
    gateway.copy.poll()
    before = gateway.copy.find(credential)
    gateway.directory.accounts.set("acme", {"plan": "free"}, by="me", now=NOW)
    gateway.copy.poll()
    assert before is not None
    assert not gateway.copy.is_current(before)


def test_polls_come_often_enough_for_a_revocation_to_count_within_a_second() -> None:
    assert POLL_SECONDS <= 0.5


def test_expiry_needs_no_poll(gateway: Gateway) -> None:
    credential = gateway.issue(expires_at=NOW + 10)
    gateway.copy.poll()
    gateway.clock.now = NOW + 9.99
    assert gateway.copy.find(credential) is not None
    gateway.clock.now = NOW + 10
    assert gateway.copy.find(credential) is None


def test_a_rotated_key_and_its_successor_both_open_until_grace_ends(gateway: Gateway) -> None:
    old = gateway.issue()
    new = gateway.directory.keys.rotate(old, by="me", now=NOW, grace_seconds=60).text
    gateway.copy.poll()
    assert gateway.copy.find(old) is not None
    gateway.clock.now = NOW + 60
    assert gateway.copy.find(old) is None
    assert gateway.copy.find(new) is not None


def test_a_changed_plan_counts_after_the_next_poll(gateway: Gateway) -> None:
    credential = gateway.issue()
    gateway.copy.poll()
    gateway.directory.accounts.set("acme", {"plan": "free", "verification": "kyc"}, by="me", now=NOW)
    gateway.copy.poll()
    found = gateway.copy.find(credential)
    assert found is not None
    assert (found.plan, found.verification) == ("free", "kyc")


def test_keys_of_a_removed_account_are_refused(gateway: Gateway) -> None:
    credential = gateway.issue()
    gateway.copy.poll()
    gateway.directory.accounts.remove("acme", by="me", now=NOW)
    gateway.copy.poll()
    assert gateway.copy.find(credential) is None


def test_a_right_id_with_a_wrong_secret_is_refused(gateway: Gateway) -> None:
    mine, other = gateway.issue(), gateway.issue()
    gateway.copy.poll()
    assert gateway.copy.find(mine[:16] + other[16:]) is None


def test_every_credential_costs_one_hash_and_one_comparison(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    valid, expired, revoked = gateway.issue(), gateway.issue(expires_at=NOW + 1), gateway.issue()
    gateway.directory.keys.revoke(revoked, by="me", now=NOW)
    gateway.copy.poll()
    gateway.clock.now = NOW + 1
    checked: list[int] = []
    real = keyring_module.is_secret

    def counted(secret: str, *, salt: bytes, hashed: bytes) -> bool:
        checked.append(len(secret) + len(salt) + len(hashed))
        return real(secret, salt=salt, hashed=hashed)

    monkeypatch.setattr(keyring_module, "is_secret", counted)
    unknown = make_credential().text
    given = [valid, expired, revoked, unknown, valid[:-1], valid + "x", "", "sw-", "x" * 100_000]
    assert [gateway.copy.find(c) is not None for c in given] == [True] + [False] * 8
    assert checked == [40 + 16 + 32] * len(given)


def test_nobody_opens_the_entry_that_stands_in_for_unknown_ids(gateway: Gateway) -> None:
    assert gateway.copy.find("sw-" + "0" * 12 + "-" + "0" * 40) is None
    assert keyring_module.NO_ENTRY.caller is None


def test_without_the_database_the_last_copy_goes_on_and_health_says_so(gateway: Gateway) -> None:
    credential = gateway.issue()
    gateway.copy.poll()
    assert gateway.copy.health() == KeyringHealth(fresh=True, age_seconds=0.0, keys=1, changes=2, problem="")
    gateway.path.rename(gateway.path.with_name("gone"))
    gateway.uptime.now = STALE_SECONDS
    gateway.copy.poll()
    assert gateway.copy.find(credential) is not None
    health = gateway.copy.health()
    assert not health.fresh
    assert health.age_seconds == STALE_SECONDS
    assert "does not answer" in health.problem
    assert gateway.seen[-1] == health


def test_it_recovers_when_the_database_is_back(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    credential = gateway.issue()
    gateway.copy.poll()
    gateway.directory.keys.revoke(credential, by="me", now=NOW)
    gone = gateway.path.rename(gateway.path.with_name("gone"))
    for _ in range(3):
        gateway.copy.poll()
    gone.rename(gateway.path)
    gateway.uptime.now = 100.0
    gateway.copy.poll()
    assert gateway.copy.health().fresh
    assert gateway.copy.find(credential) is None
    assert [r.getMessage().split(":")[0] for r in caplog.records] == [
        "keys are not refreshed, revocations are not seen",
        "keys are refreshed again",
    ]


def test_without_the_database_it_does_not_start(gateway: Gateway) -> None:
    database = open_database(gateway.url)
    gateway.path.unlink()
    with pytest.raises(DirectoryUnavailableError):
        DirectoryKeyring(database)


def test_another_directory_put_in_its_place_is_read_whole(gateway: Gateway, tmp_path: Path) -> None:
    old = gateway.issue()
    gateway.copy.poll()
    other = Gateway(tmp_path.joinpath("other"))
    new = other.issue()
    for _ in range(5):
        other.issue()
    other.directory.close()
    gateway.directory.close()
    other.path.replace(gateway.path)
    gateway.copy.poll()
    assert gateway.copy.find(old) is None
    assert gateway.copy.find(new) is not None


def test_an_older_copy_of_the_directory_put_back_is_read_whole(gateway: Gateway) -> None:
    kept = gateway.issue()
    backup = gateway.path.read_bytes()
    later = gateway.issue()
    gateway.copy.poll()
    assert gateway.copy.find(later) is not None
    gateway.path.write_bytes(backup)
    gateway.copy.poll()
    assert gateway.copy.find(kept) is not None
    assert gateway.copy.find(later) is None


def test_sqlite_is_not_asked_while_its_files_look_the_same(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []
    state = gateway.copy._database.state
    monkeypatch.setattr(gateway.copy._database, "state", lambda: asked.append(None) or state())
    gateway.clock.now = time.time() + 60.0
    for _ in range(3):
        gateway.copy.poll()
    settled = len(asked)
    gateway.copy.poll()
    assert len(asked) == settled
    assert gateway.copy.health().fresh
    credential = gateway.issue()
    gateway.copy.poll()
    assert gateway.copy.find(credential) is not None
    gateway.uptime.now += ASK_SECONDS
    before = len(asked)
    gateway.copy.poll()
    assert len(asked) == before + 1


def test_many_changes_are_packed_anew(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring_module, "MAX_CHANGED", 4)
    credentials = []
    for _ in range(10):
        credentials.append(gateway.issue())
        gateway.copy.poll()
        assert len(gateway.copy._snapshot.changed) < 4
    gateway.directory.keys.revoke(credentials[0], by="me", now=NOW)
    gateway.copy.poll()
    assert [gateway.copy.find(c) is not None for c in credentials] == [False] + [True] * 9


def test_keys_that_expired_long_ago_are_not_loaded(gateway: Gateway) -> None:
    gateway.issue(expires_at=NOW + 1)
    gateway.issue()
    gateway.clock.now = NOW + 2 * 86_400
    assert gateway.open_copy().health().keys == 1


def test_a_granted_appeal_is_known_after_the_next_poll_and_ends_by_itself(gateway: Gateway) -> None:
    def granted() -> list[bool]:
        return [gateway.copy.is_appeal_granted(name) for name in ("acme", "beta", "gamma")]

    gateway.directory.appeals.grant("acme", reason="x", by="me", now=NOW)
    gateway.directory.appeals.grant("beta", reason="x", by="me", now=NOW, expires_at=NOW + 10)
    assert granted() == [False, False, False]
    gateway.copy.poll()
    assert granted() == [True, True, False]
    gateway.clock.now = NOW + 10
    assert granted() == [True, False, False]
    gateway.directory.appeals.revoke("acme", reason="x", by="me", now=NOW)
    gateway.copy.poll()
    assert granted() == [False, False, False]


def test_its_own_thread_polls_until_it_is_stopped(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring_module, "POLL_SECONDS", 0.001)
    polled = threading.Semaphore(0)
    threads: set[str] = set()

    def told(_health: KeyringHealth) -> None:
        threads.add(threading.current_thread().name)
        polled.release()

    copy = DirectoryKeyring(open_database(gateway.url), clock=gateway.clock, on_refresh=told)
    credential = gateway.issue()
    copy.start()
    # The second poll that ends from now on began after the key was issued.
    assert polled.acquire(timeout=60)
    assert polled.acquire(timeout=60)
    assert copy.find(credential) is not None
    copy.stop()
    assert threads == {"keyring"}
