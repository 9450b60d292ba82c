from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from stillwatch_lab.errors import RunError
from stillwatch_lab.provenance.registration import commit_key, register

PLAN = {"family": ["canaries"], "settings": {"alpha": 0.01}}


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    made = register(PLAN, key=7, folder=tmp_path)
    assert made.digest == sha256((tmp_path / "registration.json").read_bytes()).hexdigest()


def test_the_key_is_committed_to_and_not_shown(tmp_path: Path) -> None:
    made = register(PLAN, key=123456789, folder=tmp_path)
    text = (tmp_path / "registration.json").read_text(encoding="utf-8")
    assert "123456789" not in text
    assert made.nonce not in text
    assert json.loads(text)["key_commitment"] == commit_key(123456789, made.nonce)


def test_the_same_plan_goes_on_under_its_registration(tmp_path: Path) -> None:
    assert register(PLAN, key=7, folder=tmp_path) == register(PLAN, key=7, folder=tmp_path)


def test_another_plan_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    register(PLAN, key=7, folder=tmp_path)
    with pytest.raises(RunError, match="registered with other settings"):
        register({**PLAN, "settings": {"alpha": 0.05}}, key=7, folder=tmp_path)


def test_another_key_under_the_same_registration_is_refused(tmp_path: Path) -> None:
    register(PLAN, key=7, folder=tmp_path)
    with pytest.raises(RunError, match="another watermark key"):
        register(PLAN, key=8, folder=tmp_path)


def test_a_plan_is_not_written_where_the_suspect_has_answered(tmp_path: Path) -> None:
    (tmp_path / "suspect.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match=r"suspect\.json: the suspect has answered here"):
        register(PLAN, key=7, folder=tmp_path)
    assert not (tmp_path / "registration.json").exists()
