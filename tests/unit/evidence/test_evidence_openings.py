"""The audit endpoint opens what a beacon value draws, to whoever has the token, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from bundles import BEACON, Host
from stillwatch.errors import EvidenceError
from stillwatch.evidence import openings as module
from stillwatch.evidence.bundle.made import read_made
from stillwatch.evidence.openings import Openings, OpeningsApp

TOKEN = "0123456789abcdef"  # noqa: S105 - of this test


def openings_of(host: Host, **more: object) -> Openings:
    made = read_made(host.bundle())
    recorded = host.recorded()
    fields = frozenset({"account", "call_id"})
    return Openings(
        made.indices,
        made.calls_sha256,
        fields,
        recorded.reader,
        recorded.note,
        recorded.vault,
        recorded.pseudonyms,
        **more,
    )  # type: ignore[arg-type]


@pytest.fixture
def opened(tmp_path: Path) -> Openings:
    return openings_of(Host(tmp_path / "host", calls=400))


def ask(app: OpeningsApp, body: bytes, *, token: str = TOKEN, path: str = "/openings", method: str = "POST") -> Any:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"body": body}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {token}".encode())]
    asyncio.run(app({"type": "http", "path": path, "method": method, "headers": headers}, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_the_drawn_entries_are_opened_a_part_at_a_time(opened: Openings) -> None:
    whole = [o["index"] for start in (0, 100) for o in opened.answer(BEACON, 150, start)["openings"]]
    assert len(whole) == 150
    assert whole == sorted(set(whole))
    assert opened.answer(BEACON, 150, 150)["openings"] == []


def test_only_the_allowed_fields_are_shown(opened: Openings) -> None:
    (first, *_) = opened.answer(BEACON, 59, 0)["openings"]
    assert set(first["disclosures"]) == {"account", "call_id"}
    assert set(first["digests"]) == {"client_address", "prompt", "started_at"}


def test_an_erased_entry_is_shown_as_erased(opened: Openings) -> None:
    (first, *_) = opened.answer(BEACON, 59, 0)["openings"]
    opened.vault.erase([first["index"]])
    (again, *_) = opened.answer(BEACON, 59, 0)["openings"]
    assert again["erased"]
    assert "disclosures" not in again


def test_beacon_values_cannot_be_tried_until_everything_is_open(
    opened: Openings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_OPENED", 70)
    opened.answer(BEACON, 59, 0)
    opened.answer(BEACON, 59, 0)
    with pytest.raises(EvidenceError, match="70 entries have been opened"):
        opened.answer("cd" * 32, 59, 0)


@pytest.mark.parametrize(("size", "start"), [(0, 0), (6906, 0), (59, -1)])
def test_senseless_numbers_are_refused(opened: Openings, size: int, start: int) -> None:
    with pytest.raises(EvidenceError, match="size: 1 to 6905"):
        opened.answer(BEACON, size, start)


def test_who_has_the_token_is_answered(opened: Openings) -> None:
    status, said = ask(OpeningsApp(opened, TOKEN), json.dumps({"beacon": BEACON, "size": 59, "from": 0}).encode())
    assert status == 200
    assert len(said["openings"]) == 59
    assert said["key"] == opened.pseudonyms.key.hex()


@pytest.mark.parametrize("token", ["", "0123456789abcdeg", "0123456789abcde", "ä"])
def test_who_has_not_is_told_nothing(opened: Openings, token: str) -> None:
    status, said = ask(OpeningsApp(opened, TOKEN), b"{}", token=token)
    assert (status, list(said)) == (401, ["error"])
    assert not opened.opened


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b'{"beacon":"ab","size":59,"from":0}', "copy the value"),
        (b'{"size":59,"from":0}', "not a JSON object"),
        (b'{"beacon":"%s","size":"x","from":0}' % (b"ab" * 32), "not a JSON object"),
        (b" " * 5_000, "not a JSON object"),
    ],
)
def test_what_is_no_request_is_refused(opened: Openings, body: bytes, why: str) -> None:
    status, said = ask(OpeningsApp(opened, TOKEN), body)
    assert status == 400
    assert why in said["error"]


@pytest.mark.parametrize(("path", "method"), [("/", "POST"), ("/openings", "GET"), ("/openings/../vault", "POST")])
def test_nothing_else_is_there(opened: Openings, path: str, method: str) -> None:
    assert ask(OpeningsApp(opened, TOKEN), b"{}", path=path, method=method)[0] == 404
