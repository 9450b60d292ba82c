"""The databases that the contracts of sharing are kept on, and a server over each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from directories import postgresql_binaries, postgresql_server
from stillwatch.sharing.tables import open_sharing
from stillwatch.store.sql import Database
from taxii_world import World

BINARIES = postgresql_binaries()


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.skipif(BINARIES is None, reason="no PostgreSQL is installed")),
    ],
)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('taxii')}/sharing.db"
        else:
            assert BINARIES is not None
            url = stack.enter_context(postgresql_server(BINARIES)).url
        made = open_sharing(url)
        yield made
        made.close()


@pytest.fixture
def world(database: Database) -> World:
    return World(database)
