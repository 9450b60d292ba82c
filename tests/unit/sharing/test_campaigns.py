"""Reports, read for sharing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharing_world import NOW, campaign, write_report
from stillwatch.errors import ReportError
from stillwatch.sharing.campaigns import read_shared


def test_reads_all_campaigns_or_those_named(tmp_path: Path) -> None:
    report = write_report(tmp_path, campaign("C-1"), campaign("C-2"))
    assert [c.name for c in read_shared(report, (), group_key=None, now=NOW)] == ["C-1", "C-2"]
    assert [c.name for c in read_shared(report, ["C-2"], group_key=None, now=NOW)] == ["C-2"]
    with pytest.raises(ReportError, match="has no such campaign; it has C-1, C-2"):
        read_shared(report, ["C-3"], group_key=None, now=NOW)


@pytest.mark.parametrize("text", ["", "[1]", "null", "[{}]"])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "campaigns.json").write_text(text)
    with pytest.raises(ReportError, match="not the campaigns"):
        read_shared(tmp_path, (), group_key=None, now=NOW)
    with pytest.raises(ReportError, match="cannot be read"):
        read_shared(tmp_path / "none", (), group_key=None, now=NOW)
