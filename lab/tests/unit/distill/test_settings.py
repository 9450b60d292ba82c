"""Settings of a distillation that cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.errors import LabSettingsError


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"beta": 2}, "beta"),
        ({"steps": 0}, "steps = 0: give at least 1"),
        ({"top_k": 0}, "top_k = 0"),
        ({"held_out": 1.5}, "a share"),
        ({"temperature": 0}, "above 0"),
        ({"sampling_temperature": -1}, "0 or more"),
        ({"dtype": "int8"}, "float32 or bfloat16"),
        ({"top_k": 5, "temperature": 2}, "cannot be sharpened"),
        ({"method": "logits", "reasoning": False}, "Use sequence"),
    ],
)
def test_refuses_with_the_reason(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(LabSettingsError, match=says):
        DistillSettings(**wrong)


def test_a_method_may_be_named() -> None:
    assert DistillSettings(method="on-policy").method is Method.ON_POLICY  # type: ignore[arg-type]
