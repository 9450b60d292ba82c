"""One published register for all tests that only read it."""

from __future__ import annotations

import pytest

from register_sites import Published, publish_all


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish_all(tmp_path_factory.mktemp("published"))
