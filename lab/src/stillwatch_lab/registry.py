"""Kinds of one thing that live in one folder, a file each, and are found by name: attackers, defences."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Generic, TypeVar

from stillwatch_lab.errors import LabSettingsError

T = TypeVar("T")


class Registry(Generic[T]):
    """What ``package`` holds; nothing is listed anywhere: its modules register when they are imported."""

    def __init__(self, what: str, package: str) -> None:
        self.what = what
        self.package = package
        self._kinds: dict[str, type[T]] = {}

    def add(self, name: str, kind: type[T]) -> None:
        """Register a kind. Raises LabSettingsError where the name is taken."""
        if name in self._kinds:
            raise LabSettingsError(f"two {self.what}s are called {name!r}; rename one")
        self._kinds[name] = kind

    def find(self) -> dict[str, type[T]]:
        """Import the folder and give every kind, by name."""
        package = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self.package}.{module.name}")
        return dict(sorted(self._kinds.items()))

    def kind(self, name: str) -> type[T]:
        """Give one. Raises LabSettingsError for a name that there is not."""
        kinds = self.find()
        if name not in kinds:
            raise LabSettingsError(f"no such {self.what}: {name!r}; there are {', '.join(kinds)}")
        return kinds[name]
