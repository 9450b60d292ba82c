"""The auditor believes nothing that it cannot check, and says what its sample proves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bundles import BEACON, Files, Host
from stillwatch.errors import EvidenceError
from stillwatch.evidence.audit import Audit, audit
from stillwatch.evidence.bundle.made import read_made
from stillwatch.evidence.openings import Openings

FIELDS = frozenset({"account", "call_id", "started_at"})


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return Host(tmp_path_factory.mktemp("host"), calls=300)


@pytest.fixture(scope="module")
def bundle(host: Host) -> Path:
    return host.bundle()


def asked_of(host: Host, bundle: Path, fields: frozenset[str] = FIELDS) -> Callable[[Mapping[str, Any]], Any]:
    made, recorded = read_made(bundle), host.recorded()
    opened = Openings(
        made.indices, made.calls_sha256, fields, recorded.reader, recorded.note, recorded.vault, recorded.pseudonyms
    )
    return lambda asked: json.loads(json.dumps(opened.answer(asked["beacon"], asked["size"], asked["from"])))


def lying(host: Host, bundle: Path, change: Callable[[dict[str, Any]], object]) -> Callable[[Mapping[str, Any]], Any]:
    honest = asked_of(host, bundle)

    def ask(asked: Mapping[str, Any]) -> Any:
        answer = honest(asked)
        change(answer)
        return answer

    return ask


def test_an_honest_host_passes(host: Host, bundle: Path) -> None:
    found = audit(bundle, asked_of(host, bundle), beacon=BEACON, size=59, policy=host.policy())
    assert found.holds
    assert (
        found.says()
        == "59 drawn, all as the bundle says: with 95 % confidence at least 95 % of the list is as the sample is."
    )
    assert found.fields == FIELDS


def test_a_sampled_bundle_is_audited_too(host: Host) -> None:
    path = host.bundle("sampled.zip", beacon=BEACON, whole=False, sample_size=59)
    assert audit(path, asked_of(host, path), beacon="cd" * 32, size=140).holds


def test_an_erased_entry_is_neither_good_nor_bad(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=20)
    path = host.bundle()
    host.vault.erase([4])
    found = audit(path, asked_of(host, path), beacon=BEACON, size=59)
    assert (found.good, found.erased, found.bad) == (9, [4], {})
    assert not found.holds
    assert "1 of 10 drawn entries were erased" in found.says()


def test_calls_of_other_accounts_are_found(host: Host, tmp_path: Path) -> None:
    # The host lists every call under the next account, and signs that.
    files = Files.of(host.bundle("honest.zip"))
    lines = files.contents["calls.csv"].decode().splitlines()
    moved = [",".join([i, str((int(a) + 1) % 3), c]) for i, a, c in (line.split(",") for line in lines[1:])]
    files.contents["calls.csv"] = ("\n".join([lines[0], *moved]) + "\n").encode()
    path = files.signed(host.signer).pack(tmp_path / "lie.zip")
    found = audit(path, asked_of(host, path), beacon=BEACON, size=59)
    assert len(found.bad) == 59
    assert "of another account than the bundle says" in next(iter(found.bad.values()))
    assert found.says() == "59 of 59 drawn entries are not what the bundle says."


def test_one_call_under_two_pseudonyms_is_found(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=20)
    files = Files.of(host.bundle())
    lines = files.contents["calls.csv"].decode().splitlines(keepends=True)
    lines[1] = lines[1][:-33] + "ab" * 16 + "\n"
    files.contents["calls.csv"] = "".join(lines).encode()
    path = files.signed(host.signer).pack(tmp_path / "lie.zip")
    found = audit(path, asked_of(host, path), beacon=BEACON, size=59)
    assert list(found.bad) == [2]
    assert "of another call_id" in found.bad[2]


@pytest.mark.parametrize("hidden", ["account", "call_id"])
def test_what_is_not_opened_may_be_anybody_s(host: Host, bundle: Path, hidden: str) -> None:
    found = audit(bundle, asked_of(host, bundle, FIELDS - {hidden}), beacon=BEACON, size=59)
    assert found.good == 0
    assert f"{hidden} is not opened, so it may be anybody's" in next(iter(found.bad.values()))


def first(answer: dict[str, Any]) -> dict[str, Any]:
    opening: dict[str, Any] = answer["openings"][0]
    return opening


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda a: first(a).update(index=1), "entry 1 was opened"),
        (lambda a: first(a).update(entry=a["openings"][1]["entry"]), "the proof leads to another root"),
        (lambda a: first(a).update(proof=a["openings"][1]["proof"]), "a proof of another"),
        (lambda a: first(a)["digests"].update(prompt="x" * 43), "not what the entry committed to"),
        (lambda a: first(a).update(disclosures=a["openings"][1]["disclosures"]), "not what the entry committed to"),
        (lambda a: first(a).pop("disclosures"), "disclosures"),
        (lambda a: first(a).update(entry="null"), "the proof leads to another root"),
    ],
)
def test_a_false_opening_is_counted_as_bad(
    host: Host, bundle: Path, change: Callable[[dict[str, Any]], object], why: str
) -> None:
    found = audit(bundle, lying(host, bundle, change), beacon=BEACON, size=59)
    assert found.good >= 57
    assert any(why in said for said in found.bad.values()), found.bad


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda a: a.update(key="00" * 32), "another key than the one whose digest"),
        (lambda a: a.pop("key"), "no key of the campaign"),
        (lambda a: a["openings"].pop(), "not the 59 openings that were drawn"),
        (lambda a: a.update(openings=None), "not the 59 openings that were drawn"),
    ],
)
def test_an_answer_that_is_none_ends_the_audit(
    host: Host, bundle: Path, change: Callable[[dict[str, Any]], object], why: str
) -> None:
    with pytest.raises(EvidenceError, match=why):
        audit(bundle, lying(host, bundle, change), beacon=BEACON, size=59)


def test_a_bundle_that_does_not_hold_is_not_audited(host: Host, bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(bundle.read_bytes() + b"x")
    with pytest.raises(EvidenceError, match="the bundle is refused"):
        audit(path, asked_of(host, bundle), beacon=BEACON, size=59)
    other = host.policy().replace("example.com/log+", "example.com/other+")
    with pytest.raises(EvidenceError, match="the bundle is refused"):
        audit(bundle, asked_of(host, bundle), beacon=BEACON, size=59, policy=other)


def test_the_auditor_asks_for_the_sample_of_their_own_value(host: Host, bundle: Path) -> None:
    value = sha256(b"published later").hexdigest()
    seen: list[Mapping[str, Any]] = []
    honest = asked_of(host, bundle)

    def ask(asked: Mapping[str, Any]) -> Any:
        seen.append(asked)
        return honest(asked)

    audit(bundle, ask, beacon=value, size=120)
    assert seen == [{"beacon": value, "size": 120, "from": 0}, {"beacon": value, "size": 120, "from": 100}]


def test_nothing_drawn_proves_nothing() -> None:
    assert not Audit(0).holds
