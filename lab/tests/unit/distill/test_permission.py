"""Who may be a teacher."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from stillwatch_lab.distill import permission
from stillwatch_lab.distill.permission import permit_endpoint, permit_folder, read_licence
from stillwatch_lab.errors import PermissionRefusedError

ROOT_LICENCE = Path(__file__).parents[4] / "LICENSE"
MIT_TEXT = "MIT License\n\nCopyright (c) 2026\n\nPermission is hereby granted, free of charge, to any person …"
LISTS = Path(permission.__file__).with_name("permission.toml")
LOCAL = "http://127.0.0.1:8000/v1"


def card(folder: Path, licence: str) -> Path:
    (folder / "README.md").write_text(f"---\ntags: [x]\nlicense: {licence}\n---\n# Model\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("licence", ["mit", "MIT", "apache-2.0", "bsd-3-clause", "cc0-1.0", "cc-by-4.0"])
def test_open_licences_permit(tmp_path: Path, licence: str) -> None:
    given = permit_folder(card(tmp_path, licence), licence=None, own=None)
    assert given.basis == "licence"
    assert given.statement.lower() == licence.lower()
    assert given.source.endswith("README.md")


@pytest.mark.parametrize(
    ("licence", "reason"),
    [
        ("llama2", "improve any other language model"),
        ("llama3", "improve any other language model"),
        ("llama3.1", "begins with Llama"),
        ("gemma", "use policy"),
        ("cc-by-nc-4.0", "commercial"),
        ("cc-by-nc-sa-4.0", "commercial"),
        ("cc-by-nd-4.0", "derivatives"),
        ("openrail++", "use restrictions"),
        ("unknown", "no licence that one could check"),
        ("gpl-3.0", "none that is known to permit"),
    ],
)
def test_others_are_refused_with_the_reason(tmp_path: Path, licence: str, reason: str) -> None:
    with pytest.raises(PermissionRefusedError, match=reason):
        permit_folder(card(tmp_path, licence), licence=None, own=None)


def test_silence_is_a_no(tmp_path: Path) -> None:
    with pytest.raises(PermissionRefusedError, match="no licence found"):
        permit_folder(tmp_path, licence=None, own=None)
    with pytest.raises(PermissionRefusedError, match="nobody said"):
        permit_endpoint(LOCAL, "deepseek-v4-flash", licence=None, own=None)


def test_a_licence_text_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text(MIT_TEXT, encoding="utf-8")
    assert read_licence(tmp_path)[0] == "MIT"
    (tmp_path / "LICENSE").write_text(ROOT_LICENCE.read_text(encoding="utf-8"), encoding="utf-8")
    assert read_licence(tmp_path)[0] == "Apache-2.0"


def test_a_modified_licence_is_another_one(tmp_path: Path) -> None:
    card(tmp_path, "other")
    (tmp_path / "LICENSE").write_text(f"Modified {MIT_TEXT}", encoding="utf-8")
    with pytest.raises(PermissionRefusedError, match="no licence that one could check"):
        permit_folder(tmp_path, licence=None, own=None)


def test_the_models_own_word_cannot_be_overruled_by_another_licence(tmp_path: Path) -> None:
    with pytest.raises(PermissionRefusedError, match="which one is it"):
        permit_folder(card(tmp_path, "llama2"), licence="mit", own=None)
    with pytest.raises(PermissionRefusedError, match="improve any other"):
        permit_folder(card(tmp_path, "llama2"), licence=None, own="mine")


def test_an_owner_may_train_on_their_own(tmp_path: Path) -> None:
    assert permit_folder(tmp_path, licence=None, own="ours, team X").statement == "ours, team X"
    assert permit_endpoint(LOCAL, "our-model", licence=None, own="ours, team X").basis == "own"


def test_an_owners_licence_need_not_be_an_open_one(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("All rights reserved.", encoding="utf-8")
    assert permit_folder(tmp_path, licence=None, own="ours, team X").basis == "own"


def test_an_open_model_may_be_served_by_anybody() -> None:
    assert permit_endpoint(LOCAL, "deepseek-v4-flash", licence="mit", own=None).statement == "MIT"
    assert permit_endpoint(LOCAL, "openai/gpt-oss-120b", licence="apache-2.0", own=None).statement == "Apache-2.0"
    assert permit_endpoint(LOCAL, "xai-org/grok-1", licence="apache-2.0", own=None).statement == "Apache-2.0"
    elsewhere = "https://ec2-1-2-3-4.compute.amazonaws.com/v1"
    assert permit_endpoint(elsewhere, "google/gemma-4-31b", licence="apache-2.0", own=None).statement == "Apache-2.0"


def test_every_entry_has_a_source_and_a_day() -> None:
    lists = tomllib.loads(LISTS.read_text(encoding="utf-8"))
    assert set(lists) == {"permitted", "refused", "hosts", "models"}
    for entry in (entry for entries in lists.values() for entry in entries):
        assert entry["source"]
        assert isinstance(entry["read_on"], date)
        assert entry.get("of", entry["read_on"]) <= entry["read_on"]


def test_a_refusal_names_its_source_and_its_dates() -> None:
    with pytest.raises(PermissionRefusedError, match=r"openai\.com/policies/.*, of 2025-05-31, read 2026-11-30\)"):
        permit_endpoint("https://api.openai.com/v1", "gpt-5", licence=None, own=None)


@pytest.mark.parametrize(
    ("url", "model"),
    [
        ("https://api.openai.com/v1", "gpt-5"),
        ("https://api.anthropic.com/v1", "our-fine-tune"),
        ("https://eu.api.openai.com/v1", "ft:mine"),
        ("https://generativelanguage.googleapis.com/v1beta/openai", "gemma-4"),
        (LOCAL, "claude-sonnet-5"),
        (LOCAL, "anthropic/claude-sonnet-5"),
        (LOCAL, "us.anthropic.claude-sonnet-5-v1:0"),
        (LOCAL, "openai/gpt-5.1"),
        (LOCAL, "gemini-3-pro"),
        (LOCAL, "o3-mini"),
        ("https://api.x.ai/v1", "our-fine-tune"),
        (LOCAL, "xai/grok-4"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1", "qwen3-32b"),
        ("https://team.openai.azure.com/openai/v1", "deployment"),
    ],
)
def test_terms_that_forbid_it_cannot_be_talked_away(url: str, model: str) -> None:
    for licence, own in (("mit", None), (None, "mine")):
        with pytest.raises(PermissionRefusedError, match="do not permit"):
            permit_endpoint(url, model, licence=licence, own=own)
