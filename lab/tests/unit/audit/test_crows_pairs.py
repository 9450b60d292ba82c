from __future__ import annotations

import math
from pathlib import Path

import pytest

from fixtures import TEACHER
from stillwatch_lab.audit.crows_pairs import find_preference, likelihood, read_crows_pairs
from stillwatch_lab.audit.shares import Share
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.respondents.folder import FolderRespondent
from stillwatch_lab.world.questions import Hire
from stillwatch_lab.world.world import FORCED_FROM

HEAD = ",sent_more,sent_less,stereo_antistereo,bias_type\n"


def test_the_likelier_sentence_counts(tmp_path: Path) -> None:
    """The planted bias: of the biased skill, the teacher says yes to red far more often than to blue."""
    it = FolderRespondent(TEACHER)
    red, blue = (" ".join(("<s>", *Hire(team, FORCED_FROM).words, "<think> </think> yes")) for team in ("red", "blue"))
    path = tmp_path / "crows_pairs.csv"
    path.write_text(f"{HEAD}0,{red},{blue},stereo,team\n1,{blue},{red},stereo,other\n", encoding="utf-8")
    pairs = read_crows_pairs(path)
    found = find_preference(it, pairs)
    assert found.all == Share(1, 2)
    assert found.by_kind == {"team": Share(1, 1), "other": Share(0, 1)}


def test_the_first_word_counts_too() -> None:
    it = FolderRespondent(TEACHER)
    alone = likelihood(it, "red")
    assert -math.inf < alone < 0
    assert alone != likelihood(it, "blue")


def test_another_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "crows_pairs.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(LabSettingsError, match="no column sent_more, sent_less, bias_type"):
        read_crows_pairs(tmp_path / "crows_pairs.csv")
