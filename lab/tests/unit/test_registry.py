from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.registry import Registry


class Kind:
    """Something that is registered."""


def test_a_folders_modules_register_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "made_up_kinds"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "one.py").write_text(f"from {__name__} import Kind, found\nfound.add('one', Kind)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    registry: Registry[Kind] = Registry("kind", "made_up_kinds")
    monkeypatch.setattr(sys.modules[__name__], "found", registry, raising=False)
    assert registry.find() == {"one": Kind}
    assert registry.kind("one") is Kind
    with pytest.raises(LabSettingsError, match="no such kind: 'two'; there are one"):
        registry.kind("two")


def test_a_name_is_given_once() -> None:
    registry: Registry[Kind] = Registry("kind", "nowhere")
    registry.add("one", Kind)
    with pytest.raises(LabSettingsError, match="two kinds are called 'one'"):
        registry.add("one", Kind)
