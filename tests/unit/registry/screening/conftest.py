from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _needs_icu() -> None:
    pytest.importorskip("icu", reason="PyICU is not built (Debian: apt-get install libicu-dev g++)")
