"""The directory as one object: what the command line and the admin API work with."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from stillwatch.gateway.directory.accounts import Accounts
from stillwatch.gateway.directory.appeals import Appeals
from stillwatch.gateway.directory.database import Note, open_database
from stillwatch.gateway.directory.keys import Keys


class Directory:
    """Accounts, keys and appeals of one database. Use it as a context manager, or close it."""

    def __init__(self, url: str, *, note: Note | None = None) -> None:
        """Open the directory at ``url``, made at first use; each change is noted before it is committed.

        Raises SettingsError and DirectoryError as ``open_database`` does.
        """
        self.database = open_database(url, note=note)
        self.accounts = Accounts(self.database)
        self.keys = Keys(self.database)
        self.appeals = Appeals(self.database)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
