"""A head is corroborated by somebody else's signed statement, checked with a key that the reader brings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bundles import CAMPAIGN, Files, Host
from stillwatch.errors import EvidenceError
from stillwatch.evidence import verify
from stillwatch.evidence.bundle.heads import HEADS
from stillwatch.evidence.keys import Signer, new_signer
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.second_sources import Statement, read_statement, sign_statement

STATEMENT = Statement("example.com/log", CAMPAIGN, HEADS[2], "The same cards paid for 40 accounts of ours.")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host", calls=12)


@pytest.fixture
def other() -> Signer:
    return new_signer("other.example/log", Algorithm.ED25519)


def bundle(host: Host, signer: Signer, statement: Statement = STATEMENT) -> Path:
    (host.folder / "statement").write_bytes(sign_statement(statement, signer))
    return host.bundle(second_sources=(host.folder / "statement",))


def told(path: Path, *sources: Signer) -> str:
    found = verify.Verification(path, sources=[str(s.verifier) for s in sources])
    return str(found.heads[2]["told"])


def test_a_statement_is_read_back(other: Signer) -> None:
    assert read_statement(sign_statement(STATEMENT, other)) == STATEMENT


def test_a_source_whose_key_the_reader_brings_corroborates(host: Host, other: Signer) -> None:
    path = bundle(host, other)
    assert Files.of(path).json("heads.json")["heads"][2]["mark"] == "corroborated"
    assert told(path, other) == "inferred; a second source confirms it: other.example/log"


def test_without_the_source_s_key_it_is_the_host_s_word(host: Host, other: Signer) -> None:
    path = bundle(host, other)
    stranger = new_signer("stranger.example/log", Algorithm.ED25519)
    for sources in ((), (stranger,)):
        assert (
            told(path, *sources) == "inferred; a second source confirms it: whose key you have not brought (--source)"
        )


def test_the_host_does_not_corroborate_itself(host: Host) -> None:
    with pytest.raises(verify.Refused, match="signed by the host itself"):
        told(bundle(host, host.signer), host.signer)


def test_a_second_source_alone_makes_no_mark(host: Host, other: Signer, tmp_path: Path) -> None:
    path = bundle(host, other, replace(STATEMENT, head=HEADS[5]))
    found = verify.Verification(path, sources=[str(other.verifier)])
    assert found.heads[5]["told"] == "not claimed; a second source confirms it: other.example/log"
    files = Files.of(path)
    heads = files.json("heads.json")
    heads["heads"][5]["mark"] = "corroborated"
    files.put("heads.json", heads)
    with pytest.raises(verify.Refused, match="marked corroborated, which its evidence is not"):
        told(files.signed(host.signer).pack(tmp_path / "b.zip"), other)


def test_a_forged_statement_is_refused(host: Host, other: Signer, tmp_path: Path) -> None:
    files = Files.of(bundle(host, other))
    files.contents["attached/second-source-0"] = files.contents["attached/second-source-0"].replace(b"40", b"90")
    with pytest.raises(verify.Refused, match=r"signature by other\.example/log does not hold"):
        told(files.signed(host.signer).pack(tmp_path / "b.zip"), other)


def test_a_statement_about_another_head_is_refused(host: Host, other: Signer, tmp_path: Path) -> None:
    files = Files.of(bundle(host, other))
    files.contents["attached/second-source-0"] = sign_statement(replace(STATEMENT, head=HEADS[1]), other)
    with pytest.raises(verify.Refused, match="a statement of something else"):
        told(files.signed(host.signer).pack(tmp_path / "b.zip"), other)


@pytest.mark.parametrize("change", [{"campaign": "C-other"}, {"origin": "b.example/log"}, {"head": "is guilty"}])
def test_a_statement_about_something_else_is_not_attached(host: Host, other: Signer, change: dict[str, str]) -> None:
    with pytest.raises(EvidenceError, match=r"not about C-0123456789ab of example\.com/log, or about no head"):
        bundle(host, other, replace(STATEMENT, **change))


@pytest.mark.parametrize("change", [{"says": ""}, {"says": "a\nhead: b"}, {"origin": "x\u2028y"}])
def test_each_part_is_one_line(other: Signer, change: dict[str, str]) -> None:
    with pytest.raises(EvidenceError, match="each part is one line"):
        sign_statement(replace(STATEMENT, **change), other)


def test_a_note_of_another_kind_is_no_statement(host: Host) -> None:
    with pytest.raises(EvidenceError, match="not of the format"):
        read_statement(str(host.note).encode())


def test_it_is_signed_with_ed25519() -> None:
    with pytest.raises(EvidenceError, match="Ed25519"):
        sign_statement(STATEMENT, new_signer("a.example/log", Algorithm.ML_DSA_44_COSIGNATURE))
