from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from admin_calls import TOKEN, call, exchange
from directories import NOW
from stillwatch.errors import DirectoryUnavailableError
from stillwatch.gateway.admin.app import AdminApp
from stillwatch.gateway.admin.handlers import Parts
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.nouns import UNKNOWN, Standing
from stillwatch.records import Family


class Standings:
    def of(self, account: str) -> Standing:
        if account != "acme":
            return UNKNOWN
        return Standing("c-1", 7.5, {Family.CONTENT: 5.0, Family.NETWORK: 4.0}, 6.0, 0.9, NOW)


class Switch:
    killed = False
    file_can_be_written = True

    def set_kill_switch(self, *, on: bool) -> None:
        self.killed = on
        if not self.file_can_be_written:
            raise OSError(28, "No space left on device")


class Notes(list[tuple[str, dict[str, Any]]]):
    full = False

    def note(self, kind: str, row: Any) -> None:
        if self.full:
            raise DirectoryUnavailableError("no room")
        self.append((kind, dict(row)))


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def admin(tmp_path: Path, notes: Notes) -> AdminApp:
    directory = Directory(f"sqlite:///{tmp_path}/directory.sqlite", note=notes.note)
    return AdminApp(Parts(directory, Standings(), Switch(), note=notes.note), TOKEN, clock=lambda: NOW)


@pytest.fixture
def bare(tmp_path: Path) -> AdminApp:
    return AdminApp(Parts(Directory(f"sqlite:///{tmp_path}/directory.sqlite")), TOKEN, clock=lambda: NOW)


def test_an_account_is_added_shown_changed_and_removed(admin: AdminApp) -> None:
    given = {"account": "a/b c", "plan": "pro", "created_at": "2026-01-02T03:04:05Z"}
    assert call(admin, "POST", "/v1/accounts", given)[1]["created_at"] == "2026-01-02T03:04:05Z"
    path = "/v1/accounts/a%2Fb%20c"
    assert call(admin, "GET", path)[1]["plan"] == "pro"
    assert call(admin, "PATCH", path, {"plan": None, "verification": "kyc"})[1]["verification"] == "kyc"
    assert [a["account"] for a in call(admin, "GET", "/v1/accounts")[1]["accounts"]] == ["a/b c"]
    assert call(admin, "DELETE", path) == (200, {"removed": "a/b c"})
    assert call(admin, "GET", path)[0] == 404


def test_accounts_come_page_by_page(admin: AdminApp) -> None:
    for name in "abc":
        call(admin, "POST", "/v1/accounts", {"account": name})
    page = call(admin, "GET", "/v1/accounts?after=a&most=1")[1]["accounts"]
    assert [a["account"] for a in page] == ["b"]
    for most in ("0", "1001", "-1", "x", "²", "9" * 5000):
        assert call(admin, "GET", f"/v1/accounts?most={most}")[0] == 400


def test_a_secret_is_shown_once_and_then_never(admin: AdminApp) -> None:
    call(admin, "POST", "/v1/accounts", {"account": "acme"})
    issued = call(admin, "POST", "/v1/accounts/acme/keys", {"label": "ci", "expires_at": "90d"})[1]
    rotated = call(admin, "POST", f"/v1/keys/{issued['key']}/rotate", {"grace": "1h"})[1]
    shown = exchange(admin, "GET", "/v1/keys")[2] + exchange(admin, "GET", "/v1/accounts/acme/keys")[2]
    shown += exchange(admin, "DELETE", f"/v1/keys/{rotated['key']}")[2]
    for made in (issued, rotated):
        secret = made["credential"].removeprefix(made["key"] + "-")
        assert len(secret) == 40
        assert secret.encode() not in shown
        assert made["key"].encode() in shown


def test_keys_are_rotated_and_revoked(admin: AdminApp) -> None:
    call(admin, "POST", "/v1/accounts", {"account": "acme"})
    old = call(admin, "POST", "/v1/accounts/acme/keys")[1]["key"]
    new = call(admin, "POST", f"/v1/keys/{old}/rotate")[1]["key"]
    assert call(admin, "DELETE", f"/v1/keys/{old}")[1]["state"] == "revoked"
    assert {k["key"]: k["state"] for k in call(admin, "GET", "/v1/keys")[1]["keys"]} == {old: "revoked", new: "valid"}
    assert call(admin, "DELETE", "/v1/accounts/acme/keys") == (200, {"revoked": 1})


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/accounts/nobody/keys", {}, 404),
        ("DELETE", "/v1/keys/sw-000000000000", None, 404),
        ("DELETE", "/v1/keys/x", None, 404),
        ("POST", "/v1/accounts/acme/keys", {"expires": "90d"}, 400),
        ("POST", "/v1/accounts/acme/keys", {"expires_at": "soon"}, 400),
        ("POST", "/v1/accounts/acme/keys", {"expires_at": 5}, 400),
        ("POST", "/v1/accounts", {"account": "acme"}, 400),
        ("PUT", "/v1/accounts/acme/appeal", {}, 400),
        ("DELETE", "/v1/accounts/acme/appeal", {"reason": "x"}, 404),
    ],
)
def test_what_cannot_be_done_says_so(admin: AdminApp, method: str, path: str, body: object, status: int) -> None:
    call(admin, "POST", "/v1/accounts", {"account": "acme"})
    got, answer = call(admin, method, path, body)
    assert got == status
    assert answer["error"]["message"]


def test_an_appeal_is_granted_listed_and_taken_back(admin: AdminApp, notes: Notes) -> None:
    assert call(admin, "PUT", "/v1/accounts/acme/appeal", {"reason": "a class", "expires_at": "30d"})[1]["in_force"]
    assert call(admin, "GET", "/v1/appeals")[1]["appeals"][0]["granted_by"] == "admin API"
    assert call(admin, "DELETE", "/v1/accounts/acme/appeal", {"reason": "no class"})[0] == 200
    assert [a["in_force"] for a in call(admin, "GET", "/v1/accounts/acme/appeal")[1]["appeals"]] == [False]
    assert [kind for kind, _ in notes] == ["appeal_granted", "appeal_revoked"]


def test_standing_says_which_campaign_on_what_evidence_and_which_appeals(admin: AdminApp) -> None:
    call(admin, "PUT", "/v1/accounts/acme/appeal", {"reason": "a class"})
    answer = call(admin, "GET", "/v1/accounts/acme/standing")[1]
    assert answer["standing"]["campaign"] == "c-1"
    assert answer["standing"]["bits"] == {"content": 5.0, "network": 4.0}
    assert answer["standing"]["since"] == "2027-01-15T08:00:00Z"
    assert answer["appeals"][0]["reason"] == "a class"
    assert call(admin, "GET", "/v1/accounts/other/standing")[1]["standing"]["campaign"] is None


def test_the_kill_switch_is_thrown_and_noted_with_its_reason(admin: AdminApp, notes: Notes) -> None:
    assert call(admin, "GET", "/v1/kill-switch") == (200, {"on": False})
    assert call(admin, "PUT", "/v1/kill-switch", {"on": True, "reason": "outage"}) == (200, {"on": True})
    assert notes == [("kill_switch", {"on": True, "reason": "outage", "by": "admin API", "at": NOW})]
    for body in ({}, {"on": "yes", "reason": "x"}, {"on": True}, {"on": 1, "reason": "x"}):
        assert call(admin, "PUT", "/v1/kill-switch", body)[0] == 400


def test_the_kill_switch_works_on_a_full_disk(admin: AdminApp, notes: Notes, caplog: pytest.LogCaptureFixture) -> None:
    notes.full = True
    assert call(admin, "PUT", "/v1/kill-switch", {"on": True, "reason": "outage"}) == (200, {"on": True})
    assert "is not noted" in caplog.text


def test_a_kill_switch_that_other_workers_do_not_see_is_said_to_be_half_thrown(
    admin: AdminApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Switch, "file_can_be_written", False)
    status, answer = call(admin, "PUT", "/v1/kill-switch", {"on": True, "reason": "outage"})
    assert status == 503
    assert "other workers were not told" in answer["error"]["message"]
    assert call(admin, "GET", "/v1/kill-switch") == (200, {"on": True})


def test_parts_that_a_gateway_has_not_are_404(bare: AdminApp) -> None:
    for method, path in (("GET", "/v1/accounts/a/standing"), ("GET", "/v1/kill-switch"), ("PUT", "/v1/kill-switch")):
        status, answer = call(bare, method, path, {"on": True, "reason": "x"} if method == "PUT" else None)
        assert status == 404
        assert "this gateway" in answer["error"]["message"]
